//! Reports to the chain what this node has seen others fail at.

use crate::{
    chain::{AccountId, BlockNumber, Heads, NetworkState, SessionKeyCall, SignerId, WatchChain},
    faults::Observations,
    identity::Identity,
};
use signing_primitives::{
    fault_report_payload, CommitteeMember, Fault, FaultReport, Phase, UnprovableFault,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Blocks that a report is given to get into one before it is made again. Once it is in one, the pool
/// refuses to take it again.
const PATIENCE: BlockNumber = 5;

/// Makes the reports that are due.
pub(super) struct FaultReporter<C> {
    chain: Arc<C>,
    identity: Arc<Identity>,
    observations: Arc<Observations>,
    made: BTreeMap<AccountId, BlockNumber>,
}

impl<C: WatchChain> FaultReporter<C> {
    pub(super) fn new(
        chain: Arc<C>,
        identity: Arc<Identity>,
        observations: Arc<Observations>,
    ) -> Self {
        Self {
            chain,
            identity,
            observations,
            made: BTreeMap::new(),
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

    /// Looks at the state at the best block, and makes the reports that are due.
    pub(super) async fn follow(&mut self, heads: &Heads, best: &NetworkState) {
        let accusable: BTreeMap<SignerId, AccountId> = parties(best)
            .map(|party| (party.party.clone(), party.validator.clone()))
            .collect();
        self.observations
            .retain(|party| accusable.contains_key(party));
        let Some(me) = self.identity.validator(best) else {
            return;
        };
        let Some(committee) = &best.committee else {
            return;
        };
        let now = heads.best.number;
        self.made.retain(|_, at| now < at.saturating_add(PATIENCE));
        for (party, fault) in self.observations.due() {
            let Some(accused) = accusable.get(&party) else {
                continue;
            };
            if *accused == me.account || self.made.contains_key(accused) {
                continue;
            }
            let report = FaultReport {
                signing_key: me.signing_key.clone(),
                accused: accused.clone(),
                generation: committee.generation,
                fault: Fault::Unprovable(fault),
                at: now,
            };
            self.made.insert(accused.clone(), now);
            self.report(report).await;
        }
    }

    async fn report(&self, report: FaultReport<AccountId, BlockNumber>) {
        let payload = fault_report_payload(self.chain.genesis_hash(), &report);
        let signature = match self.identity.sign(&report.signing_key, &payload) {
            Ok(signature) => signature,
            Err(error) => {
                tracing::error!(%error, "cannot report a fault");
                return;
            }
        };
        let (accused, fault) = (report.accused.clone(), report.fault.clone());
        match self
            .chain
            .submit(SessionKeyCall::ReportFault(report, signature))
            .await
        {
            Ok(()) => tracing::warn!(%accused, ?fault, "reported a fault"),
            Err(error) => {
                tracing::debug!(%accused, %error, "the pool does not take a report: it may know it");
            }
        }
    }
}

/// Those who can be accused: the sitting members, and those who take part in what is going on.
fn parties(network: &NetworkState) -> impl Iterator<Item = &CommitteeMember<AccountId>> {
    let sitting = network
        .committee
        .iter()
        .flat_map(|committee| committee.sitting());
    let resharing = match &network.phase {
        Phase::Resharing(attempt) => Some(attempt.old_holders.iter().chain(&attempt.members)),
        _ => None,
    };
    let aux_info = network.aux_info_attempt.iter();
    sitting
        .chain(resharing.into_iter().flatten())
        .chain(aux_info.flat_map(|attempt| &attempt.parties))
}
