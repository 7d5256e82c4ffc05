//! Reports to the chain what this node has seen others fail at.

use super::{
    attempt::chain_of,
    calls::{CallError, Calls},
    groups::parties,
};
use crate::{
    chain::{AccountId, Heads, NetworkState, SignerId, WatchChain},
    faults::Observations,
    identity::Identity,
};
use signing_primitives::{Fault, FaultReport, UnprovableFault};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Makes the reports that are due.
pub(super) struct FaultReporter<C> {
    identity: Arc<Identity>,
    observations: Arc<Observations>,
    calls: Calls<C, AccountId>,
}

impl<C: WatchChain> FaultReporter<C> {
    pub(super) fn new(
        chain: Arc<C>,
        identity: Arc<Identity>,
        observations: Arc<Observations>,
    ) -> Self {
        Self {
            calls: Calls::new(chain, identity.clone()),
            identity,
            observations,
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
        for (party, fault) in self.observations.due() {
            let Some(accused) = accusable.get(&party) else {
                continue;
            };
            if *accused == me.account || !self.calls.is_due(accused, now) {
                continue;
            }
            let report = FaultReport {
                signing_key: me.signing_key.clone(),
                accused: accused.clone(),
                generation: committee.generation,
                fault: Fault::Unprovable(fault),
                at: now,
            };
            match self.calls.make(accused.clone(), now, report).await {
                Ok(()) => tracing::warn!(%accused, ?fault, "reported a fault"),
                Err(error @ CallError::Identity(_)) => {
                    tracing::error!(error = %chain_of(&error), "cannot report a fault");
                }
                Err(error) => {
                    let error = chain_of(&error);
                    tracing::debug!(%accused, %error, "the pool does not take a report: it may know it");
                }
            }
        }
    }
}
