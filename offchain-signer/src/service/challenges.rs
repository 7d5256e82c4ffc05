//! Answers the chain's challenges: shows that this node is there.

use super::{
    attempt::chain_of,
    calls::{CallError, Calls},
};
use crate::{
    chain::{BlockNumber, Heads, NetworkState, WatchChain},
    identity::Identity,
};
use signing_primitives::ChallengeAnswer;
use std::sync::Arc;

/// Answers challenges.
pub(super) struct Challenges<C> {
    identity: Arc<Identity>,
    /// By the challenge's deadline.
    calls: Calls<C, BlockNumber>,
    /// The deadline that was missed last, of which the operator has been told.
    missed: Option<BlockNumber>,
}

impl<C: WatchChain> Challenges<C> {
    pub(super) fn new(chain: Arc<C>, identity: Arc<Identity>) -> Self {
        Self {
            calls: Calls::new(chain, identity.clone()),
            identity,
            missed: None,
        }
    }

    /// Looks at the state at the best block, and answers if this node is challenged: also after it has
    /// left the validators, since its stake is at risk still.
    pub(super) async fn follow(&mut self, heads: &Heads, best: &NetworkState) {
        let Some(me) = self.identity.validator_or_member(best) else {
            return;
        };
        let mine = best.challenges.iter().find(|(who, _)| *who == me.account);
        let Some((_, deadline)) = mine else {
            return;
        };
        let now = heads.best.number;
        // The next block is the first that can have an answer.
        if now >= *deadline {
            if now > *deadline && self.missed.replace(*deadline) != Some(*deadline) {
                tracing::error!(
                    deadline,
                    "it is too late to answer the challenge to this node, which others have reported to be silent"
                );
            }
            return;
        }
        if !self.calls.is_due(deadline, now) {
            return;
        }
        let answer = ChallengeAnswer {
            signing_key: me.signing_key.clone(),
            deadline: *deadline,
        };
        match self.calls.make(*deadline, now, answer).await {
            Ok(()) => tracing::warn!(
                deadline,
                "others have reported this node to be silent: answered the challenge"
            ),
            Err(error @ CallError::Identity(_)) => {
                let error = chain_of(&error);
                tracing::error!(%error, "cannot answer the challenge to this node");
            }
            Err(error) => {
                let error = chain_of(&error);
                tracing::error!(%error, "could not answer the challenge to this node; will try again");
            }
        }
    }
}
