//! What the chain says has happened, block by block.

use crate::rpc::connect;
use codec::Decode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use subxt::{client::Block, config::substrate::SubstrateConfig, error::BlocksError};
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
    /// Or why it does not go on.
    seen: Arc<Mutex<Result<Vec<Event>, String>>>,
    follower: JoinHandle<()>,
}

impl Events {
    /// Follows the chain at the node with this RPC server.
    ///
    /// # Panics
    /// If the node does not answer.
    pub async fn follow(rpc: &str) -> Self {
        let chain = connect(rpc).await;
        let chain = chain.unwrap_or_else(|error| panic!("{rpc}: {error}"));
        let blocks = chain.stream_blocks().await;
        let mut blocks = blocks.unwrap_or_else(|error| panic!("{rpc}: {error}"));
        let seen = Arc::new(Mutex::new(Ok(Vec::new())));
        let follower = tokio::spawn({
            let seen = seen.clone();
            async move {
                let end = loop {
                    let Some(block) = blocks.next().await else {
                        break "the node tells of no more blocks".into();
                    };
                    match events_in(block).await {
                        Ok(events) => {
                            if let Ok(seen) = &mut *lock(&seen) {
                                seen.extend(events);
                            }
                        }
                        Err(error) => break error.to_string(),
                    }
                };
                *lock(&seen) = Err(end);
            }
        });
        Self { seen, follower }
    }

    /// All so far, in their order.
    ///
    /// # Panics
    /// If some were missed.
    pub fn seen(&self) -> Vec<Event> {
        match &*lock(&self.seen) {
            Ok(seen) => seen.clone(),
            Err(error) => panic!("events were missed: {error}"),
        }
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

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn events_in(
    block: Result<Block<SubstrateConfig>, BlocksError>,
) -> Result<Vec<Event>, subxt::Error> {
    let block = block?;
    let number = block.number();
    let events = block.at().await?.events().fetch().await?;
    let mut kept = Vec::new();
    for event in events.iter() {
        let event = event?;
        if PALLETS.contains(&event.pallet_name()) {
            kept.push(Event {
                block: number,
                name: event.event_name().into(),
                fields: event.field_bytes().to_vec(),
            });
        }
    }
    Ok(kept)
}
