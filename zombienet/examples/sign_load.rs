//! How long signatures take, end to end, over a running network: for `scripts/bench`.
//!
//! `sign_load URL SURI SECONDS BYTES KEY…`: each KEY is a user's verifying key, and each user asks for
//! one signature after the other, of random messages of so many BYTES, until SECONDS are over; what is
//! under way then is waited for. Before that each asks for one that opens connections, and asks again if
//! it fails. Prints one JSON object: `first` (a list, of each user's first one) and `seconds` (of all the others
//! that were answered), `client` (what the client has spent on all of these by itself, in seconds: `chain_reads`
//! and `verification`), `wall`, `failed` and `errors` (how often each, with those first ones).

use rand::RngCore;
use serde_json::json;
use signing_client::{Account, Progress, SignError, SignOptions, SigningClient, VerifyingKey};
use std::{
    collections::BTreeMap,
    error::Error,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
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
    /// What the client has spent by itself on requests that were answered.
    chain_reads: f64,
    verification: f64,
}

impl Outcome {
    fn failed(&mut self, error: &SignError) {
        *self.errors.entry(error.to_string()).or_default() += 1;
    }
}

/// A client, and how far it is with its request.
struct User {
    client: SigningClient,
    marks: Arc<Mutex<Marks>>,
    account: Account,
    key: VerifyingKey,
}

/// When it had read the chain, and when it had an answer.
#[derive(Clone, Copy, Default)]
struct Marks {
    asking: Option<Instant>,
    verifying: Option<Instant>,
}

fn locked(marks: &Mutex<Marks>) -> MutexGuard<'_, Marks> {
    marks.lock().unwrap_or_else(PoisonError::into_inner)
}

impl User {
    async fn connect(
        url: &str,
        account: Account,
        key: VerifyingKey,
    ) -> Result<Self, Box<dyn Error>> {
        let marks = Arc::new(Mutex::new(Marks::default()));
        let heard = marks.clone();
        let client = SigningClient::connect(url)
            .await?
            .with_progress(move |progress| {
                let mut marks = locked(&heard);
                match progress {
                    Progress::Asking { .. } => {
                        marks.asking.get_or_insert_with(Instant::now);
                    }
                    Progress::Verifying { .. } => marks.verifying = Some(Instant::now()),
                    _ => {}
                }
            });
        Ok(Self {
            client,
            marks,
            account,
            key,
        })
    }

    /// How long a signature has taken. What the client has spent of it is added to the outcome.
    async fn sign(&self, bytes: usize, outcome: &mut Outcome) -> Result<f64, SignError> {
        let options = SignOptions::new(self.key, random(bytes), self.account.clone());
        *locked(&self.marks) = Marks::default();
        let begin = Instant::now();
        self.client.sign(&options).await?;
        let end = Instant::now();
        let marks = *locked(&self.marks);
        outcome.chain_reads += (marks.asking.unwrap_or(begin) - begin).as_secs_f64();
        outcome.verification += (end - marks.verifying.unwrap_or(end)).as_secs_f64();
        Ok((end - begin).as_secs_f64())
    }
}

fn random(bytes: usize) -> Vec<u8> {
    let mut message = vec![0; bytes];
    rand::thread_rng().fill_bytes(&mut message);
    message
}

/// Makes the first request, which opens connections, until it is answered: an hour's measurements are not
/// to end for one hiccup. What fails is in the outcome, like any other request.
async fn warm_up(user: &User) -> Result<Outcome, SignError> {
    let mut outcome = Outcome::default();
    let mut tries = 1;
    loop {
        let error = match user.sign(32, &mut outcome).await {
            Ok(seconds) => {
                outcome.first = Some(seconds);
                return Ok(outcome);
            }
            Err(error) if tries == FIRST_TRIES => return Err(error),
            Err(error) => error,
        };
        outcome.failed(&error);
        tries += 1;
        tokio::time::sleep(PAUSE).await;
    }
}

async fn load(user: User, until: Instant, bytes: usize) -> Outcome {
    let mut outcome = Outcome::default();
    while Instant::now() < until {
        match user.sign(bytes, &mut outcome).await {
            Ok(seconds) => outcome.seconds.push(seconds),
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
        let user = User::connect(url, account.clone(), key).await?;
        outcomes.push(warm_up(&user).await?);
        users.push(user);
    }
    let begin = Instant::now();
    let running: Vec<_> = users
        .into_iter()
        .map(|user| tokio::spawn(load(user, begin + duration, bytes)))
        .collect();
    for outcome in running {
        outcomes.push(outcome.await?);
    }
    let wall = begin.elapsed().as_secs_f64();
    let (mut all, mut first) = (Outcome::default(), Vec::new());
    for outcome in outcomes {
        first.extend(outcome.first);
        all.seconds.extend(outcome.seconds);
        all.chain_reads += outcome.chain_reads;
        all.verification += outcome.verification;
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
            "client": { "chain_reads": all.chain_reads, "verification": all.verification },
            "wall": wall,
            "failed": failed,
            "errors": all.errors,
        })
    );
    Ok(())
}
