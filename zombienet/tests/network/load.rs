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
use tokio::sync::Mutex;

/// Users who ask for one signature after the other.
pub(crate) struct Load {
    client: Arc<Mutex<SigningClient>>,
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicU32>,
    failed: Arc<AtomicU32>,
    task: tokio::task::JoinHandle<()>,
}

impl Load {
    pub(crate) fn start(client: SigningClient, key: VerifyingKey, account: Account) -> Self {
        let client = Arc::new(Mutex::new(client));
        let stop = Arc::new(AtomicBool::new(false));
        let (answered, failed) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        let task = {
            let (stop, answered, failed) = (stop.clone(), answered.clone(), failed.clone());
            let client = client.clone();
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let options = SignOptions::new(key, nonce().to_vec(), account.clone());
                    match client.lock().await.sign(&options).await {
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
        Self {
            client,
            stop,
            answered,
            failed,
            task,
        }
    }

    /// Has the users read the chain at another node, from their next request on.
    pub(crate) async fn read_at(&self, client: SigningClient) {
        *self.client.lock().await = client;
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
        (&mut self.task).await.unwrap();
        self.so_far()
    }
}
