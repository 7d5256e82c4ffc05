//! A program with a hash of its own, and a line for the debug log: the parts of the SDK that the
//! programs in `programs/examples/` have no use for.
//!
//! The hash is a toy, so that its result can be told by eye: the message's length, and its first
//! bytes.
#![no_std]

use signing_program_sdk::{log, program, Refusal, Request};

program!(evaluate, custom_hash);

fn evaluate(request: &Request<'_>) -> Result<(), Refusal> {
    log("evaluating");
    match request.auxiliary_data {
        Some(b"panic") => panic!("as asked"),
        Some(_) => Err("auxiliary data is not welcome".into()),
        None => Ok(()),
    }
}

fn custom_hash(message: &[u8]) -> Result<[u8; 32], Refusal> {
    let mut hash = [0; 32];
    let (len, start) = hash.split_at_mut(4);
    len.copy_from_slice(&(message.len() as u32).to_le_bytes());
    if message.is_empty() {
        return Err("there is nothing to hash".into());
    }
    start
        .iter_mut()
        .zip(message)
        .for_each(|(to, from)| *to = *from);
    Ok(hash)
}
