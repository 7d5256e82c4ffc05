//! What the signer needs to know of the chain.
//!
//! The node implements [`WatchChain`] on its own client; tests implement it in memory. Reads name
//! the block they are made at, so that one decision can be made on one block.

use async_trait::async_trait;
use signing_primitives as primitives;
use sp_core::{crypto::AccountId32, H256};
use tokio::sync::watch;

pub use primitives::{ProgramKey, SignerId, VerifyingKey};

#[cfg(any(test, feature = "test-fakes"))]
pub mod fake;

/// A validator's stash, or a user's account.
pub type AccountId = AccountId32;
/// A block number.
pub type BlockNumber = u32;
/// The network's state at one block.
pub type NetworkState = primitives::NetworkState<AccountId, BlockNumber>;
/// A validator of the current session.
pub type Validator = primitives::Validator<AccountId, BlockNumber>;
/// The committee that signs.
pub type Committee = primitives::Committee<AccountId>;
/// A user's key and its programs.
pub type Registration = primitives::Registration<AccountId>;
/// A program with its bytecode.
pub type Program = primitives::Program<AccountId>;
/// What a session key submits.
pub type SessionKeyCall = primitives::SessionKeyCall<AccountId, BlockNumber>;

/// A block, by number and hash.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct BlockRef {
    /// Its number.
    pub number: BlockNumber,
    /// Its hash.
    pub hash: H256,
}

/// The two ends of the chain that matter here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Heads {
    /// The best block: programs and registrations are read here.
    pub best: BlockRef,
    /// The last finalized block: identities and the committee are read here.
    pub finalized: BlockRef,
}

/// The chain could not be asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// The runtime API call failed.
    #[error("the runtime did not answer")]
    Runtime(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The node is behind the network.
    #[error("the node is behind the network")]
    Behind,
    /// The transaction pool refused the extrinsic.
    #[error("the transaction pool refused the call")]
    Pool(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What the chain, as of one block, says to a session-key call.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Answer {
    /// It would take it.
    #[default]
    Takes,
    /// It has what the call is for, or it is too late for it.
    Settled,
    /// It will not take the call, whoever makes it and whenever.
    Refuses,
    /// It does not take it now, and may later.
    NotNow,
}

/// Follows the chain and submits session-key calls to it.
#[async_trait]
pub trait WatchChain: Send + Sync + 'static {
    /// The hash of the genesis block: names the chain.
    fn genesis_hash(&self) -> H256;

    /// The current heads; changes with every import and finalization.
    fn heads(&self) -> watch::Receiver<Heads>;

    /// Whether the best block is the network's present: the node is not syncing, and blocks keep
    /// coming. A node that is behind would decide by programs that have been changed since.
    fn is_current(&self) -> bool;

    /// The network's state at block `at`.
    fn network_state(&self, at: H256) -> Result<NetworkState, ChainError>;

    /// A registration at block `at`.
    fn registration(
        &self,
        at: H256,
        verifying_key: VerifyingKey,
    ) -> Result<Option<Registration>, ChainError>;

    /// A program at block `at`.
    fn program(&self, at: H256, key: ProgramKey) -> Result<Option<Program>, ChainError>;

    /// Submits a session-key call through the node's transaction pool. Resolves when the pool has
    /// accepted it, not when it is in a block.
    async fn submit(&self, call: SessionKeyCall) -> Result<(), ChainError>;

    /// What the chain says to a session-key call as of block `at`. Blocks for as long as the call
    /// takes to check: up to 0.3 s for evidence.
    fn consider(&self, at: H256, call: SessionKeyCall) -> Result<Answer, ChainError>;
}
