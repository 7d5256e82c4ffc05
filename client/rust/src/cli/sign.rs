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
    let is_hex = args.hex.is_some();
    options.message = match (args.message, args.hex, args.file) {
        (Some(text), _, _) => text.into_bytes(),
        (_, Some(bytes), _) => bytes.0,
        (_, _, Some(path)) => read_file(path)?,
        _ => standard_input()?,
    };
    // A variable that is not set, more often than what somebody wants to sign.
    if options.message.is_empty() && !is_hex {
        return Err(Failure::EmptyMessage);
    }
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::cli::args::{Cli, Command};
    use clap::Parser;

    async fn failure(message: &[&str]) -> Failure {
        let key = format!("0x02{}", "11".repeat(32));
        // Nobody listens on port 1.
        let mut given = vec!["signing-cli", "--url", "ws://127.0.0.1:1", "sign"];
        given.extend(["--suri", "//Bob", "--verifying-key", &key]);
        given.extend(message);
        let cli = Cli::try_parse_from(given).unwrap();
        let Command::Sign(args) = cli.command else {
            panic!("another command");
        };
        sign(&cli.global, args).await.err().unwrap()
    }

    #[tokio::test]
    async fn an_empty_message_has_to_be_meant() {
        assert!(matches!(failure(&[""]).await, Failure::EmptyMessage));
        assert!(matches!(failure(&["--hex", ""]).await, Failure::Connect(_)));
        assert!(matches!(failure(&["hello"]).await, Failure::Connect(_)));
    }
}
