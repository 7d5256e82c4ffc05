//! How long signatures take, end to end, over a running network: for `scripts/bench`.
//!
//! `sign_load URL SURI SECONDS BYTES KEY…`: each KEY is a user's verifying key, and each user asks for
//! one signature after the other, of random messages of so many BYTES, until SECONDS are over; what is
//! under way then is waited for. Prints one JSON object: `seconds` (a list, one for each answer),
//! `wall`, `failed` and `errors` (how often each).

use rand::RngCore;
use serde_json::json;
use signing_client::{Account, SignOptions, SigningClient, VerifyingKey};
use std::{
    collections::BTreeMap,
    error::Error,
    time::{Duration, Instant},
};

/// What became of one user's requests.
#[derive(Default)]
struct Outcome {
    seconds: Vec<f64>,
    errors: BTreeMap<String, u32>,
}

async fn user(
    client: SigningClient,
    account: Account,
    key: VerifyingKey,
    until: Instant,
    bytes: usize,
) -> Outcome {
    let mut outcome = Outcome::default();
    while Instant::now() < until {
        let mut message = vec![0; bytes];
        rand::thread_rng().fill_bytes(&mut message);
        let begin = Instant::now();
        let options = SignOptions::new(key, message, account.clone());
        match client.sign(&options).await {
            Ok(_) => outcome.seconds.push(begin.elapsed().as_secs_f64()),
            Err(error) => *outcome.errors.entry(error.to_string()).or_default() += 1,
        }
    }
    outcome
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, suri, seconds, bytes, keys @ ..] = arguments.as_slice() else {
        return Err("usage: sign_load URL SURI SECONDS BYTES KEY…".into());
    };
    let account = Account::from_uri(suri)?;
    let duration = Duration::from_secs_f64(seconds.parse()?);
    let bytes = bytes.parse()?;
    let mut users = Vec::new();
    for key in keys {
        let key = hex::decode(key.trim_start_matches("0x"))?;
        let key = key.try_into().map_err(|_| "a verifying key has 33 bytes")?;
        let client = SigningClient::connect(url).await?;
        // The first request opens connections.
        let first = SignOptions::new(key, vec![0; 32], account.clone());
        client.sign(&first).await?;
        users.push((client, key));
    }
    let begin = Instant::now();
    let running: Vec<_> = users
        .into_iter()
        .map(|(client, key)| {
            tokio::spawn(user(client, account.clone(), key, begin + duration, bytes))
        })
        .collect();
    let mut all = Outcome::default();
    for outcome in running {
        let outcome = outcome.await?;
        all.seconds.extend(outcome.seconds);
        for (error, count) in outcome.errors {
            *all.errors.entry(error).or_default() += count;
        }
    }
    let failed: u32 = all.errors.values().sum();
    println!(
        "{}",
        json!({
            "seconds": all.seconds,
            "wall": begin.elapsed().as_secs_f64(),
            "failed": failed,
            "errors": all.errors,
        })
    );
    Ok(())
}
