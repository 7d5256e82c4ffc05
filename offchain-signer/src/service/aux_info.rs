//! This node's part in making auxiliary information ahead of time, with other members and standbys.
//!
//! ```text
//! aux_info_attempt, this node a party ─► run ─► stored, synced ─► confirm_aux_info
//! a newer set in force, final, and no resharing that needs an older one ─► older ones erased
//! ```
//! Nobody waits for it, and it computes for half a minute: it gives way to users' requests for a
//! while before it begins, and does it on one thread that gives way to theirs.

use super::attempt::{
    accounts, chain_of, parties, Confirmer, Node, Plan, RunResult, Worker, AUX_GEN_ROUND,
};
use crate::{
    background::in_background,
    chain::{AccountId, BlockNumber, Heads, NetworkState, WatchChain},
    key_store::KeyStore,
    protocol::{AuxGeneration, AuxGenerationError, NodeSigner, PreparedAuxInfo, SignerKeyMissing},
};
use signing_primitives::{
    AuxInfoAttempt, AuxInfoConfirmation, AuxInfoSubject, CommitteeMember, Phase, Subject,
};
use std::time::Duration;

type Attempt = AuxInfoAttempt<AccountId, u32>;

/// How long the parties may take to open a try: some may be giving way to users' requests.
const OPEN_TIMEOUT: Duration = Duration::from_secs(60);
/// Blocks for which it gives way at the most: the others wait.
const GIVES_WAY: BlockNumber = 3;

/// Why this node cannot take part.
#[derive(Debug, thiserror::Error)]
enum PartError {
    #[error(transparent)]
    Parties(#[from] AuxGenerationError),
    #[error(transparent)]
    Key(#[from] SignerKeyMissing),
}

/// Follows the chain's attempts at auxiliary information.
pub(super) struct AuxInfoMaker<C> {
    node: Node<C>,
    worker: Worker<PreparedAuxInfo>,
    confirmer: Confirmer<C>,
    /// The attempt seen last, and the best block at which it was seen first.
    since: Option<(u32, BlockNumber)>,
    complained: Option<u32>,
    /// Auxiliary information of attempts below this one has been erased.
    erased: u32,
}

impl<C: WatchChain> AuxInfoMaker<C> {
    pub(super) fn new(node: Node<C>) -> Self {
        Self {
            confirmer: Confirmer::new(&node),
            node,
            worker: Worker::new(),
            since: None,
            complained: None,
            erased: 0,
        }
    }

    /// Resolves when the running generation ends; never if there is none. Cancel-safe.
    pub(super) async fn finished(&mut self) -> (u32, RunResult<PreparedAuxInfo>) {
        self.worker.finished().await
    }

    /// Keeps the result; confirming it is for the next look at the chain.
    pub(super) async fn keep(&mut self, attempt: u32, result: RunResult<PreparedAuxInfo>) {
        match result {
            Ok(aux_info) => {
                let write = move |store: &KeyStore| store.put_aux_info(&aux_info);
                self.node
                    .store(attempt, "auxiliary information", write)
                    .await;
            }
            Err(error) => {
                let error = chain_of(&error);
                tracing::warn!(attempt, %error, "making auxiliary information failed");
            }
        }
    }

    /// Looks at the chain and does what it asks for. The attempt is that of the finalized block:
    /// `best` only tells what has been confirmed already.
    pub(super) async fn follow(
        &mut self,
        heads: &Heads,
        finalized: &NetworkState,
        best: &NetworkState,
    ) {
        self.erase_unneeded(finalized);
        match &finalized.aux_info_attempt {
            Some(attempt) => self.take_part(heads, attempt, best).await,
            None => self.worker.stop(),
        }
    }

    async fn take_part(&mut self, heads: &Heads, attempt: &Attempt, best: &NetworkState) {
        let number = attempt.attempt;
        self.worker.keep_only(number);
        let Some(me) = self.node.among(&attempt.parties) else {
            return;
        };
        match self.node.key_store.aux_info(number) {
            Ok(Some(aux_info)) => self.confirm(heads, me, attempt, &aux_info, best).await,
            Ok(None) => {
                let now = heads.best.number;
                if self.worker.may_begin(number, now) && self.is_its_turn(number, now) {
                    self.start(me, attempt, now);
                }
            }
            Err(error) => tracing::error!(%error, "cannot read the key store"),
        }
    }

    /// Whether no session is going on, or this has waited long enough.
    fn is_its_turn(&mut self, attempt: u32, now: BlockNumber) -> bool {
        let since = match self.since {
            Some((seen, since)) if seen == attempt => since,
            _ => now,
        };
        self.since = Some((attempt, since));
        self.node.sessions.open_sessions() == 0 || now >= since.saturating_add(GIVES_WAY)
    }

    fn start(&mut self, me: &CommitteeMember<AccountId>, attempt: &Attempt, now: BlockNumber) {
        let number = attempt.attempt;
        match self.plan(me, attempt) {
            Ok((plan, generation)) => {
                tracing::info!(
                    attempt = number,
                    parties = attempt.parties.len(),
                    "making auxiliary information"
                );
                let make = move |run| in_background(|| generation.make(run));
                let run = self.node.run(plan, make);
                self.worker.begin(number, now, run);
            }
            Err(error) if self.complained != Some(number) => {
                self.complained = Some(number);
                let error = chain_of(&error);
                tracing::error!(attempt = number, %error, "cannot make auxiliary information");
            }
            Err(_) => {}
        }
    }

    fn plan(
        &self,
        me: &CommitteeMember<AccountId>,
        attempt: &Attempt,
    ) -> Result<(Plan, AuxGeneration), PartError> {
        let subject = AuxInfoSubject {
            genesis_hash: self.node.chain.genesis_hash(),
            attempt: attempt.attempt,
            parties: parties(&attempt.parties),
        };
        let generation = AuxGeneration::new(&subject)?;
        let plan = Plan {
            subject: Subject::AuxInfo(subject),
            signer: NodeSigner::new(self.node.keystore.clone(), me.party.clone())?,
            others: accounts(attempt.parties.iter().filter(|party| *party != me)),
            open_timeout: OPEN_TIMEOUT,
            round_timeout: AUX_GEN_ROUND,
            attendance: None,
        };
        Ok((plan, generation))
    }

    /// Tells the chain that this node has stored it; again after a while, if it does not know.
    async fn confirm(
        &mut self,
        heads: &Heads,
        me: &CommitteeMember<AccountId>,
        attempt: &Attempt,
        aux_info: &PreparedAuxInfo,
        best: &NetworkState,
    ) {
        let number = attempt.attempt;
        let wanted = best
            .aux_info_attempt
            .as_ref()
            .is_some_and(|now| now.attempt == number && !now.confirmed.contains(&me.validator));
        if !wanted {
            return;
        }
        let confirmation = || AuxInfoConfirmation {
            signing_key: me.party.clone(),
            attempt: number,
            commitment: aux_info.commitment(),
        };
        let now = heads.best.number;
        self.confirmer.confirm(number, now, confirmation).await;
    }

    /// Erases the sets that the finalized chain will not come back to.
    fn erase_unneeded(&mut self, finalized: &NetworkState) {
        let Some(oldest) = oldest_needed(finalized).filter(|oldest| *oldest > self.erased) else {
            return;
        };
        match self.node.key_store.erase_aux_info_below(oldest) {
            Ok(()) => self.erased = oldest,
            Err(error) => {
                let error = chain_of(&error);
                tracing::error!(%error, "could not erase old auxiliary information");
            }
        }
    }
}

/// The oldest set that a resharing may use now or, for all that is final, later. None if the chain
/// names no set.
fn oldest_needed(state: &NetworkState) -> Option<u32> {
    let resharing = match &state.phase {
        Phase::Resharing(attempt) => attempt.aux_info,
        _ => None,
    };
    let in_force = state.aux_info.as_ref().map(|set| set.attempt);
    let in_the_making = state.aux_info_attempt.as_ref().map(|made| made.attempt);
    [resharing, in_force, in_the_making]
        .into_iter()
        .flatten()
        .min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use signing_primitives::{AuxInfoSet, ReshareAttempt};

    fn state(resharing: Option<u32>, in_force: Option<u32>, making: Option<u32>) -> NetworkState {
        let phase = Phase::Resharing(ReshareAttempt {
            attempt: 9,
            generation: 2,
            old_holders: Default::default(),
            members: Default::default(),
            threshold: 2,
            aux_info: resharing,
            confirmed: Default::default(),
            commitment: None,
            deadline: 100,
        });
        NetworkState {
            phase,
            aux_info: in_force.map(|attempt| AuxInfoSet {
                attempt,
                parties: Default::default(),
                commitment: Default::default(),
            }),
            aux_info_attempt: making.map(|attempt| AuxInfoAttempt {
                attempt,
                parties: Default::default(),
                confirmed: Default::default(),
                commitment: None,
                deadline: 100,
            }),
            ..NetworkState::default()
        }
    }

    #[test]
    fn what_a_resharing_uses_is_kept_although_a_newer_set_is_in_force() {
        assert_eq!(oldest_needed(&state(Some(3), Some(7), Some(10))), Some(3));
        assert_eq!(oldest_needed(&state(None, Some(7), Some(10))), Some(7));
        assert_eq!(oldest_needed(&state(None, None, Some(10))), Some(10));
        assert_eq!(oldest_needed(&state(None, None, None)), None);
    }
}
