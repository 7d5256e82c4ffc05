//! The signer's view of the chain: the client and the transaction pool of the node it runs in.

use crate::service::{FullClient, TransactionPool};
use async_trait::async_trait;
use futures::{Stream, StreamExt};
use offchain_signer::{
    chain::{
        AccountId, Answer, BlockNumber, BlockRef, ChainError, Heads, NetworkState, Program,
        ProgramKey, Registration, SessionKeyCall, VerifyingKey, WatchChain,
    },
    metrics::{Call, CallOutcome, Metrics},
};
use sc_client_api::{BlockchainEvents, HeaderBackend};
use sc_network_sync::SyncingService;
use sc_transaction_pool_api::{
    error::{Error as PoolError, IntoPoolError},
    TransactionPool as _, TransactionSource, TransactionStatus,
};
use signing_runtime::OpaqueBlock as Block;
use signing_runtime_api::SigningApi;
use sp_api::ProvideRuntimeApi;
use sp_consensus::SyncOracle;
use sp_core::H256;
use sp_runtime::{
    traits::Block as BlockT,
    transaction_validity::{InvalidTransaction, TransactionValidityError},
};
use sp_transaction_pool::runtime_api::TaggedTransactionQueue;
use std::{
    collections::VecDeque,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::watch;

type Extrinsic = <Block as BlockT>::Extrinsic;

/// How many blocks' network states are kept. One request is decided on the finalized and the best
/// block; the rest is for requests that span a new block.
const CACHED_STATES: usize = 4;

/// How long ago this node may have seen a new best block before it takes itself for cut off: ten
/// blocks of the normal runtime.
const CURRENT: Duration = Duration::from_secs(60);

/// Implements [`WatchChain`] on the node's own client and pool.
pub(crate) struct NodeChain {
    client: Arc<FullClient>,
    pool: Arc<TransactionPool>,
    heads: watch::Receiver<Heads>,
    states: Recent<NetworkState>,
    sync: Arc<SyncingService<Block>>,
    /// When this process has last seen a new best block.
    progress: Arc<Mutex<Option<Instant>>>,
    metrics: Metrics,
}

impl NodeChain {
    /// The chain, and the task that keeps its heads up to date: it ends when the client does.
    pub(crate) fn new(
        client: Arc<FullClient>,
        pool: Arc<TransactionPool>,
        sync: Arc<SyncingService<Block>>,
        metrics: Metrics,
    ) -> (Arc<Self>, impl Future<Output = ()> + Send) {
        let (sender, heads) = watch::channel(current_heads(&client));
        let progress = Arc::default();
        let follow = follow_heads(client.clone(), sender, Arc::clone(&progress));
        let chain = Self {
            client,
            pool,
            heads,
            states: Recent::new(CACHED_STATES),
            sync,
            progress,
            metrics,
        };
        (Arc::new(chain), follow)
    }
}

fn current_heads(client: &FullClient) -> Heads {
    let info = client.info();
    Heads {
        best: BlockRef {
            number: info.best_number,
            hash: info.best_hash,
        },
        finalized: BlockRef {
            number: info.finalized_number,
            hash: info.finalized_hash,
        },
    }
}

async fn follow_heads(
    client: Arc<FullClient>,
    sender: watch::Sender<Heads>,
    progress: Arc<Mutex<Option<Instant>>>,
) {
    // Every import, not only those after the initial sync: a node that catches up has a head too.
    let mut imports = client.every_import_notification_stream();
    let mut finalized = client.finality_notification_stream();
    loop {
        // Between the first look at the heads and the subscription a block may have come: look
        // again before waiting.
        let heads = current_heads(&client);
        sender.send_if_modified(|old| {
            let changed = *old != heads;
            if old.best != heads.best {
                *progress.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
            }
            *old = heads;
            changed
        });
        tokio::select! {
            notification = imports.next() => if notification.is_none() { return },
            notification = finalized.next() => if notification.is_none() { return },
        }
    }
}

#[async_trait]
impl WatchChain for NodeChain {
    fn genesis_hash(&self) -> H256 {
        self.client.info().genesis_hash
    }

    fn heads(&self) -> watch::Receiver<Heads> {
        self.heads.clone()
    }

    fn is_current(&self) -> bool {
        let progress = *self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        !self.sync.is_major_syncing() && progress.is_some_and(|since| since.elapsed() < CURRENT)
    }

    fn network_state(&self, at: H256) -> Result<NetworkState, ChainError> {
        if let Some(state) = self.states.get(at) {
            return Ok(state);
        }
        let state = SigningApi::<Block, AccountId, BlockNumber>::network_state(
            &*self.client.runtime_api(),
            at,
        )
        .map_err(runtime_error)?;
        self.states.put(at, state.clone());
        Ok(state)
    }

    fn registration(
        &self,
        at: H256,
        verifying_key: VerifyingKey,
    ) -> Result<Option<Registration>, ChainError> {
        SigningApi::<Block, AccountId, BlockNumber>::registration(
            &*self.client.runtime_api(),
            at,
            verifying_key,
        )
        .map_err(runtime_error)
    }

    fn program(&self, at: H256, key: ProgramKey) -> Result<Option<Program>, ChainError> {
        SigningApi::<Block, AccountId, BlockNumber>::program(&*self.client.runtime_api(), at, key)
            .map_err(runtime_error)
    }

    async fn submit(&self, call: SessionKeyCall) -> Result<(), ChainError> {
        let kind = Call::from(&call);
        let best = self.client.info().best_hash;
        let extrinsic = self.extrinsic(best, call)?;
        let submitted = self
            .pool
            .submit_and_watch(best, TransactionSource::Local, extrinsic)
            .await;
        let error = match submitted {
            Ok(fate) => {
                self.metrics.call(kind, CallOutcome::Submitted);
                tokio::spawn(follow_call(kind, fate, self.metrics.clone()));
                return Ok(());
            }
            Err(error) => match error.into_pool_error() {
                // It is where it was to go.
                Ok(PoolError::AlreadyImported(_)) => return Ok(()),
                Ok(error) => ChainError::Pool(Box::new(error)),
                Err(error) => ChainError::Pool(Box::new(error)),
            },
        };
        self.metrics.call(kind, CallOutcome::Refused);
        Err(error)
    }

    fn consider(&self, at: H256, call: SessionKeyCall) -> Result<Answer, ChainError> {
        let extrinsic = self.extrinsic(at, call)?;
        let validity = self
            .client
            .runtime_api()
            .validate_transaction(at, TransactionSource::Local, extrinsic, at)
            .map_err(runtime_error)?;
        Ok(match validity {
            Ok(_) => Answer::Takes,
            Err(TransactionValidityError::Invalid(InvalidTransaction::Stale)) => Answer::Settled,
            // What `pallet-signing` says to what is wrong with the contents of a call.
            Err(TransactionValidityError::Invalid(
                InvalidTransaction::Call | InvalidTransaction::Custom(_),
            )) => Answer::Refuses,
            Err(_) => Answer::NotNow,
        })
    }
}

/// Tells when a call is in a block. Ends with the pool's interest in it: it is final, or dropped.
async fn follow_call(
    kind: Call,
    mut fate: impl Stream<Item = TransactionStatus<H256, H256>> + Unpin,
    metrics: Metrics,
) {
    while let Some(status) = fate.next().await {
        if let TransactionStatus::InBlock((block, _)) = status {
            log::debug!("{} is in block {block}", kind.as_str());
            // Another block may have it yet, instead of this one: it counts once.
            metrics.call(kind, CallOutcome::InBlock);
            return;
        }
    }
}

impl NodeChain {
    fn extrinsic(&self, at: H256, call: SessionKeyCall) -> Result<Extrinsic, ChainError> {
        SigningApi::<Block, AccountId, BlockNumber>::session_key_extrinsic(
            &*self.client.runtime_api(),
            at,
            call,
        )
        .map_err(runtime_error)
    }
}

fn runtime_error(error: sp_api::ApiError) -> ChainError {
    ChainError::Runtime(Box::new(error))
}

/// The newest few values by block hash. What is true of a block never changes.
struct Recent<T> {
    capacity: usize,
    entries: Mutex<VecDeque<(H256, T)>>,
}

impl<T: Clone> Recent<T> {
    fn new(capacity: usize) -> Self {
        Self {
            capacity,
            entries: Mutex::new(VecDeque::with_capacity(capacity)),
        }
    }

    fn get(&self, at: H256) -> Option<T> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries
            .iter()
            .find(|(hash, _)| *hash == at)
            .map(|(_, value)| value.clone())
    }

    fn put(&self, at: H256, value: T) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        // Two requests may have asked the runtime at the same time.
        if entries.iter().any(|(hash, _)| *hash == at) {
            return;
        }
        if entries.len() == self.capacity {
            entries.pop_front();
        }
        entries.push_back((at, value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(n: u8) -> H256 {
        H256::repeat_byte(n)
    }

    #[test]
    fn recent_keeps_the_newest() {
        let recent = Recent::new(2);
        assert_eq!(recent.get(hash(1)), None);
        recent.put(hash(1), "one");
        recent.put(hash(2), "two");
        recent.put(hash(3), "three");
        assert_eq!(recent.get(hash(1)), None);
        assert_eq!(recent.get(hash(2)), Some("two"));
        assert_eq!(recent.get(hash(3)), Some("three"));
    }

    #[test]
    fn recent_counts_a_block_once() {
        let recent = Recent::new(2);
        recent.put(hash(1), "one");
        recent.put(hash(2), "two");
        recent.put(hash(2), "two");
        assert_eq!(recent.get(hash(1)), Some("one"));
    }
}
