//! Whether what `scripts/demo --json` says, the last line of standard input, is so: for `scripts/test`.
//! Worked out with k256 and keccak-256 alone, none of the network's own code; alloy takes the signed
//! transaction apart.

use alloy_consensus::{Signed, TxEip1559};
use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};
use serde::Deserialize;
use sp_crypto_hashing::keccak_256;
use std::{error::Error, io::stdin};

/// Whom the demo pays, as scripts/demo.py says; the program lets nobody else be paid.
const ALLOWED: &str = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";

#[derive(Deserialize)]
struct Demo {
    verifying_key: String,
    address: String,
    message: String,
    signing_hash: String,
    signature: String,
    raw_transaction: String,
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
    same("signing_hash", bytes(&demo.signing_hash)?, digest)?;
    let signature = bytes(&demo.signature)?;
    let key = signer(&digest, &signature)?;
    let compressed = key.to_encoded_point(true);
    same("verifying_key", bytes(&demo.verifying_key)?, compressed)?;
    for (what, told) in [("address", &demo.address), ("sender", &demo.sender)] {
        same(what, bytes(told)?, address(&key)?)?;
    }
    let raw = bytes(&demo.raw_transaction)?;
    is_paid(&raw, &digest, &demo.address)?;
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

/// The signed transaction, as whoever receives it reads it: of this sender, over this hash, to the address
/// that may be paid.
fn is_paid(mut raw: &[u8], digest: &[u8; 32], sender: &str) -> Result<(), Box<dyn Error>> {
    let signed = Signed::<TxEip1559>::eip2718_decode(&mut raw)?;
    if !raw.is_empty() {
        return Err(format!("{} bytes after the transaction", raw.len()).into());
    }
    let hash = signed.signature_hash();
    same("the transaction's hash", digest.to_vec(), hash)?;
    let key = signer(hash.as_slice(), &signed.signature().as_rsy())?;
    same("the transaction's sender", bytes(sender)?, address(&key)?)?;
    let to = signed.tx().to.to().ok_or("the transaction pays nobody")?;
    same("to", bytes(ALLOWED)?, to)?;
    Ok(())
}

/// Whose signature this is: r, s and v, which is 0 or 1.
fn signer(digest: &[u8], signature: &[u8]) -> Result<VerifyingKey, Box<dyn Error>> {
    let (v, rs) = signature.split_last().ok_or("an empty signature")?;
    let v = RecoveryId::from_byte(*v).ok_or("v is neither 0 nor 1")?;
    let signature = Signature::from_slice(rs)?;
    Ok(VerifyingKey::recover_from_prehash(digest, &signature, v)?)
}

/// The Ethereum address of a key.
fn address(key: &VerifyingKey) -> Result<[u8; 20], Box<dyn Error>> {
    let point = key.to_encoded_point(false);
    let (_tag, coordinates) = point.as_bytes().split_first().ok_or("no point")?;
    let hash = keccak_256(coordinates);
    Ok(*hash.last_chunk().ok_or("a short hash")?)
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
