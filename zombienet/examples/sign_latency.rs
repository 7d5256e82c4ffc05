//! How long signatures take, end to end, over a running network: for `scripts/bench sign`.
//!
//! `sign_latency URL VERIFYING_KEY SURI ROUNDS` prints a JSON list, seconds: one connection, one
//! request after the other.

use rand::Rng;
use signing_client::{Account, SignOptions, SigningClient};
use std::{error::Error, time::Instant};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, key, suri, rounds] = arguments.as_slice() else {
        return Err("usage: sign_latency URL VERIFYING_KEY SURI ROUNDS".into());
    };
    let client = SigningClient::connect(url).await?;
    let account = Account::from_uri(suri)?;
    let key = hex::decode(key.trim_start_matches("0x"))?;
    let key = key.try_into().map_err(|_| "a verifying key has 33 bytes")?;
    let mut seconds = Vec::new();
    // The first one opens connections.
    for round in 0..=rounds.parse::<usize>()? {
        let message: [u8; 32] = rand::thread_rng().gen();
        let begin = Instant::now();
        client
            .sign(&SignOptions::new(key, message.to_vec(), account.clone()))
            .await?;
        if round > 0 {
            seconds.push(begin.elapsed().as_secs_f64());
        }
    }
    println!("{}", serde_json::to_string(&seconds)?);
    Ok(())
}
