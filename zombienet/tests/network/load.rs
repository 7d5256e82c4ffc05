//! Users who keep on asking.

use crate::signing::nonce;
use signing_client::{Account, Progress, SignOptions, SigningClient, VerifyingKey};
use std::{
    sync::{
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
        Arc,
    },
    time::{Duration, Instant},
};
use tokio::sync::RwLock;

/// How many ask at the same time, unless it is said how many.
pub(crate) const USERS: u32 = 2;
/// How long they rest between two requests.
const PAUSE: Duration = Duration::from_millis(500);

/// Users who ask for one signature after the other.
pub(crate) struct Load {
    client: Arc<RwLock<SigningClient>>,
    counts: Arc<Counts>,
    users: Vec<tokio::task::JoinHandle<()>>,
}

#[derive(Default)]
struct Counts {
    stop: AtomicBool,
    answered: AtomicU32,
    failed: AtomicU32,
    /// How long the slowest answer took, milliseconds.
    slowest: AtomicU64,
    /// Relayers that did not do what they were asked to, so that another one was asked, if there was one.
    /// Of these a request fails only if all do.
    relayers_failed: AtomicU32,
}

impl Load {
    /// Users of one key, who rest a little between two requests.
    pub(crate) fn start(client: SigningClient, key: VerifyingKey, account: Account) -> Self {
        let keys = (0..USERS).map(|_| key);
        Self::of(client, keys, &account, PAUSE)
    }

    /// One user for each of the keys, which are all of one account; they rest so long between two requests.
    pub(crate) fn of(
        client: SigningClient,
        keys: impl IntoIterator<Item = VerifyingKey>,
        account: &Account,
        pause: Duration,
    ) -> Self {
        let counts = Arc::<Counts>::default();
        let client = Arc::new(RwLock::new(watched(client, &counts)));
        let user = |key: VerifyingKey| {
            let (client, counts, account) = (client.clone(), counts.clone(), account.clone());
            tokio::spawn(async move {
                while !counts.stop.load(Ordering::Relaxed) {
                    let options = SignOptions::new(key, nonce().to_vec(), account.clone());
                    let client = client.read().await;
                    let begin = Instant::now();
                    match client.sign(&options).await {
                        Ok(_) => counts.has_answered(begin.elapsed()),
                        Err(error) => {
                            println!("a request failed: {error}");
                            counts.failed.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                    drop(client);
                    tokio::time::sleep(pause).await;
                }
            })
        };
        let users = keys.into_iter().map(user).collect();
        Self {
            client,
            counts,
            users,
        }
    }

    /// Has the users read the chain at another node, when what they have asked for is answered.
    pub(crate) async fn read_at(&self, client: SigningClient) {
        *self.client.write().await = watched(client, &self.counts);
    }

    /// How many requests were answered so far, and how many failed.
    pub(crate) fn so_far(&self) -> (u32, u32) {
        (
            self.counts.answered.load(Ordering::Relaxed),
            self.counts.failed.load(Ordering::Relaxed),
        )
    }

    /// How long the slowest answer took so far.
    pub(crate) fn slowest(&self) -> Duration {
        Duration::from_millis(self.counts.slowest.load(Ordering::Relaxed))
    }

    /// How many requests were answered, and how many failed.
    pub(crate) async fn stop(mut self) -> (u32, u32) {
        self.end().await;
        self.so_far()
    }

    /// Returns when what the users have asked for is answered, and they ask for nothing more.
    pub(crate) async fn end(&mut self) {
        self.counts.stop.store(true, Ordering::Relaxed);
        for user in self.users.drain(..) {
            user.await.unwrap();
        }
        let relayers_failed = self.counts.relayers_failed.load(Ordering::Relaxed);
        println!("users had to ask another relayer, or would have had to: {relayers_failed} times");
    }
}

impl Counts {
    fn has_answered(&self, after: Duration) {
        self.answered.fetch_add(1, Ordering::Relaxed);
        let millis: u64 = after.as_millis().try_into().unwrap();
        self.slowest.fetch_max(millis, Ordering::Relaxed);
    }
}

/// The same client, of which it is counted how often relayers fail it.
fn watched(client: SigningClient, counts: &Arc<Counts>) -> SigningClient {
    let counts = counts.clone();
    client.with_progress(move |progress| {
        if matches!(progress, Progress::RelayerFailed { .. }) {
            counts.relayers_failed.fetch_add(1, Ordering::Relaxed);
        }
    })
}
