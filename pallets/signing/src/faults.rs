//! Reports of faults, and what they are worth.
//!
//! The word of one is nothing: anybody may be lying, or be cut off alone. Those that report the same
//! validator within the window are counted once each. It takes
//! - as many sitting members as can sign, and at least `fault_quorum`: if they all lie, they have the
//!   key anyway; or
//! - more than a third of the validators, and at least `fault_quorum`: if they all lie, so many are
//!   malicious that the chain itself is lost.
//!
//! Then a member loses its seat and a standby its place, and either is challenged to show that it is
//! there. Nobody is slashed for what was reported without proof. What can be proved is told in `proofs`.

use crate::{
    proofs::VERIFICATION,
    session_key_calls::{refusal, Authorization},
    weights::WeightInfo,
    AuxInfoAttempt, Committee, Config, Error, Event, FaultReportOf, LostSeats, Pallet, Parameters,
    Report, Reports, SeatLoss, SigningKeys, Standbys,
};
use alloc::vec::Vec;
use codec::Encode;
use frame_support::{
    defensive, dispatch::DispatchResult, ensure, pallet_prelude::UnknownTransaction,
    weights::Weight,
};
use frame_system::pallet_prelude::BlockNumberFor;
use primitives::{Fault, SignerSignature, UnprovableFault};
use signing_primitives as primitives;
use sp_runtime::traits::Saturating;

/// What an accused validator has to lose.
pub(crate) enum Accused {
    /// A seat in the committee, or in the one that is to follow.
    Seated,
    /// A standby's place.
    Standby,
}

impl<T: Config> Pallet<T> {
    /// Decides whether the pool, and a block, may take a report.
    pub(crate) fn authorize_report(
        report: &FaultReportOf<T>,
        signature: &SignerSignature,
    ) -> Authorization {
        // This node may not have seen the latest generation come into force.
        if Committee::<T>::get().is_some_and(|committee| report.generation > committee.generation) {
            return Err(UnknownTransaction::CannotLookup.into());
        }
        // Who it is from, before what it says is looked at: that may be long.
        Self::check_reporter(report).map_err(refusal)?;
        let payload = primitives::fault_report_payload(Self::genesis_hash(), report);
        Self::verify(&report.signing_key, &payload, signature)?;
        // A report with proof waits in the pool beside one without.
        let tag = match &report.fault {
            Fault::Unprovable(_) => {
                Self::check_report(report).map_err(refusal)?;
                (b"report-fault", &report.signing_key, &report.accused).encode()
            }
            Fault::Provable(evidence) => {
                Self::check_proof(report, evidence).map_err(refusal)?;
                (
                    b"report-proof",
                    &report.signing_key,
                    &report.accused,
                    report.generation,
                )
                    .encode()
            }
        };
        let window = Parameters::<T>::get().freshness_window;
        Self::admit(tag, 0, report.at.saturating_add(window))
    }

    /// What a report costs. Evidence is paid for at its worst in advance.
    pub(crate) fn weight_of_report(report: &FaultReportOf<T>) -> Weight {
        match &report.fault {
            Fault::Unprovable(_) => T::WeightInfo::report_fault(),
            Fault::Provable(evidence) => {
                T::WeightInfo::report_proof(evidence.len() as u32).saturating_add(VERIFICATION)
            }
        }
    }

    /// What it costs to admit a report.
    pub(crate) fn weight_of_authorizing_report(report: &FaultReportOf<T>) -> Weight {
        match &report.fault {
            Fault::Unprovable(_) => T::WeightInfo::authorize_report_fault(),
            Fault::Provable(evidence) => {
                T::WeightInfo::authorize_report_proof(evidence.len() as u32)
            }
        }
    }

    /// Finds who makes a report, with proof or without, and that it is fresh.
    pub(crate) fn check_reporter(report: &FaultReportOf<T>) -> Result<T::AccountId, Error<T>> {
        let key = &report.signing_key;
        let reporter = match &report.fault {
            Fault::Unprovable(_) => Self::active_owner_of(key),
            // A member that has left the validators may be the only one who can prove it. It answers
            // for what it says with its last stake.
            Fault::Provable(_) => Self::owner_of(key),
        };
        let reporter = reporter.ok_or(Error::NotACurrentKey)?;
        ensure!(report.accused != reporter, Error::ReportOfOneself);
        let now = frame_system::Pallet::<T>::block_number();
        let window = Parameters::<T>::get().freshness_window;
        ensure!(
            report.at.saturating_add(window) >= now,
            Error::ReportExpired
        );
        ensure!(
            report.at <= now.saturating_add(window),
            Error::ReportFromFuture
        );
        Ok(reporter)
    }

    /// Finds who makes this report without proof, and what the accused has to lose. Leaves out the
    /// signature.
    fn check_report(report: &FaultReportOf<T>) -> Result<(T::AccountId, Accused), Error<T>> {
        let reporter = Self::check_reporter(report)?;
        let now = frame_system::Pallet::<T>::block_number();
        let parameters = Parameters::<T>::get();
        ensure!(
            report.at.saturating_add(parameters.report_window) >= now,
            Error::ReportExpired
        );
        let committee = Committee::<T>::get().ok_or(Error::NoCommittee)?;
        ensure!(
            report.generation == committee.generation,
            Error::WrongGeneration
        );
        let accused = Self::accused(&report.accused)?;
        let known = Reports::<T>::get(&report.accused);
        ensure!(
            known
                .get(&reporter)
                .is_none_or(|earlier| earlier.at.saturating_add(parameters.report_window) < now),
            Error::AlreadyReported
        );
        Ok((reporter, accused))
    }

    /// What a validator could lose by being reported.
    fn accused(validator: &T::AccountId) -> Result<Accused, Error<T>> {
        ensure!(
            LostSeats::<T>::get()
                .get(validator)
                .is_none_or(|lost| lost.cause != SeatLoss::Fault),
            Error::SeatAlreadyLost
        );
        Self::standing(validator).ok_or(Error::NotAccusable)
    }

    /// What a validator has.
    pub(crate) fn standing(validator: &T::AccountId) -> Option<Accused> {
        let is_sitting = Committee::<T>::get().is_some_and(|committee| {
            committee
                .sitting()
                .any(|member| member.validator == *validator)
        });
        let is_seated = is_sitting
            || Self::seated()
                .iter()
                .any(|member| member.validator == *validator);
        if is_seated {
            return Some(Accused::Seated);
        }
        let is_party = AuxInfoAttempt::<T>::get().is_some_and(|attempt| {
            attempt
                .parties
                .iter()
                .any(|party| party.validator == *validator)
        });
        (is_party || Standbys::<T>::get().contains(validator)).then_some(Accused::Standby)
    }

    /// Takes a report.
    pub(crate) fn do_report_fault(report: &FaultReportOf<T>) -> DispatchResult {
        match &report.fault {
            Fault::Unprovable(fault) => Self::count_report(report, *fault),
            Fault::Provable(evidence) => Self::do_report_proof(report, evidence),
        }
    }

    /// Counts a report without proof.
    fn count_report(report: &FaultReportOf<T>, fault: UnprovableFault) -> DispatchResult {
        let (reporter, has) = Self::check_report(report)?;
        let now = frame_system::Pallet::<T>::block_number();
        let window = Parameters::<T>::get().report_window;
        let accused = report.accused.clone();
        let mut reports = Reports::<T>::get(&accused);
        reports.retain(|reporter, report| {
            report.at.saturating_add(window) >= now && SigningKeys::<T>::contains_key(reporter)
        });
        let made = Report {
            at: report.at,
            fault,
        };
        if reports.try_insert(reporter.clone(), made).is_err() {
            defensive!("no more report than there are validators");
        }
        Self::deposit_event(Event::FaultReported {
            reporter,
            accused: accused.clone(),
            fault,
        });

        if !Self::is_quorum(&accused, reports.keys()) {
            Reports::<T>::insert(&accused, reports);
            return Ok(());
        }
        Reports::<T>::remove(&accused);
        Self::challenge(&accused);
        match has {
            Accused::Seated => Self::lose_seat(accused, SeatLoss::Fault),
            Accused::Standby => Self::dismiss_standby(accused),
        }
        Ok(())
    }

    /// Takes a standby's place.
    pub(crate) fn dismiss_standby(validator: T::AccountId) {
        Standbys::<T>::mutate(|standbys| standbys.retain(|standby| *standby != validator));
        Self::exclude(Vec::from([validator.clone()]));
        Self::deposit_event(Event::StandbyDismissed { validator });
        Self::review_later();
    }

    /// Whether those who report `accused` are enough.
    fn is_quorum<'a>(
        accused: &T::AccountId,
        reporters: impl Iterator<Item = &'a T::AccountId> + Clone,
    ) -> bool {
        let Some(committee) = Committee::<T>::get() else {
            return false;
        };
        let least = Parameters::<T>::get().fault_quorum as usize;
        let lost = LostSeats::<T>::get();
        let members = reporters
            .clone()
            .filter(|reporter| {
                committee.sitting().any(|member| {
                    member.validator == **reporter
                        && member.validator != *accused
                        && lost
                            .get(*reporter)
                            .is_none_or(|lost| lost.cause != SeatLoss::Fault)
                })
            })
            .count();
        let all = reporters.count();
        let validators = SigningKeys::<T>::count() as usize;
        members >= least.max(committee.threshold as usize)
            || (all >= least && all.saturating_mul(3) > validators)
    }

    /// Drops reports that do not count any more, or are of those that have nothing to lose any more.
    pub(crate) fn forget_old_reports(now: BlockNumberFor<T>) {
        let window = Parameters::<T>::get().report_window;
        let accused: Vec<_> = Reports::<T>::iter_keys().collect();
        for accused in accused {
            let mut reports = Reports::<T>::get(&accused);
            reports.retain(|reporter, report| {
                report.at.saturating_add(window) >= now && SigningKeys::<T>::contains_key(reporter)
            });
            if reports.is_empty() || Self::accused(&accused).is_err() {
                Reports::<T>::remove(&accused);
            } else {
                Reports::<T>::insert(&accused, reports);
            }
        }
    }
}
