//! Users who keep on asking.

use crate::signing::nonce;
use signing_client::{Account, SignOptions, SigningClient, VerifyingKey};
use std::{
    sync::{
        atomic::{AtomicBool, AtomicU32, Ordering},
        Arc,
    },
    time::Duration,
};
use tokio::sync::RwLock;

/// How many ask at the same time.
const USERS: usize = 2;

/// Users who ask for one signature after the other.
pub(crate) struct Load {
    client: Arc<RwLock<SigningClient>>,
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicU32>,
    failed: Arc<AtomicU32>,
    users: Vec<tokio::task::JoinHandle<()>>,
}

impl Load {
    pub(crate) fn start(client: SigningClient, key: VerifyingKey, account: Account) -> Self {
        let client = Arc::new(RwLock::new(client));
        let stop = Arc::new(AtomicBool::new(false));
        let (answered, failed) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        let user = |_| {
            let (stop, answered, failed) = (stop.clone(), answered.clone(), failed.clone());
            let (client, account) = (client.clone(), account.clone());
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let options = SignOptions::new(key, nonce().to_vec(), account.clone());
                    match client.read().await.sign(&options).await {
                        Ok(_) => answered.fetch_add(1, Ordering::Relaxed),
                        Err(error) => {
                            println!("a request failed: {error}");
                            failed.fetch_add(1, Ordering::Relaxed)
                        }
                    };
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
            })
        };
        let users = (0..USERS).map(user).collect();
        Self {
            client,
            stop,
            answered,
            failed,
            users,
        }
    }

    /// Has the users read the chain at another node, when what they have asked for is answered.
    pub(crate) async fn read_at(&self, client: SigningClient) {
        *self.client.write().await = client;
    }

    /// How many requests were answered so far, and how many failed.
    pub(crate) fn so_far(&self) -> (u32, u32) {
        (
            self.answered.load(Ordering::Relaxed),
            self.failed.load(Ordering::Relaxed),
        )
    }

    /// How many requests were answered, and how many failed.
    pub(crate) async fn stop(mut self) -> (u32, u32) {
        self.stop.store(true, Ordering::Relaxed);
        for user in self.users.drain(..) {
            user.await.unwrap();
        }
        self.so_far()
    }
}
