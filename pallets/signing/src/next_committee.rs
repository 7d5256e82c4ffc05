//! Who is to have the key next, and who hands it over.

use crate::{
    committee_choice::draw, Committee, CommitteeMemberOf, CommitteeOf, Config, Excluded, Pallet,
    Parameters, Phase, ReshareAttemptOf, Retiring,
};
use alloc::vec::Vec;
use signing_primitives as primitives;
use sp_core::H256;

/// A committee that could be.
pub(crate) struct NextCommittee<T: Config> {
    /// Its members, ordered by party id.
    pub(crate) members: Vec<CommitteeMemberOf<T>>,
    /// How many of them it will take to sign.
    pub(crate) threshold: u32,
}

impl<T: Config> NextCommittee<T> {
    /// Whether this is the committee that there is.
    pub(crate) fn is(&self, committee: &CommitteeOf<T>) -> bool {
        self.members == *committee.members && self.threshold == committee.threshold
    }
}

/// What is overlooked when there would be too few members otherwise, the least first.
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
enum Leniency {
    /// Nothing.
    None,
    /// That a sitting member let an attempt fail: it holds a share as it is.
    FailedMembers,
    /// That a sitting member is to leave.
    RetiringMembers,
    /// That others let an attempt fail.
    FailedCandidates,
}

impl<T: Config> Pallet<T> {
    /// Chooses the committee after `committee`: the sitting members that can stay, and others up to the
    /// size in the parameters, `first` first. `None` if there are too few to sign.
    ///
    /// A member that stays keeps its party id, whatever its session key is by now: the protocol knows
    /// each node by one id.
    pub(crate) fn choose_next_committee(
        committee: &CommitteeOf<T>,
        first: &[T::AccountId],
        seed: H256,
    ) -> Option<NextCommittee<T>> {
        let parameters = Parameters::<T>::get();
        let (excluded, retiring) = (Excluded::<T>::get(), Retiring::<T>::get());
        let is_fit = Self::fit();
        let sitting: Vec<_> = committee
            .sitting()
            .filter(|member| is_fit(&member.validator))
            .cloned()
            .collect();
        let candidates = Self::ordered_candidates(committee, first, seed);
        let size = parameters.committee_size as usize;
        let with = |leniency: Leniency| {
            let stay = sitting
                .iter()
                .filter(|member| {
                    leniency >= Leniency::FailedMembers || !excluded.contains(&member.validator)
                })
                .filter(|member| {
                    leniency >= Leniency::RetiringMembers || !retiring.contains(&member.validator)
                })
                .cloned()
                .collect();
            // If the parameters ask for a smaller committee, chance decides who stays.
            let mut members = draw(stay, size, seed);
            let missing = size.saturating_sub(members.len());
            members.extend(
                candidates
                    .iter()
                    .filter(|candidate| {
                        leniency >= Leniency::FailedCandidates
                            || !excluded.contains(&candidate.validator)
                    })
                    .take(missing)
                    .cloned(),
            );
            members.sort_by(|a, b| a.party.cmp(&b.party));
            members
        };
        let choice = |threshold: u32| {
            [
                Leniency::None,
                Leniency::FailedMembers,
                Leniency::RetiringMembers,
                Leniency::FailedCandidates,
            ]
            .into_iter()
            .map(with)
            .find(|members| members.len() >= threshold as usize)
            .map(|members| NextCommittee { members, threshold })
        };
        // Until the threshold in the parameters can be met, that in force stays.
        choice(parameters.threshold).or_else(|| choice(committee.threshold))
    }

    /// Chooses those of `committee` that hand over: as many as its threshold, those first that will be
    /// members again, by chance among equals. Those that have handed over in `failed` come last: it may
    /// have been the fault of any of them.
    pub(crate) fn choose_old_holders(
        committee: &CommitteeOf<T>,
        next: &NextCommittee<T>,
        failed: Option<&ReshareAttemptOf<T>>,
        seed: H256,
    ) -> Vec<CommitteeMemberOf<T>> {
        let sitting: Vec<_> = committee.sitting().cloned().collect();
        let count = sitting.len();
        let mut holders = draw(sitting, count, seed);
        holders.sort_by_key(|member| {
            let has_failed = failed.is_some_and(|attempt| attempt.old_holders.contains(member));
            (has_failed, !next.members.contains(member))
        });
        holders.truncate(committee.threshold as usize);
        holders.sort_by(|a, b| a.party.cmp(&b.party));
        holders
    }

    /// Those who have seats, or are to have them if a hand-over is running.
    pub(crate) fn seated() -> Vec<CommitteeMemberOf<T>> {
        if let primitives::Phase::Resharing(attempt) = Phase::<T>::get() {
            return attempt.members.into_inner();
        }
        Committee::<T>::get()
            .map(|committee| committee.sitting().cloned().collect())
            .unwrap_or_default()
    }
}
