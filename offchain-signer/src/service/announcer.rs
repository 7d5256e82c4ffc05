//! Announces this node's signer on chain, whenever what the chain knows of it is not what it is.

use crate::{
    chain::{AccountId, BlockNumber, Heads, NetworkState, SessionKeyCall, WatchChain},
    identity::Identity,
};
use signing_primitives::{announcement_payload, Announcement, Endpoint};
use std::sync::Arc;

/// Blocks that an announcement is given to get into one before it is made again.
const PATIENCE: BlockNumber = 5;

/// Keeps the chain's record of this signer right.
pub(super) struct Announcer<C> {
    chain: Arc<C>,
    identity: Arc<Identity>,
    endpoint: Endpoint,
    made: Option<(AccountId, BlockNumber)>,
}

impl<C: WatchChain> Announcer<C> {
    pub(super) fn new(chain: Arc<C>, identity: Arc<Identity>, endpoint: Endpoint) -> Self {
        Self {
            chain,
            identity,
            endpoint,
            made: None,
        }
    }

    /// Looks at the state at the best block, and announces if need be.
    pub(super) async fn follow(&mut self, heads: &Heads, best: &NetworkState) {
        let Some(validator) = self.identity.validator(best) else {
            return;
        };
        let x25519 = self.identity.x25519_public();
        let right = validator
            .signer
            .as_ref()
            .is_some_and(|known| known.endpoint == self.endpoint && known.x25519 == x25519);
        if right {
            self.made = None;
            return;
        }
        let now = heads.best.number;
        let waiting = self.made.as_ref().is_some_and(|(account, at)| {
            *account == validator.account && now < at.saturating_add(PATIENCE)
        });
        // An announcement replaces an earlier one only if it names a later block.
        let too_early = validator
            .signer
            .as_ref()
            .is_some_and(|known| now <= known.announced_at);
        if waiting || too_early {
            return;
        }
        let announcement = Announcement {
            signing_key: validator.signing_key.clone(),
            endpoint: self.endpoint.clone(),
            x25519,
            at: now,
        };
        let payload = announcement_payload(self.chain.genesis_hash(), &announcement);
        let signature = match self.identity.sign(&validator.signing_key, &payload) {
            Ok(signature) => signature,
            Err(error) => {
                tracing::error!(%error, "cannot announce this signer");
                return;
            }
        };
        match self
            .chain
            .submit(SessionKeyCall::AnnounceSigner(announcement, signature))
            .await
        {
            Ok(()) => tracing::info!(at = now, "announced this signer"),
            Err(error) => tracing::warn!(%error, "could not announce this signer; will try again"),
        }
        self.made = Some((validator.account.clone(), now));
    }
}
