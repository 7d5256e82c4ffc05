//! Reports to the chain what this node has seen others fail at.
//!
//! ```text
//! Ledger ─ proofs ───────────────────────────────► report_fault(provable) ─ final ─► closed
//!    ▲                                                     │ the chain refuses it
//!    └── misbehaved, on disk first ──┐                     ▼
//! Observations ─ due ────────────────┴───────────► report_fault(unprovable)
//! ```
//! Where there is a proof, it is enough: nothing else is reported of that validator meanwhile.

#[cfg(test)]
mod tests;

use super::{
    attempt::chain_of,
    calls::{CallError, Calls},
    groups::parties,
};
use crate::{
    chain::{AccountId, Answer, BlockNumber, Heads, NetworkState, SignerId, Validator, WatchChain},
    faults::{Case, Ledger, Observations},
    identity::Identity,
    metrics::FaultKind,
};
use codec::DecodeAll;
use signing_evidence::{SigningEvidence, Verdict};
use signing_primitives::{EncodedEvidence, Fault, FaultReport, UnprovableFault};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

type Report = FaultReport<AccountId, BlockNumber>;

/// Makes the reports that are due.
pub(super) struct FaultReporter<C> {
    chain: Arc<C>,
    identity: Arc<Identity>,
    observations: Arc<Observations>,
    ledger: Arc<Ledger>,
    /// Reports without proof, by whom they accuse.
    words: Calls<C, AccountId>,
    proofs: Calls<C, Case>,
}

impl<C: WatchChain> FaultReporter<C> {
    /// Goes on with what the ledger has kept.
    pub(super) fn new(
        chain: Arc<C>,
        identity: Arc<Identity>,
        observations: Arc<Observations>,
        ledger: Arc<Ledger>,
    ) -> Self {
        for (_, party) in ledger.suspects() {
            observations.failed(&party, UnprovableFault::Misbehaved);
        }
        Self {
            words: Calls::new(chain.clone(), identity.clone()),
            proofs: Calls::new(chain.clone(), identity.clone()),
            chain,
            identity,
            observations,
            ledger,
        }
    }

    /// Notes which of its peers this node is connected to. If it is connected to none of them, that is
    /// more likely its own fault.
    pub(super) fn watch(
        &self,
        network: &NetworkState,
        peers: &BTreeSet<AccountId>,
        connected: &BTreeSet<AccountId>,
    ) {
        let alone = connected.is_empty();
        for party in parties(network) {
            if connected.contains(&party.validator) {
                self.observations.reached(&party.party);
            } else if !alone && peers.contains(&party.validator) {
                self.observations
                    .failed(&party.party, UnprovableFault::Unreachable);
            }
        }
    }

    /// Looks at the chain, and makes the reports that are due. A node that is behind knows neither
    /// what is settled already nor who has a seat.
    pub(super) async fn follow(
        &mut self,
        heads: &Heads,
        finalized: &NetworkState,
        best: &NetworkState,
    ) {
        if !self.chain.is_current() {
            return;
        }
        self.forget_the_harmless(finalized, best);
        // One that has left the validators can still prove what it has seen.
        if let Some(me) = self.identity.validator_or_member(best) {
            self.report_proofs(heads, finalized, me).await;
        }
        if let Some(me) = self.identity.validator(best) {
            self.report_observations(heads, best, me).await;
        }
    }

    /// Forgets who has nothing to lose, neither at the best block nor at the finalized one. Not what
    /// is proved: whether that matters is for the chain to say.
    fn forget_the_harmless(&self, finalized: &NetworkState, best: &NetworkState) {
        let accusable: BTreeSet<&SignerId> = parties(best)
            .chain(parties(finalized))
            .map(|party| &party.party)
            .collect();
        self.observations.retain(|party| accusable.contains(party));
        for (case, party) in self.ledger.suspects() {
            if !accusable.contains(&party) {
                self.ledger.close(&case);
            }
        }
    }

    async fn report_proofs(&mut self, heads: &Heads, finalized: &NetworkState, me: &Validator) {
        let final_generation = finalized.committee.as_ref().map(|c| c.generation);
        for (case, proof) in self.ledger.proofs() {
            // The chain cannot judge what is about a generation that it does not know yet.
            let known = final_generation.is_some_and(|known| known >= case.generation);
            if !known || !self.proofs.is_due(&case, heads.best.number) {
                continue;
            }
            self.report_proof(heads, me, case, proof).await;
        }
    }

    /// Reports a proof, unless it is settled for good, or of no use.
    async fn report_proof(
        &mut self,
        heads: &Heads,
        me: &Validator,
        case: Case,
        proof: EncodedEvidence,
    ) {
        let now = heads.best.number;
        let accused = case.accused.clone();
        match proves(&proof).await {
            Some(true) => {}
            Some(false) => {
                tracing::error!(%accused, "a stored proof proves nothing: reporting misbehaviour");
                self.give_up_proof(&case);
                return;
            }
            // The node stops: the proof is for when it is back.
            None => return,
        }
        let report = FaultReport {
            signing_key: me.signing_key.clone(),
            accused: accused.clone(),
            generation: case.generation,
            fault: Fault::Provable(proof),
            at: now,
        };
        match self.proofs.consider(heads.finalized.hash, &report).await {
            Ok(Answer::Settled) => {
                tracing::info!(%accused, "the chain knows for good of a validator that cheated");
                self.ledger.close(&case);
                return;
            }
            Ok(Answer::Refuses) => {
                tracing::error!(%accused, "the chain refuses a proof: reporting misbehaviour");
                self.give_up_proof(&case);
                return;
            }
            Ok(Answer::Takes | Answer::NotNow) => {}
            Err(error) => {
                let error = chain_of(&error);
                tracing::warn!(%accused, %error, "cannot ask the chain about a proof");
            }
        }
        let made = self.proofs.make(case, now, report).await;
        self.count(&made, FaultKind::Cheated);
        log(made, &accused, "proof that it cheated");
    }

    fn give_up_proof(&self, case: &Case) {
        self.ledger.without_proof(case);
        for (suspected, party) in self.ledger.suspects() {
            if suspected == *case {
                self.observations
                    .failed(&party, UnprovableFault::Misbehaved);
            }
        }
    }

    async fn report_observations(&mut self, heads: &Heads, best: &NetworkState, me: &Validator) {
        let Some(committee) = &best.committee else {
            return;
        };
        let now = heads.best.number;
        let accusable: BTreeMap<&SignerId, &AccountId> = parties(best)
            .map(|party| (&party.party, &party.validator))
            .collect();
        let proofs = self.ledger.proofs();
        let proven: BTreeSet<&AccountId> = proofs.iter().map(|(case, _)| &case.accused).collect();
        for (party, fault) in self.observations.due() {
            let Some(accused) = accusable.get(&party).copied() else {
                continue;
            };
            let is_due = self.words.is_due(accused, now) && !proven.contains(accused);
            if *accused == me.account || !is_due {
                continue;
            }
            if fault == UnprovableFault::Misbehaved {
                let case = Case {
                    generation: committee.generation,
                    accused: accused.clone(),
                };
                self.ledger.suspect(case, &party);
            }
            let report: Report = FaultReport {
                signing_key: me.signing_key.clone(),
                accused: accused.clone(),
                generation: committee.generation,
                fault: Fault::Unprovable(fault),
                at: now,
            };
            if fault == UnprovableFault::Misbehaved && self.is_settled(heads, &report).await {
                self.forgive(&party);
                continue;
            }
            let made = self.words.make(accused.clone(), now, report).await;
            self.count(&made, fault.into());
            log(made, accused, &format!("{fault:?}"));
        }
    }
}

impl<C: WatchChain> FaultReporter<C> {
    fn count(&self, made: &Result<(), CallError>, kind: FaultKind) {
        if made.is_ok() {
            self.observations.reported(kind);
        }
    }

    /// Whether a finalized block has the report, or it is too late for it.
    async fn is_settled(&self, heads: &Heads, report: &Report) -> bool {
        let answer = self.words.consider(heads.finalized.hash, report).await;
        matches!(answer, Ok(Answer::Settled))
    }

    /// Forgets that a validator has misbehaved, once the chain knows: one word is one word, and not a
    /// new one each time that it would be forgotten.
    fn forgive(&self, party: &SignerId) {
        self.observations.forgive(party);
        for (case, suspected) in self.ledger.suspects() {
            if suspected == *party {
                self.ledger.close(&case);
            }
        }
    }
}

/// Whether the proof is one that the chain will accept; none if that could not be checked. It costs the
/// reporter dearly if not.
async fn proves(proof: &EncodedEvidence) -> Option<bool> {
    let proof = proof.clone();
    let checking = tokio::task::spawn_blocking(move || {
        SigningEvidence::decode_all(&mut proof.as_slice())
            .is_ok_and(|evidence| evidence.verify() == Verdict::Proven)
    });
    checking.await.ok()
}

fn log(made: Result<(), CallError>, accused: &AccountId, fault: &str) {
    match made {
        Ok(()) => tracing::warn!(%accused, fault, "reported a fault"),
        Err(error @ CallError::Identity(_)) => {
            tracing::error!(error = %chain_of(&error), "cannot report a fault");
        }
        Err(error) => {
            let error = chain_of(&error);
            tracing::debug!(%accused, %error, "the pool does not take a report: it may know it");
        }
    }
}
