//! This node's part in handing the network key over to the next committee.
//!
//! ```text
//! phase Resharing, this node a member to be ─► run ─► pending, synced ─► confirm_reshare
//!                  this node an old holder  ─► run, and again as long as the others need it
//! ```
//! A node that crashes anywhere on the way looks at its key store when it is back: a pending share
//! of the running attempt is confirmed (again). What becomes of it when the chain says that the new
//! generation is in force is for the [`shares`](super::shares) to see.
//!
//! A member that signs well and is silent in hand-overs would keep the key where it is. Who has waited for
//! it in vain in every try of an attempt reports it as silent; it is forgiven when it has handed over.

use super::attempt::{accounts, chain_of, parties, Confirmer, Node, Plan, RunResult, Worker};
use crate::{
    chain::{
        AccountId, BlockNumber, Committee, Heads, NetworkState, SignerId, VerifyingKey, WatchChain,
    },
    key_store::{KeyStore, KeyStoreError},
    protocol::{KeyMaterial, NodeSigner, Reshare, ReshareError, ResharePart, SignerKeyMissing},
    sessions::Attendance,
};
use signing_primitives::{
    CommitteeMember, Phase, ReshareAttempt, ReshareConfirmation, ReshareSubject, Subject,
};
use std::{collections::BTreeMap, time::Duration};

type Attempt = ReshareAttempt<AccountId, u32>;
/// What a run leaves behind: nothing, where this node only hands over.
type Handed = Option<KeyMaterial>;

/// How long the participants may take to open a try: they see the same finalized block, a moment
/// sooner or later. Less than a round: whoever waits in vain for another to open the try says so before
/// others, whose session has begun, take it for silent.
const OPEN_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a round of the hand-over itself may take: it computes milliseconds. That of making auxiliary
/// information takes [`AUX_GEN_ROUND`](super::attempt::AUX_GEN_ROUND).
const ROUND_TIMEOUT: Duration = Duration::from_secs(15);

/// Why this node cannot take the part that the chain gives it.
#[derive(Debug, thiserror::Error)]
enum PartError {
    #[error(transparent)]
    Reshare(#[from] ReshareError),
    #[error(transparent)]
    Key(#[from] SignerKeyMissing),
    #[error("cannot read the key store")]
    KeyStore(#[from] KeyStoreError),
    #[error("this node is to hand over and to take over under different session keys")]
    TwoKeys,
}

/// Follows the chain's resharings.
pub(super) struct HandOver<C> {
    node: Node<C>,
    worker: Worker<Handed>,
    confirmer: Confirmer<C>,
    complained: Option<u32>,
    /// The finalized generation.
    generation: Option<u32>,
    /// Who is missing from the tries of the attempt at hand.
    attendance: (u32, Attendance),
}

/// An attempt, and what it starts from.
struct Task<'a> {
    attempt: &'a Attempt,
    committee: &'a Committee,
    network_key: VerifyingKey,
}

impl<C: WatchChain> HandOver<C> {
    pub(super) fn new(node: Node<C>) -> Self {
        Self {
            confirmer: Confirmer::new(&node),
            node,
            worker: Worker::new(),
            complained: None,
            generation: None,
            attendance: Default::default(),
        }
    }

    /// Resolves when the running resharing ends; never if there is none. Cancel-safe.
    pub(super) async fn finished(&mut self) -> (u32, RunResult<Handed>) {
        self.worker.finished().await
    }

    /// Keeps the result of a resharing; confirming it is for the next look at the chain.
    pub(super) async fn keep(&mut self, attempt: u32, result: RunResult<Handed>) {
        match result {
            Ok(Some(material)) => {
                let write = move |store: &KeyStore| store.put_pending(&material);
                self.node.store(attempt, "handed-over share", write).await;
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(attempt, error = %chain_of(&error), "resharing failed"),
        }
    }

    /// Looks at the chain and does what it asks for. The resharing is that of the finalized block:
    /// `best` only tells what has been confirmed already.
    pub(super) async fn follow(
        &mut self,
        heads: &Heads,
        finalized: &NetworkState,
        best: &NetworkState,
    ) {
        self.forgive(finalized);
        match (
            &finalized.phase,
            &finalized.committee,
            finalized.verifying_key,
        ) {
            (Phase::Resharing(attempt), Some(committee), Some(network_key)) => {
                let task = Task {
                    attempt,
                    committee,
                    network_key,
                };
                self.take_part(heads, &task, best).await;
            }
            _ => self.worker.stop(),
        }
    }

    async fn take_part(&mut self, heads: &Heads, task: &Task<'_>, best: &NetworkState) {
        let attempt = task.attempt;
        self.worker.keep_only(attempt.attempt);
        let giver = self.node.among(&attempt.old_holders);
        let taker = self.node.among(&attempt.members);
        if let Some(me) = taker {
            match self.node.key_store.pending(attempt.attempt) {
                Ok(Some(material)) => {
                    self.confirm(heads, me, attempt, &material, best).await;
                    return;
                }
                Ok(None) => {}
                Err(error) => {
                    tracing::error!(%error, "cannot read the key store");
                    return;
                }
            }
        }
        let Some(me) = giver.or(taker) else {
            return;
        };
        self.note_missing(me, attempt, best);
        let now = heads.best.number;
        if !self.worker.may_begin(attempt.attempt, now) {
            return;
        }
        if self.attendance.0 != attempt.attempt {
            self.attendance = (attempt.attempt, Attendance::default());
        }
        let part = match taker.is_none_or(|taker| taker.party == me.party) {
            true => self.part(task, me),
            false => Err(PartError::TwoKeys),
        };
        match part {
            Ok((plan, part)) => self.start(attempt, now, plan, part),
            Err(error) if self.complained != Some(attempt.attempt) => {
                self.complained = Some(attempt.attempt);
                let error = chain_of(&error);
                tracing::error!(attempt = attempt.attempt, %error, "cannot take part in a resharing");
            }
            Err(_) => {}
        }
    }

    /// Forgives those that have handed over: the members of a generation that has come into force.
    fn forgive(&mut self, finalized: &NetworkState) {
        let Some(committee) = &finalized.committee else {
            return;
        };
        if self.generation.replace(committee.generation) != Some(committee.generation) {
            for member in &committee.members {
                self.node.observations.handed_over(&member.party);
            }
        }
    }

    /// Notes who is missing from all tries. If all others are, that is more likely this node's own fault.
    fn note_missing(
        &self,
        me: &CommitteeMember<AccountId>,
        attempt: &Attempt,
        best: &NetworkState,
    ) {
        let (number, attendance) = &self.attendance;
        // At another attempt, who has confirmed this one is not known any more.
        let now = match &best.phase {
            Phase::Resharing(now) if now.attempt == attempt.attempt => now,
            _ => return,
        };
        if *number != attempt.attempt {
            return;
        }
        let is_confirmed = |party: &SignerId| {
            let mut members = now.members.iter().filter(|member| member.party == *party);
            members.any(|member| now.confirmed.contains(&member.validator))
        };
        let missing = attendance.missing(is_confirmed);
        let others = others(me, attempt);
        if missing.len() == others.len() {
            return;
        }
        for party in &missing {
            self.node.observations.held_up(party);
        }
    }

    /// This node's part, and how it is to go on.
    fn part(
        &self,
        task: &Task<'_>,
        me: &CommitteeMember<AccountId>,
    ) -> Result<(Plan, ResharePart), PartError> {
        let Task {
            attempt, committee, ..
        } = task;
        let reshare = Reshare::new(ReshareSubject {
            genesis_hash: self.node.chain.genesis_hash(),
            attempt: attempt.attempt,
            generation: attempt.generation,
            network_key: task.network_key,
            old_commitment: committee.commitment,
            old_holders: parties(&attempt.old_holders),
            old_threshold: committee.threshold,
            members: parties(&attempt.members),
            threshold: attempt.threshold,
            aux_info: attempt.aux_info,
        })?;
        let share = self.node.key_store.active(committee.generation);
        let aux_info = match attempt.aux_info {
            Some(prepared) => self.node.key_store.aux_info(prepared)?,
            None => None,
        };
        let part = reshare.part(&me.party, share.as_deref(), aux_info.as_ref())?;
        let plan = Plan {
            subject: Subject::Reshare(reshare.subject().clone()),
            signer: NodeSigner::new(self.node.keystore.clone(), me.party.clone())?,
            others: others(me, attempt),
            open_timeout: OPEN_TIMEOUT,
            round_timeout: ROUND_TIMEOUT,
            attendance: Some(self.attendance.1.clone()),
        };
        Ok((plan, part))
    }

    fn start(&mut self, attempt: &Attempt, now: BlockNumber, plan: Plan, part: ResharePart) {
        tracing::info!(
            attempt = attempt.attempt,
            generation = attempt.generation,
            members = attempt.members.len(),
            prepared = attempt.aux_info.is_some(),
            "handing the network key over"
        );
        let run = self.node.run(plan, move |run| {
            let (cancel, runtime) = (run.cancel.clone(), run.runtime.clone());
            let handed = part.take(run)?;
            if handed.is_none() {
                // The others may fail yet and need another try, and then this node must still be
                // there. It is told to stop when the chain has left the attempt behind.
                runtime.block_on(cancel.cancelled());
            }
            Ok(handed)
        });
        self.worker.begin(attempt.attempt, now, run);
    }

    /// Tells the chain that this node has the share; again after a while, if it does not know.
    async fn confirm(
        &mut self,
        heads: &Heads,
        me: &CommitteeMember<AccountId>,
        attempt: &Attempt,
        material: &KeyMaterial,
        best: &NetworkState,
    ) {
        let number = attempt.attempt;
        let wanted = matches!(
            &best.phase,
            Phase::Resharing(now)
                if now.attempt == number && !now.confirmed.contains(&me.validator)
        );
        if !wanted {
            return;
        }
        let confirmation = || ReshareConfirmation {
            signing_key: me.party.clone(),
            attempt: number,
            commitment: material.commitment(),
        };
        let now = heads.best.number;
        self.confirmer.confirm(number, now, confirmation).await;
    }
}

/// All that take part but this node.
fn others(me: &CommitteeMember<AccountId>, attempt: &Attempt) -> BTreeMap<AccountId, SignerId> {
    let both = attempt.old_holders.iter().chain(&attempt.members);
    accounts(both.filter(|member| member.party != me.party))
}
