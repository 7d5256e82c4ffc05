//! Announces this node's signer on chain, whenever what the chain knows of it is not what it is.

use super::{
    attempt::chain_of,
    calls::{CallError, Calls},
};
use crate::{
    chain::{AccountId, Heads, NetworkState, WatchChain},
    identity::Identity,
};
use signing_primitives::{Announcement, Endpoint, Phase};
use std::sync::Arc;

/// Keeps the chain's record of this signer right.
pub(super) struct Announcer<C> {
    identity: Arc<Identity>,
    endpoint: Endpoint,
    calls: Calls<C, AccountId>,
}

impl<C: WatchChain> Announcer<C> {
    pub(super) fn new(chain: Arc<C>, identity: Arc<Identity>, endpoint: Endpoint) -> Self {
        Self {
            calls: Calls::new(chain, identity.clone()),
            identity,
            endpoint,
        }
    }

    /// Looks at the state at the best block, and announces if need be.
    pub(super) async fn follow(&mut self, heads: &Heads, best: &NetworkState) {
        let Some(validator) = self.identity.validator(best) else {
            return;
        };
        let x25519 = self.identity.x25519_public();
        let right = !validator.excluded
            && !wants_its_seat_back(best, &validator.account)
            && validator
                .signer
                .as_ref()
                .is_some_and(|known| known.endpoint == self.endpoint && known.x25519 == x25519);
        if right {
            self.calls.forget(&validator.account);
            return;
        }
        let now = heads.best.number;
        // An announcement replaces an earlier one only if it names a later block.
        let too_early = validator
            .signer
            .as_ref()
            .is_some_and(|known| now <= known.announced_at);
        if too_early || !self.calls.is_due(&validator.account, now) {
            return;
        }
        let announcement = Announcement {
            signing_key: validator.signing_key.clone(),
            endpoint: self.endpoint.clone(),
            x25519,
            at: now,
        };
        let account = validator.account.clone();
        match self.calls.make(account, now, announcement).await {
            Ok(()) => tracing::info!(at = now, "announced this signer"),
            Err(error @ CallError::Identity(_)) => {
                tracing::error!(error = %chain_of(&error), "cannot announce this signer");
            }
            Err(error) => {
                let error = chain_of(&error);
                tracing::warn!(%error, "could not announce this signer; will try again");
            }
        }
    }
}

/// Whether this validator has lost its seat, and the network needs it: announcing its signer again
/// gives it back to who was only silent.
fn wants_its_seat_back(state: &NetworkState, account: &AccountId) -> bool {
    state.phase == Phase::Degraded
        && state
            .committee
            .as_ref()
            .is_some_and(|committee| committee.expelled.contains(account))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use crate::{
        chain::fake::{FakeChain, FakeState},
        service::calls::PATIENCE,
    };
    use signing_primitives::KEY_TYPE;
    use sp_keystore::{testing::MemoryKeystore, Keystore};
    use zeroize::Zeroizing;

    async fn follow(announcer: &mut Announcer<FakeChain>, chain: &FakeChain) -> usize {
        let heads = *chain.heads().borrow();
        let best = chain.network_state(heads.best.hash).unwrap();
        announcer.follow(&heads, &best).await;
        chain.submitted().len()
    }

    #[tokio::test]
    async fn a_member_that_the_network_needs_asks_for_its_seat() {
        let keystore = MemoryKeystore::new();
        let key = keystore.sr25519_generate_new(KEY_TYPE, None).unwrap();
        let identity = Identity::new(Arc::new(keystore), Zeroizing::new([1; 32]));
        let mut state = FakeState::default();
        let account = AccountId::new([1; 32]);
        state.add_validator(account.clone(), key.into(), identity.x25519_public(), "a:1");
        state.activate(1, 2, [2; 33]);
        let chain = Arc::new(FakeChain::new(state));
        let endpoint = b"a:1".to_vec().try_into().unwrap();
        let mut announcer = Announcer::new(chain.clone(), Arc::new(identity), endpoint);
        assert_eq!(follow(&mut announcer, &chain).await, 0);

        chain.import(|state| {
            let committee = state.network.committee.as_mut().unwrap();
            committee.expelled.try_push(account).unwrap();
        });
        assert_eq!(follow(&mut announcer, &chain).await, 0, "others sign on");
        chain.import(|state| state.network.phase = Phase::Degraded);
        assert_eq!(follow(&mut announcer, &chain).await, 1);
        chain.advance(PATIENCE - 1);
        assert_eq!(follow(&mut announcer, &chain).await, 1);
        chain.advance(1);
        assert_eq!(follow(&mut announcer, &chain).await, 2);
    }
}
