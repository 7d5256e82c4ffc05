//! `sign`

use super::{
    account,
    args::{Global, SignArgs},
    connect,
    failure::{Failure, UNVERIFIED},
    report::{hex, Report},
    values::{hash_name, read_file},
};
use serde_json::json;
use signing_client::{HashChoice, SignOptions, Signature};
use signing_primitives::limits::MAX_MESSAGE;
use std::{
    io::Read,
    time::{Duration, Instant},
};

pub(crate) async fn sign(global: &Global, args: SignArgs) -> Result<Report, Failure> {
    let mut options = SignOptions::new(args.verifying_key, Vec::new(), account(&args.key)?);
    options.hash = args.hash;
    options.digest = args.digest;
    options.relayer = args.relayer;
    options.timeout = Duration::from_secs(args.timeout);
    if !args.auxiliary_data.is_empty() {
        let mut entries = Vec::with_capacity(args.auxiliary_data.len());
        for entry in args.auxiliary_data {
            entries.push(entry.0.map(|source| source.read()).transpose()?);
        }
        options.auxiliary_data = Some(entries);
    }
    options.message = match (args.message, args.hex, args.file) {
        (Some(text), _, _) => text.into_bytes(),
        (_, Some(bytes), _) => bytes.0,
        (_, _, Some(path)) => read_file(path)?,
        _ => standard_input()?,
    };
    let client = connect(global).await?;
    let started = Instant::now();
    let signature = client.sign(&options).await?;
    Ok(report(&signature, options.hash, started.elapsed()))
}

/// All of standard input, or as much as shows that it is too long.
fn standard_input() -> Result<Vec<u8>, Failure> {
    let mut message = Vec::new();
    let mut input = std::io::stdin().lock().take(MAX_MESSAGE as u64 + 1);
    input
        .read_to_end(&mut message)
        .map_err(Failure::StandardInput)?;
    Ok(message)
}

fn report(signature: &Signature, hash: HashChoice, took: Duration) -> Report {
    let signers: Vec<_> = signature.signers.iter().map(ToString::to_string).collect();
    let json = json!({
        "verified": signature.verified,
        "verifying_key": hex(signature.verifying_key),
        "address": signature.address.to_string(),
        "hash": hash_name(hash),
        "digest": signature.digest.map(hex),
        "r": hex(signature.r),
        "s": hex(signature.s),
        "v": signature.v,
        "signature": hex(signature.to_bytes()),
        "signers": signers,
        "relayer": {
            "account": signature.relayer.account.to_string(),
            "endpoint": signature.relayer.endpoint,
        },
        "seconds": took.as_secs_f64(),
    });
    let mut report = Report::new(json)
        .field("r", hex(signature.r))
        .field("s", hex(signature.s))
        .field("v", signature.v)
        .field("signature", hex(signature.to_bytes()))
        .field("verifying key", hex(signature.verifying_key))
        .field("address", signature.address);
    if let Some(digest) = signature.digest {
        report = report.field("digest", hex(digest));
    }
    report = report
        .field("signers", signers.join(", "))
        .field("relayer", &signature.relayer.endpoint);
    if signature.verified {
        report.field("verified", "yes")
    } else {
        report
            .field(
                "verified",
                "NO: only the program knows the digest; give it with --digest",
            )
            .exit_with(UNVERIFIED)
    }
}
