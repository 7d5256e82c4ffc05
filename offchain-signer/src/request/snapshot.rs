//! The chain as one decision sees it.

use super::error::RequestError;
use crate::chain::{
    AccountId, BlockNumber, ChainError, Committee, Heads, NetworkState, Program, ProgramKey,
    Registration, SignerId, VerifyingKey, WatchChain,
};
use signing_primitives::{CommitteeMember, Phase};
use sp_core::H256;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// Makes snapshots. Keeps the states of the last two blocks that were asked for, so that many
/// requests in one block cost one call into the runtime.
pub struct Snapshots {
    chain: Arc<dyn WatchChain>,
    heads: watch::Receiver<Heads>,
    /// Two: one for the finalized, one for the best block.
    recent: Mutex<[Option<StateAt>; 2]>,
}

/// The chain as far as it is known.
pub(crate) struct Look {
    pub(crate) heads: Heads,
    /// Whether the best block is the network's present.
    pub(crate) is_current: bool,
    /// The network at the best block.
    pub(crate) best: Result<Arc<NetworkState>, ChainError>,
}

/// A block's hash and the network's state there.
type StateAt = (H256, Arc<NetworkState>);

impl Snapshots {
    /// Snapshots of this chain.
    pub fn new(chain: Arc<dyn WatchChain>) -> Self {
        let heads = chain.heads();
        Self {
            chain,
            heads,
            recent: Mutex::default(),
        }
    }

    /// The chain as it is now. Blocks on the runtime if there is a new block.
    ///
    /// # Errors
    /// [`ChainError`], if the chain does not answer.
    pub fn now(&self) -> Result<Snapshot, ChainError> {
        if !self.chain.is_current() {
            return Err(ChainError::Behind);
        }
        let heads = *self.heads.borrow();
        let network = self.state(0, heads.finalized.hash)?;
        let best = self.state(1, heads.best.hash)?;
        Ok(Snapshot {
            chain: self.chain.clone(),
            heads,
            network,
            paused: best.paused,
            best,
        })
    }

    /// The chain as far as it is known. Blocks on the runtime if there is a new block.
    pub(crate) fn look(&self) -> Look {
        let heads = *self.heads.borrow();
        Look {
            heads,
            is_current: self.chain.is_current(),
            best: self.state(1, heads.best.hash),
        }
    }

    fn state(&self, slot: usize, at: H256) -> Result<Arc<NetworkState>, ChainError> {
        let recent = self
            .recent
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let known = recent.into_iter().flatten().find(|(hash, _)| *hash == at);
        if let Some((_, state)) = known {
            return Ok(state);
        }
        let state = Arc::new(self.chain.network_state(at)?);
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = recent.get_mut(slot) {
            *entry = Some((at, state.clone()));
        }
        Ok(state)
    }
}

/// The chain at one moment: all that one decision goes by.
#[derive(Clone)]
pub struct Snapshot {
    chain: Arc<dyn WatchChain>,
    /// The blocks that it is of.
    pub heads: Heads,
    /// Validators, committee and parameters, at the finalized block.
    pub network: Arc<NetworkState>,
    /// The same at the best block: what is revoked there is revoked at once.
    best: Arc<NetworkState>,
    /// Whether root has paused signing, at the best block.
    pub paused: bool,
}

impl Snapshot {
    /// The best block's number: what requests must be near.
    pub fn best_number(&self) -> BlockNumber {
        self.heads.best.number
    }

    /// The committee and the network key, if the network signs.
    pub fn active(&self) -> Option<(&Committee, VerifyingKey)> {
        match (
            &self.network.phase,
            &self.network.committee,
            self.network.verifying_key,
        ) {
            (Phase::Active | Phase::Resharing(_), Some(committee), Some(key)) => {
                Some((committee, key))
            }
            _ => None,
        }
    }

    /// The committee and the network key.
    ///
    /// # Errors
    /// [`RequestError::NotActive`] and [`RequestError::Degraded`], if the network does not sign.
    pub fn signing(&self) -> Result<(&Committee, VerifyingKey), RequestError> {
        if self.network.phase == Phase::Degraded {
            return Err(RequestError::Degraded);
        }
        let (committee, key) = self.active().ok_or(RequestError::NotActive)?;
        let sitting = self.sitting(committee).count();
        if usize::try_from(committee.threshold).is_ok_and(|threshold| sitting < threshold) {
            return Err(RequestError::Degraded);
        }
        Ok((committee, key))
    }

    /// The committee in force at the best block.
    pub fn best_committee(&self) -> Option<&Committee> {
        self.best.committee.as_ref()
    }

    /// The members of a committee that nobody has expelled, as far as is known at either block.
    pub fn sitting<'a>(
        &'a self,
        committee: &'a Committee,
    ) -> impl Iterator<Item = &'a CommitteeMember<AccountId>> {
        committee
            .sitting()
            .filter(|member| !self.is_expelled(&member.validator))
    }

    /// Whether a validator has been expelled from the committee in force at either block.
    fn is_expelled(&self, validator: &AccountId) -> bool {
        [&self.network, &self.best]
            .iter()
            .filter_map(|state| state.committee.as_ref())
            .any(|committee| committee.expelled.contains(validator))
    }

    /// Whether `key` is the current signing key of a validator.
    pub fn is_validator(&self, key: &SignerId) -> bool {
        self.network
            .validators
            .iter()
            .any(|validator| validator.active && validator.signing_key == *key)
    }

    /// A registration as it is at the best block, if it is final.
    ///
    /// The key that a registration signs with is derived from its index, and the index is a
    /// counter. So on another fork the same index, and with it the same key, may be somebody
    /// else's: only finality says whose it is. Programs and owner are those of the best block, and
    /// a registration that has been removed there is gone, so that what is revoked is revoked at
    /// once. No index is used a second time, so a key that was removed for good stays refused.
    ///
    /// # Errors
    /// [`ChainError`], if the chain does not answer.
    pub fn registration(&self, key: VerifyingKey) -> Result<Option<Registration>, ChainError> {
        let Some(best) = self.chain.registration(self.heads.best.hash, key)? else {
            return Ok(None);
        };
        let finalized = self.chain.registration(self.heads.finalized.hash, key)?;
        Ok(finalized
            .is_some_and(|finalized| finalized.index == best.index)
            .then_some(best))
    }

    /// A program, at the best block.
    ///
    /// # Errors
    /// [`ChainError`], if the chain does not answer.
    pub fn program(&self, key: ProgramKey) -> Result<Option<Program>, ChainError> {
        self.chain.program(self.heads.best.hash, key)
    }
}
