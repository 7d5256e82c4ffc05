//! Whether what `scripts/demo --json` says, the last line of standard input, is so: for `scripts/test`.
//! Worked out with k256 and keccak-256 alone, none of the network's own code.

use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};
use serde::Deserialize;
use sp_crypto_hashing::keccak_256;
use std::{error::Error, io::stdin};

#[derive(Deserialize)]
struct Demo {
    verifying_key: String,
    address: String,
    message: String,
    hash: String,
    signature: String,
    sender: String,
    refused: String,
    seconds: Seconds,
}

#[derive(Deserialize)]
struct Seconds {
    build: f64,
    network_ready: f64,
    register: f64,
    sign: f64,
}

fn bytes(hex: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let digits = hex.strip_prefix("0x").ok_or("hex without 0x")?;
    Ok(hex::decode(digits)?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let last = stdin().lines().last().ok_or("nothing was said")??;
    let demo: Demo = serde_json::from_str(&last)?;

    let digest = keccak_256(&bytes(&demo.message)?);
    same("hash", bytes(&demo.hash)?, digest)?;
    let signature = bytes(&demo.signature)?;
    let (v, rs) = signature.split_last().ok_or("an empty signature")?;
    let v = RecoveryId::from_byte(*v).ok_or("v is neither 0 nor 1")?;
    let signature = Signature::from_slice(rs)?;
    let key = VerifyingKey::recover_from_prehash(&digest, &signature, v)?;
    let compressed = key.to_encoded_point(true);
    same("verifying_key", bytes(&demo.verifying_key)?, compressed)?;
    let point = key.to_encoded_point(false);
    let (_tag, coordinates) = point.as_bytes().split_first().ok_or("no point")?;
    let hash = keccak_256(coordinates);
    let (_, address) = hash.split_at(12);
    for (what, told) in [("address", &demo.address), ("sender", &demo.sender)] {
        same(what, bytes(told)?, address)?;
    }
    if demo.refused != "program_refused" {
        return Err(format!("refused is {:?}", demo.refused).into());
    }
    let Seconds {
        build,
        network_ready,
        register,
        sign,
    } = demo.seconds;
    if ![build, network_ready, register, sign]
        .iter()
        .all(|took| *took > 0.0)
    {
        return Err("something took no time".into());
    }
    println!(
        "what the demo says is so: the signature is of {}",
        demo.address
    );
    Ok(())
}

fn same(what: &str, told: Vec<u8>, found: impl AsRef<[u8]>) -> Result<(), String> {
    match told == found.as_ref() {
        true => Ok(()),
        false => Err(format!(
            "{what} is said to be 0x{}, and is 0x{}",
            hex::encode(told),
            hex::encode(found)
        )),
    }
}
