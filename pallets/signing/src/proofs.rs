//! Reports with proof: one is enough, and a false one is an offence of the reporter.
//!
//! All that can be checked cheaply is checked when the pool takes the report, and again by the block:
//! who reports whom, that the evidence is about a session of a committee whose members are still known,
//! and that the accused was one of them. What fails here costs nothing, and is nobody's offence. Then
//! the node judges the evidence itself ([`signing_evidence`]), which takes a while: whoever has it done
//! for nothing is punished as a cheater is, so nobody can fill blocks with false evidence.

use crate::{
    Committee, CommitteeOf, Config, Error, Event, FaultReportOf, NetworkVerifyingKey, Offence,
    Pallet, PreviousCommittee, ProvenCheaters,
};
use alloc::vec::Vec;
use codec::DecodeAll;
use frame_support::{
    defensive,
    dispatch::DispatchResult,
    ensure,
    weights::{constants::WEIGHT_REF_TIME_PER_MILLIS, Weight},
};
use primitives::EncodedEvidence;
use signing_evidence::{
    signing_evidence_verifier, CommitteeFacts, SigningEvidence, Verdict, WORST_CASE_MILLISECONDS,
};
use signing_primitives as primitives;

/// What the node's check of evidence takes at worst.
pub(crate) const VERIFICATION: Weight = Weight::from_parts(
    WORST_CASE_MILLISECONDS.saturating_mul(WEIGHT_REF_TIME_PER_MILLIS),
    0,
);

impl<T: Config> Pallet<T> {
    /// Finds who proves this, and that it is worth to look at the evidence. Leaves out the signature,
    /// and what the evidence proves.
    pub(crate) fn check_proof(
        report: &FaultReportOf<T>,
        evidence: &EncodedEvidence,
    ) -> Result<T::AccountId, Error<T>> {
        let reporter = Self::check_reporter(report)?;
        ensure!(!Self::is_convicted(&reporter), Error::ReporterConvicted);
        let committee = Self::accountable_committee(report.generation)?;
        ensure!(
            !ProvenCheaters::<T>::get().contains(&(report.generation, report.accused.clone())),
            Error::AlreadyProven
        );
        let evidence = SigningEvidence::decode_all(&mut &evidence[..])
            .map_err(|_| Error::MalformedEvidence)?;
        ensure!(
            committee.members.iter().any(|member| {
                member.party == evidence.accused && member.validator == report.accused
            }),
            Error::EvidenceOfOthers
        );
        let members: Vec<_> = committee
            .members
            .iter()
            .map(|member| member.party.clone())
            .collect();
        let facts = CommitteeFacts {
            genesis_hash: Self::genesis_hash(),
            generation: committee.generation,
            threshold: committee.threshold,
            network_key: NetworkVerifyingKey::<T>::get().ok_or(Error::NoCommittee)?,
            members: &members,
        };
        evidence
            .is_about(&facts)
            .map_err(|_| Error::EvidenceOfOthers)?;
        Ok(reporter)
    }

    /// The committee of a generation, if what its members did can still be proved: the one in force, or
    /// the one before it.
    fn accountable_committee(generation: u32) -> Result<CommitteeOf<T>, Error<T>> {
        let committee = Committee::<T>::get().ok_or(Error::NoCommittee)?;
        [Some(committee), PreviousCommittee::<T>::get()]
            .into_iter()
            .flatten()
            .find(|committee| committee.generation == generation)
            .ok_or(Error::WrongGeneration)
    }

    /// Has the node judge evidence, and punishes the accused or the reporter.
    pub(crate) fn do_report_proof(
        report: &FaultReportOf<T>,
        evidence: &EncodedEvidence,
    ) -> DispatchResult {
        let reporter = Self::check_proof(report, evidence)?;
        let (accused, generation) = (report.accused.clone(), report.generation);
        match signing_evidence_verifier::verify(evidence) {
            Verdict::Proven => {
                let proven = (generation, accused.clone());
                if ProvenCheaters::<T>::try_mutate(|all| all.try_insert(proven)).is_err() {
                    defensive!("no more are proven to cheat than there are members");
                }
                let slash =
                    Self::convict(&accused, Offence::Cheating { generation }, Some(&reporter));
                Self::deposit_event(Event::CheatingProven {
                    reporter,
                    accused,
                    generation,
                    slash,
                });
            }
            Verdict::Rejected(reason) => {
                log::warn!(
                    target: "runtime::signing",
                    "{reporter:?} accuses {accused:?} falsely: {reason:?}"
                );
                let generation = Self::generation_in_force();
                let slash = Self::convict(&reporter, Offence::FalseEvidence { generation }, None);
                Self::deposit_event(Event::FalseEvidence {
                    reporter,
                    accused,
                    slash,
                });
            }
        }
        Ok(())
    }
}
