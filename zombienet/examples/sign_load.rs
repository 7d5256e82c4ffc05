//! How long signatures take, end to end, over a running network: for `scripts/bench`.
//!
//! `sign_load URL SURI SECONDS BYTES KEY…`: each KEY is a user's verifying key, and each user asks for
//! one signature after the other, of random messages of so many BYTES, until SECONDS are over; what is
//! under way then is waited for. Before that each asks for one that opens connections, and asks again if
//! it fails. Prints one JSON object: `first` (a list, of each user's first one) and `seconds` (of all the others
//! that were answered), `wall`, `failed` and `errors` (how often each, with those first ones).

use rand::RngCore;
use serde_json::json;
use signing_client::{Account, SignError, SignOptions, SigningClient, VerifyingKey};
use std::{
    collections::BTreeMap,
    error::Error,
    time::{Duration, Instant},
};

/// How often a user's first request is made before its failure is the end of all.
const FIRST_TRIES: u32 = 5;
/// Until it is made again.
const PAUSE: Duration = Duration::from_secs(2);

/// What became of one user's requests.
#[derive(Default)]
struct Outcome {
    /// How long the first one took that was answered.
    first: Option<f64>,
    seconds: Vec<f64>,
    errors: BTreeMap<String, u32>,
}

impl Outcome {
    fn failed(&mut self, error: &SignError) {
        *self.errors.entry(error.to_string()).or_default() += 1;
    }
}

fn random(bytes: usize) -> Vec<u8> {
    let mut message = vec![0; bytes];
    rand::thread_rng().fill_bytes(&mut message);
    message
}

/// Makes the first request, which opens connections, until it is answered: an hour's measurements are not
/// to end for one hiccup. What fails is in the outcome, like any other request.
async fn connect(
    client: &SigningClient,
    account: &Account,
    key: VerifyingKey,
) -> Result<Outcome, SignError> {
    let mut outcome = Outcome::default();
    let mut tries = 1;
    loop {
        let options = SignOptions::new(key, random(32), account.clone());
        let begin = Instant::now();
        let Err(error) = client.sign(&options).await else {
            outcome.first = Some(begin.elapsed().as_secs_f64());
            return Ok(outcome);
        };
        if tries == FIRST_TRIES {
            return Err(error);
        }
        outcome.failed(&error);
        tries += 1;
        tokio::time::sleep(PAUSE).await;
    }
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
        let options = SignOptions::new(key, random(bytes), account.clone());
        let begin = Instant::now();
        match client.sign(&options).await {
            Ok(_) => outcome.seconds.push(begin.elapsed().as_secs_f64()),
            Err(error) => outcome.failed(&error),
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
    let (mut users, mut outcomes) = (Vec::new(), Vec::new());
    for key in keys {
        let key = hex::decode(key.trim_start_matches("0x"))?;
        let key = key.try_into().map_err(|_| "a verifying key has 33 bytes")?;
        let client = SigningClient::connect(url).await?;
        outcomes.push(connect(&client, &account, key).await?);
        users.push((client, key));
    }
    let begin = Instant::now();
    let running: Vec<_> = users
        .into_iter()
        .map(|(client, key)| {
            tokio::spawn(user(client, account.clone(), key, begin + duration, bytes))
        })
        .collect();
    for outcome in running {
        outcomes.push(outcome.await?);
    }
    let wall = begin.elapsed().as_secs_f64();
    let (mut all, mut first) = (Outcome::default(), Vec::new());
    for outcome in outcomes {
        first.extend(outcome.first);
        all.seconds.extend(outcome.seconds);
        for (error, count) in outcome.errors {
            *all.errors.entry(error).or_default() += count;
        }
    }
    let failed: u32 = all.errors.values().sum();
    println!(
        "{}",
        json!({
            "first": first,
            "seconds": all.seconds,
            "wall": wall,
            "failed": failed,
            "errors": all.errors,
        })
    );
    Ok(())
}
