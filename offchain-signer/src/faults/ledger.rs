//! Who has cheated, and what proves it: on disk from the moment that this node knows, and until the
//! chain has it for good.
//!
//! ```text
//! failed session ── proof ─────────► prove ──┐
//! report due ────── misbehaved ────► suspect ┴─► disk ─► report_fault ─► final ─► close
//! ```
//! A node that crashes between any two of these makes its reports when it is back.

#[cfg(test)]
mod tests;

use crate::{
    chain::{AccountId, SignerId},
    key_store::{KeyStore, KeyStoreError},
};
use codec::{Decode, DecodeAll, Encode};
use signing_evidence::SigningEvidence;
use signing_primitives::EncodedEvidence;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Cases at a time: as many as a committee has members at most.
const MOST: usize = 32;

/// Whom it is about. There is one case of each validator and generation, whatever it did how often.
#[derive(Clone, Debug, Decode, Encode, Eq, Ord, PartialEq, PartialOrd)]
pub struct Case {
    /// The generation of the key shares that were in use.
    pub generation: u32,
    /// The validator that was at fault.
    pub accused: AccountId,
}

impl Case {
    /// What the case is called on disk.
    fn name(&self) -> String {
        let accused: &[u8; 32] = self.accused.as_ref();
        format!("{}/{}", self.generation, hex::encode(accused))
    }
}

/// What is known about it.
#[derive(Clone, Debug, Decode, Encode, Eq, PartialEq)]
struct Facts {
    /// The accused's party id.
    party: SignerId,
    /// What proves it. If there is none, it has misbehaved by this node's word only.
    proof: Option<EncodedEvidence>,
}

impl Facts {
    /// Which of two are worth more: any proof, and the shorter one.
    fn outweigh(&self, other: &Self) -> bool {
        match (&self.proof, &other.proof) {
            (Some(proof), Some(other)) => proof.len() < other.len(),
            (proof, other) => proof.is_some() && other.is_none(),
        }
    }
}

/// The open cases. In memory as on disk; should the disk fail, in memory.
pub struct Ledger {
    key_store: Arc<KeyStore>,
    cases: Mutex<BTreeMap<Case, Facts>>,
}

impl Ledger {
    /// The cases that are open according to the key store. What cannot be read is left out, and
    /// erased. Blocks.
    pub fn open(key_store: Arc<KeyStore>) -> Self {
        let reports = key_store.reports().unwrap_or_else(|error| {
            tracing::error!(%error, "cannot read the reports that this node has yet to make");
            Vec::new()
        });
        let mut cases = BTreeMap::new();
        for (name, report) in reports {
            match read(&name, report) {
                Some((case, facts)) if cases.len() < MOST => {
                    cases.insert(case, facts);
                }
                _ => {
                    tracing::error!(%name, "dropped a report that cannot be used");
                    logged(&name, key_store.erase_report(&name));
                }
            }
        }
        Self {
            key_store,
            cases: Mutex::new(cases),
        }
    }

    /// Notes that a validator has provably cheated. When this returns, it is on disk. Blocks.
    pub fn prove(&self, case: Case, evidence: &SigningEvidence) {
        match EncodedEvidence::try_from(evidence.encode()) {
            Ok(proof) => {
                let (party, proof) = (evidence.accused.clone(), Some(proof));
                self.put(case, Facts { party, proof });
            }
            Err(proof) => {
                tracing::error!(bytes = proof.len(), "a proof is too long to be reported");
            }
        }
    }

    /// Notes that a validator has misbehaved by this node's word. When this returns, it is on disk.
    /// Blocks.
    pub fn suspect(&self, case: Case, party: &SignerId) {
        let known = self.lock().values().any(|facts| facts.party == *party);
        if !known {
            let (party, proof) = (party.clone(), None);
            self.put(case, Facts { party, proof });
        }
    }

    /// The chain takes no proof in this case: what is left is this node's word. Blocks.
    pub fn without_proof(&self, case: &Case) {
        let Some(Facts { party, .. }) = self.lock().remove(case) else {
            return;
        };
        let proof = None;
        self.put(case.clone(), Facts { party, proof });
    }

    /// Forgets a case. Blocks.
    pub fn close(&self, case: &Case) {
        if self.lock().remove(case).is_some() {
            let name = case.name();
            logged(&name, self.key_store.erase_report(&name));
        }
    }

    /// What proves what, of the oldest generation first.
    pub fn proofs(&self) -> Vec<(Case, EncodedEvidence)> {
        let cases = self.lock();
        let proofs = cases
            .iter()
            .filter_map(|(case, facts)| Some((case.clone(), facts.proof.clone()?)));
        proofs.collect()
    }

    /// Who has misbehaved by this node's word.
    pub fn suspects(&self) -> Vec<(Case, SignerId)> {
        let cases = self.lock();
        let suspects = cases.iter().filter(|(_, facts)| facts.proof.is_none());
        suspects
            .map(|(case, facts)| (case.clone(), facts.party.clone()))
            .collect()
    }

    fn put(&self, case: Case, facts: Facts) {
        let mut cases = self.lock();
        match cases.get(&case) {
            Some(known) if !facts.outweigh(known) => return,
            Some(_) => {}
            None if cases.len() < MOST => {}
            None => {
                let least = cases
                    .iter()
                    .min_by_key(|(case, facts)| (facts.proof.is_some(), case.generation))
                    .map(|(case, facts)| (case.clone(), facts.clone()));
                let Some((least, _)) = least.filter(|(_, least)| facts.outweigh(least)) else {
                    tracing::error!(accused = %case.accused, "too many reports wait for the chain");
                    return;
                };
                cases.remove(&least);
                logged(&least.name(), self.key_store.erase_report(&least.name()));
            }
        }
        let name = case.name();
        let report = (&case, &facts).encode();
        logged(&name, self.key_store.put_report(&name, &report));
        cases.insert(case, facts);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Case, Facts>> {
        self.cases.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(name: &str, report: Result<Vec<u8>, KeyStoreError>) -> Option<(Case, Facts)> {
    let report = report.ok()?;
    let (case, facts) = <(Case, Facts)>::decode_all(&mut report.as_slice()).ok()?;
    (case.name() == name).then_some((case, facts))
}

fn logged(name: &str, done: Result<(), KeyStoreError>) {
    if let Err(error) = done {
        tracing::error!(%name, %error, "cannot write to the key store what is to be reported");
    }
}
