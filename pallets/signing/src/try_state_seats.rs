//! What must hold of seats, hand-overs, reports and challenges after every block.

use crate::{
    primitives, reassignment::can_sign, try_state::try_state_members, AuxInfo, AuxInfoAttempt,
    AuxInfoPause, CommitteeOf, Config, Convictions, Excluded, LastAttempt, LostSeats, Pallet,
    PhaseOf, PreviousCommittee, ProvenCheaters, RefreshDue, Reports, ReshareAttemptOf, Retiring,
    ReviewDue, Standbys,
};
use alloc::collections::BTreeSet;
use frame_support::ensure;
use sp_runtime::{
    traits::{One, Saturating},
    TryRuntimeError,
};

impl<T: Config> Pallet<T> {
    /// What must hold before there is a committee.
    pub(crate) fn try_state_no_seats() -> Result<(), TryRuntimeError> {
        ensure!(
            LostSeats::<T>::get().is_empty()
                && Standbys::<T>::get().is_empty()
                && Retiring::<T>::get().is_empty()
                && !ReviewDue::<T>::exists()
                && !RefreshDue::<T>::get()
                && !AuxInfo::<T>::exists()
                && !AuxInfoAttempt::<T>::exists()
                && !AuxInfoPause::<T>::exists()
                && !PreviousCommittee::<T>::exists()
                && ProvenCheaters::<T>::get().is_empty()
                && Convictions::<T>::get().is_empty()
                && Reports::<T>::iter_keys().next().is_none(),
            "nothing is decided of a committee before there is one"
        );
        Ok(())
    }

    /// What must hold once there is a committee.
    pub(crate) fn try_state_seats(
        committee: &CommitteeOf<T>,
        phase: &PhaseOf<T>,
    ) -> Result<(), TryRuntimeError> {
        let members: BTreeSet<_> = committee.members.iter().map(|m| &m.validator).collect();
        let expelled: BTreeSet<_> = committee.expelled.iter().collect();
        ensure!(
            expelled.len() == committee.expelled.len() && expelled.is_subset(&members),
            "members are expelled once"
        );
        match phase {
            primitives::Phase::Degraded => ensure!(
                !can_sign::<T>(committee) || ReviewDue::<T>::exists(),
                "a degraded network cannot sign"
            ),
            primitives::Phase::Resharing(attempt) => {
                ensure!(can_sign::<T>(committee), "those that sit can sign");
                Self::try_state_resharing(committee, attempt)?;
            }
            _ => ensure!(can_sign::<T>(committee), "those that sit can sign"),
        }
        ensure!(
            Retiring::<T>::get().iter().all(|m| members.contains(m)),
            "members retire"
        );
        let now = frame_system::Pallet::<T>::block_number();
        ensure!(
            LostSeats::<T>::get()
                .values()
                .all(|lost| lost.at.saturating_add(One::one()) >= now),
            "a seat that is lost is taken in the next block"
        );
        Self::try_state_standbys(committee, phase)?;
        Self::try_state_reports()
    }

    fn try_state_resharing(
        committee: &CommitteeOf<T>,
        attempt: &ReshareAttemptOf<T>,
    ) -> Result<(), TryRuntimeError> {
        try_state_members::<T>(&attempt.members, attempt.threshold)?;
        ensure!(
            committee.generation.checked_add(1) == Some(attempt.generation),
            "generations are counted"
        );
        ensure!(
            committee.attempt < attempt.attempt && attempt.attempt <= LastAttempt::<T>::get(),
            "attempts are counted"
        );
        ensure!(
            attempt.old_holders.len() == committee.threshold as usize,
            "as many hand over as can sign"
        );
        ensure!(
            attempt
                .old_holders
                .iter()
                .all(|holder| committee.sitting().any(|member| member == holder)),
            "members that sit hand over"
        );
        ensure!(
            attempt
                .members
                .iter()
                .all(|member| !committee.expelled.contains(&member.validator)),
            "nobody gets a seat that has lost one"
        );
        let members: BTreeSet<_> = attempt.members.iter().map(|m| &m.validator).collect();
        let confirmed: BTreeSet<_> = attempt.confirmed.iter().collect();
        ensure!(
            confirmed.len() == attempt.confirmed.len()
                && confirmed.is_subset(&members)
                && confirmed.len() < members.len(),
            "each member confirms once, and the last ends the attempt"
        );
        ensure!(
            attempt.commitment.is_some() != confirmed.is_empty(),
            "there is a result if somebody confirmed it"
        );
        if let (Some(used), Some(set)) = (attempt.aux_info, AuxInfo::<T>::get()) {
            ensure!(
                used == set.attempt && attempt.members.iter().all(|m| set.parties.contains(m)),
                "the auxiliary information covers the members"
            );
        }
        ensure!(
            !AuxInfoAttempt::<T>::exists(),
            "a hand-over has the signers to itself"
        );
        Ok(())
    }

    fn try_state_standbys(
        committee: &CommitteeOf<T>,
        phase: &PhaseOf<T>,
    ) -> Result<(), TryRuntimeError> {
        let standbys = Standbys::<T>::get();
        let distinct: BTreeSet<_> = standbys.iter().collect();
        ensure!(distinct.len() == standbys.len(), "standbys are distinct");
        let members: BTreeSet<_> = committee.members.iter().map(|m| &m.validator).collect();
        // What changes in a block is looked at in the beginning of the next.
        if !ReviewDue::<T>::exists() && LostSeats::<T>::get().is_empty() {
            let (excluded, barred) = (Excluded::<T>::get(), Self::barred());
            let is_fit = Self::fit();
            let to_be: BTreeSet<_> = match phase {
                primitives::Phase::Resharing(attempt) => {
                    attempt.members.iter().map(|m| &m.validator).collect()
                }
                _ => Default::default(),
            };
            ensure!(
                standbys.iter().all(|standby| {
                    is_fit(standby)
                        && !members.contains(standby)
                        && !to_be.contains(standby)
                        && !excluded.contains(standby)
                        && !barred.contains(standby)
                }),
                "standbys could be members"
            );
        }
        if let Some(attempt) = AuxInfoAttempt::<T>::get() {
            ensure!(
                *phase == primitives::Phase::Active,
                "auxiliary information is made while nothing else is"
            );
            let parties: BTreeSet<_> = attempt.parties.iter().map(|p| &p.party).collect();
            ensure!(
                parties.len() == attempt.parties.len() && parties.len() >= 2,
                "parties are distinct"
            );
            ensure!(
                attempt.confirmed.len() < attempt.parties.len(),
                "all confirmations end the attempt"
            );
        }
        Ok(())
    }

    fn try_state_reports() -> Result<(), TryRuntimeError> {
        for (accused, reports) in Reports::<T>::iter() {
            ensure!(!reports.is_empty(), "nothing is stored of nothing");
            ensure!(!reports.contains_key(&accused), "nobody reports itself");
        }
        Ok(())
    }
}
