//! What the chain says has happened, block by block.

use std::sync::{Arc, Mutex, PoisonError};
use subxt::{config::substrate::SubstrateConfig, OnlineClient};
use tokio::task::JoinHandle;

/// An event of `pallet-signing`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Event {
    /// The block that it is in, which is final.
    pub block: u64,
    /// Its name.
    pub name: String,
}

/// The events of `pallet-signing` in finalized blocks, from when it was made.
pub struct Events {
    seen: Arc<Mutex<Vec<Event>>>,
    follower: JoinHandle<()>,
}

impl Events {
    /// Follows the chain at the node with this RPC server.
    ///
    /// # Panics
    /// If the node does not answer.
    pub async fn follow(rpc: &str) -> Self {
        let chain = OnlineClient::<SubstrateConfig>::from_insecure_url(rpc).await;
        let chain = chain.unwrap_or_else(|error| panic!("{rpc}: {error}"));
        let blocks = chain.stream_blocks().await;
        let mut blocks = blocks.unwrap_or_else(|error| panic!("{rpc}: {error}"));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let follower = tokio::spawn({
            let seen = seen.clone();
            async move {
                while let Some(block) = blocks.next().await {
                    let Ok(block) = block else { continue };
                    let number = block.number();
                    let Ok(at) = block.at().await else { continue };
                    let Ok(events) = at.events().fetch().await else {
                        continue;
                    };
                    let signing = events
                        .iter()
                        .filter_map(Result::ok)
                        .filter(|event| event.pallet_name() == "Signing")
                        .map(|event| Event {
                            block: number,
                            name: event.event_name().into(),
                        });
                    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                    seen.extend(signing);
                }
            }
        });
        Self { seen, follower }
    }

    /// All so far, in their order.
    pub fn seen(&self) -> Vec<Event> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.clone()
    }

    /// The blocks with an event of this name, in their order.
    pub fn blocks_with(&self, name: &str) -> Vec<u64> {
        let seen = self.seen();
        let with = seen.iter().filter(|event| event.name == name);
        with.map(|event| event.block).collect()
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.follower.abort();
    }
}
