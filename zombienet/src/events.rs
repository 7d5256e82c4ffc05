//! What the chain says has happened, block by block.

use codec::Decode;
use std::sync::{Arc, Mutex, PoisonError};
use subxt::{config::substrate::SubstrateConfig, OnlineClient};
use tokio::task::JoinHandle;

/// The pallets whose events are kept.
const PALLETS: [&str; 2] = ["Signing", "Staking"];

/// An event of `pallet-signing` or of staking.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Event {
    /// The block that it is in, which is final.
    pub block: u64,
    /// Its name.
    pub name: String,
    /// Its fields, SCALE-encoded.
    pub fields: Vec<u8>,
}

impl Event {
    /// Its first fields.
    ///
    /// # Panics
    /// If they are of other types.
    pub fn fields<T: Decode>(&self) -> T {
        T::decode(&mut self.fields.as_slice()).unwrap_or_else(|e| panic!("{}: {e}", self.name))
    }
}

/// The events of `pallet-signing` and of staking in finalized blocks, from when it was made.
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
                    let kept = events
                        .iter()
                        .filter_map(Result::ok)
                        .filter(|event| PALLETS.contains(&event.pallet_name()))
                        .map(|event| Event {
                            block: number,
                            name: event.event_name().into(),
                            fields: event.field_bytes().to_vec(),
                        });
                    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                    seen.extend(kept);
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

    /// Those of this name, in their order.
    pub fn named(&self, name: &str) -> Vec<Event> {
        let mut seen = self.seen();
        seen.retain(|event| event.name == name);
        seen
    }

    /// The blocks with an event of this name, in their order.
    pub fn blocks_with(&self, name: &str) -> Vec<u64> {
        let named = self.named(name);
        named.iter().map(|event| event.block).collect()
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.follower.abort();
    }
}
