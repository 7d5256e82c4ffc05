//! A node that misbehaves on purpose, for tests and drills: never for a network that matters.
//!
//! The same as `signing-node`, and `misbehave`. It is a binary of its own, so that the one that
//! people run cannot do any of it (docs/decisions/0010).
#![forbid(unsafe_code)]
// The errors of sc-cli and sc-service are that large; they end the process.
#![allow(clippy::result_large_err)]

#[cfg(feature = "runtime-benchmarks")]
mod benchmark;
mod chain_spec;
mod check_evidence;
mod cli;
mod command;
mod genesis;
mod misbehave;
mod rpc;
mod service;
mod signer;

use std::process::ExitCode;

fn main() -> ExitCode {
    match command::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
