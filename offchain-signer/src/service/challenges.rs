//! Answers the chain's challenges: shows that this node is there.

use crate::{
    chain::{BlockNumber, Heads, NetworkState, SessionKeyCall, WatchChain},
    identity::Identity,
};
use signing_primitives::{challenge_answer_payload, ChallengeAnswer};
use std::sync::Arc;

/// Blocks that an answer is given to get into one before it is given again.
const PATIENCE: BlockNumber = 5;

/// Answers challenges.
pub(super) struct Challenges<C> {
    chain: Arc<C>,
    identity: Arc<Identity>,
    /// The challenge answered last, by its deadline, and when that was.
    answered: Option<(BlockNumber, BlockNumber)>,
}

impl<C: WatchChain> Challenges<C> {
    pub(super) fn new(chain: Arc<C>, identity: Arc<Identity>) -> Self {
        Self {
            chain,
            identity,
            answered: None,
        }
    }

    /// Looks at the state at the best block, and answers if this node is challenged.
    pub(super) async fn follow(&mut self, heads: &Heads, best: &NetworkState) {
        let Some(me) = self.identity.validator(best) else {
            return;
        };
        let mine = best.challenges.iter().find(|(who, _)| *who == me.account);
        let Some((_, deadline)) = mine else {
            return;
        };
        let now = heads.best.number;
        let waiting = self
            .answered
            .is_some_and(|(which, at)| which == *deadline && now < at.saturating_add(PATIENCE));
        if waiting {
            return;
        }
        let answer = ChallengeAnswer {
            signing_key: me.signing_key.clone(),
            deadline: *deadline,
        };
        let payload = challenge_answer_payload(self.chain.genesis_hash(), &answer);
        let signature = match self.identity.sign(&me.signing_key, &payload) {
            Ok(signature) => signature,
            Err(error) => {
                tracing::error!(%error, "cannot answer the challenge to this node");
                return;
            }
        };
        match self
            .chain
            .submit(SessionKeyCall::AnswerChallenge(answer, signature))
            .await
        {
            Ok(()) => tracing::warn!(
                deadline,
                "others have reported this node to be silent: answered the challenge"
            ),
            Err(error) => {
                tracing::error!(%error, "could not answer the challenge to this node; will try again");
            }
        }
        self.answered = Some((*deadline, now));
    }
}
