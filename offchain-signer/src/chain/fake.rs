//! A chain in memory, for tests: blocks are made by hand, each with its own state.
//!
//! ```
//! # #[cfg(feature = "test-fakes")] {
//! use offchain_signer::chain::{fake::FakeChain, WatchChain};
//! let chain = FakeChain::default();
//! chain.import(|state| state.network.paused = true); // a new best block
//! chain.finalize(); // the best block becomes final
//! let heads = *chain.heads().borrow();
//! assert!(chain.network_state(heads.finalized.hash).unwrap().paused);
//! # }
//! ```

use super::{
    AccountId, Answer, BlockRef, ChainError, Committee, Heads, NetworkState, Program, ProgramKey,
    Registration, SessionKeyCall, Validator, VerifyingKey, WatchChain,
};
use async_trait::async_trait;
use signing_primitives::{CommitteeMember, Parameters, Phase, SignerId, SignerInfo};
use sp_core::H256;
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::watch;

/// What the chain knows at one block.
#[derive(Clone, Debug)]
pub struct FakeState {
    /// What `network_state` answers.
    pub network: NetworkState,
    /// What `registration` answers.
    pub registrations: HashMap<VerifyingKey, Registration>,
    /// What `program` answers.
    pub programs: HashMap<ProgramKey, Program>,
    /// What `consider` answers. The transaction pool takes only what is taken at the best block.
    pub answer: Answer,
}

impl Default for FakeState {
    /// No validators, no committee, the defaults of the parameters.
    fn default() -> Self {
        Self {
            network: NetworkState {
                parameters: Parameters {
                    fuel: 1_000_000_000,
                    ..Parameters::default()
                },
                ..NetworkState::default()
            },
            registrations: HashMap::new(),
            programs: HashMap::new(),
            answer: Answer::Takes,
        }
    }
}

impl FakeState {
    /// Adds a validator that has announced a signer.
    pub fn add_validator(
        &mut self,
        account: AccountId,
        signing_key: SignerId,
        x25519: [u8; 32],
        endpoint: &str,
    ) {
        let signer = SignerInfo {
            endpoint: endpoint.as_bytes().to_vec().try_into().unwrap_or_default(),
            x25519,
            announced_at: 0,
        };
        self.network.validators.push(Validator {
            account,
            signing_key,
            signer: Some(signer),
            active: true,
            excluded: false,
        });
    }

    /// Makes the first `size` validators the committee of an active network with this key.
    pub fn activate(&mut self, size: usize, threshold: u32, verifying_key: VerifyingKey) {
        let mut members: Vec<_> = self
            .network
            .validators
            .iter()
            .take(size)
            .map(|validator| CommitteeMember {
                validator: validator.account.clone(),
                party: validator.signing_key.clone(),
            })
            .collect();
        members.sort_by(|a, b| a.party.cmp(&b.party));
        self.network.committee = Some(Committee {
            generation: 1,
            attempt: 1,
            members: members.try_into().unwrap_or_default(),
            threshold,
            commitment: H256::zero(),
            expelled: Default::default(),
        });
        self.network.phase = Phase::Active;
        self.network.verifying_key = Some(verifying_key);
    }
}

struct Inner {
    blocks: HashMap<H256, FakeState>,
    submitted: Vec<SessionKeyCall>,
    pool_closed: bool,
    behind: bool,
}

/// A chain that tests write themselves. Begins with one block, number 1, that is best and final.
pub struct FakeChain {
    inner: Mutex<Inner>,
    heads: watch::Sender<Heads>,
}

impl Default for FakeChain {
    fn default() -> Self {
        Self::new(FakeState::default())
    }
}

impl FakeChain {
    /// A chain whose first block has this state.
    pub fn new(state: FakeState) -> Self {
        let first = block(1);
        let inner = Inner {
            blocks: HashMap::from([(first.hash, state)]),
            submitted: Vec::new(),
            pool_closed: false,
            behind: false,
        };
        let (heads, _) = watch::channel(Heads {
            best: first,
            finalized: first,
        });
        Self {
            inner: Mutex::new(inner),
            heads,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Imports a new best block: the last one's state, changed by `change`.
    pub fn import(&self, change: impl FnOnce(&mut FakeState)) -> BlockRef {
        let best = self.heads.borrow().best;
        let next = block(best.number + 1);
        let mut inner = self.lock();
        let mut state = inner.blocks.get(&best.hash).cloned().unwrap_or_default();
        change(&mut state);
        inner.blocks.insert(next.hash, state);
        drop(inner);
        self.heads.send_modify(|heads| heads.best = next);
        next
    }

    /// Makes the best block final.
    pub fn finalize(&self) {
        self.heads.send_modify(|heads| heads.finalized = heads.best);
    }

    /// Imports `count` blocks that change nothing, and finalizes the last.
    pub fn advance(&self, count: u32) {
        for _ in 0..count {
            self.import(|_| ());
        }
        self.finalize();
    }

    /// What has been submitted, in its order.
    pub fn submitted(&self) -> Vec<SessionKeyCall> {
        self.lock().submitted.clone()
    }

    /// From now on the transaction pool refuses what is submitted, or does so no more.
    pub fn close_pool(&self, closed: bool) {
        self.lock().pool_closed = closed;
    }

    /// From now on the node is behind the network, or is so no more.
    pub fn fall_behind(&self, behind: bool) {
        self.lock().behind = behind;
    }

    fn read<T>(&self, at: H256, read: impl FnOnce(&FakeState) -> T) -> Result<T, ChainError> {
        let inner = self.lock();
        let state = inner
            .blocks
            .get(&at)
            .ok_or_else(|| ChainError::Runtime("unknown block".into()))?;
        Ok(read(state))
    }
}

fn block(number: u32) -> BlockRef {
    BlockRef {
        number,
        hash: H256::from_low_u64_be(number.into()),
    }
}

#[async_trait]
impl WatchChain for FakeChain {
    fn is_current(&self) -> bool {
        !self.lock().behind
    }

    fn genesis_hash(&self) -> H256 {
        H256::repeat_byte(0x67)
    }

    fn heads(&self) -> watch::Receiver<Heads> {
        self.heads.subscribe()
    }

    fn network_state(&self, at: H256) -> Result<NetworkState, ChainError> {
        self.read(at, |state| state.network.clone())
    }

    fn registration(
        &self,
        at: H256,
        verifying_key: VerifyingKey,
    ) -> Result<Option<Registration>, ChainError> {
        self.read(at, |state| state.registrations.get(&verifying_key).cloned())
    }

    fn program(&self, at: H256, key: ProgramKey) -> Result<Option<Program>, ChainError> {
        self.read(at, |state| state.programs.get(&key).cloned())
    }

    async fn submit(&self, call: SessionKeyCall) -> Result<(), ChainError> {
        let best = self.heads.borrow().best;
        let answer = self.consider(best.hash, call.clone())?;
        let mut inner = self.lock();
        if inner.pool_closed || answer != Answer::Takes {
            return Err(ChainError::Pool(format!("closed, or {answer:?}").into()));
        }
        inner.submitted.push(call);
        Ok(())
    }

    fn consider(&self, at: H256, _: SessionKeyCall) -> Result<Answer, ChainError> {
        self.read(at, |state| state.answer)
    }
}
