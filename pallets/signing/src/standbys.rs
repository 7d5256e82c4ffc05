//! Who may get a seat, and who is next in line for one.
//!
//! A candidate is a validator that has announced its signer, is in the next session's set too, is no
//! member, and has lost no seat in this era. Standbys are drawn from the candidates that are not
//! excluded, by the chain's randomness, and stay until they get a seat or are candidates no more: so
//! that the auxiliary information that they have made with the members stays of use.

use crate::{
    committee_choice::draw, AuxInfo, Barred, Committee, CommitteeMemberOf, CommitteeOf, Config,
    Excluded, Leaving, Pallet, Parameters, Phase, Signers, SigningKeys, Standbys,
};
use alloc::{collections::BTreeSet, vec::Vec};
use codec::Encode;
use frame_support::{
    defensive,
    traits::{Get, Randomness},
    BoundedBTreeSet, BoundedVec,
};
use frame_system::pallet_prelude::BlockNumberFor;
use signing_primitives as primitives;

impl<T: Config> Pallet<T> {
    /// Tells whether a validator can be a member of the next committee as far as the session is concerned: it
    /// is in this session's set and the next one's, and its signer is known.
    pub(crate) fn fit() -> impl Fn(&T::AccountId) -> bool {
        let leaving = Leaving::<T>::get();
        move |validator| {
            SigningKeys::<T>::contains_key(validator)
                && Signers::<T>::contains_key(validator)
                && !leaving.contains(validator)
        }
    }

    /// The validators that have lost or given up a seat in this era.
    pub(crate) fn barred() -> BoundedBTreeSet<T::AccountId, T::MaxValidators> {
        let barred = Barred::<T>::get();
        match barred.era == T::Era::get() {
            true => barred.validators,
            false => Default::default(),
        }
    }

    /// Keeps validators from getting a seat or a standby's place for the rest of this era.
    pub(crate) fn bar(validators: impl IntoIterator<Item = T::AccountId>) {
        let mut validators = validators.into_iter().peekable();
        if validators.peek().is_none() {
            return;
        }
        let era = T::Era::get();
        Barred::<T>::mutate(|barred| {
            if barred.era != era {
                barred.era = era;
                barred.validators = Default::default();
            }
            for validator in validators {
                if barred.validators.try_insert(validator).is_err() {
                    defensive!("no more validators lose seats in an era than there can be");
                }
            }
        });
    }

    /// All candidates for a seat that is not held by a member of `committee`, with their current keys.
    /// Those that are excluded are among them.
    pub(crate) fn seat_candidates(committee: &CommitteeOf<T>) -> Vec<CommitteeMemberOf<T>> {
        let (leaving, barred) = (Leaving::<T>::get(), Self::barred());
        // Keys may have changed hands: no two parties of a protocol may have the same.
        let taken: BTreeSet<_> = committee
            .members
            .iter()
            .map(|member| member.party.clone())
            .collect();
        Signers::<T>::iter_keys()
            .filter(|validator| !leaving.contains(validator) && !barred.contains(validator))
            .filter(|validator| {
                committee
                    .members
                    .iter()
                    .all(|member| member.validator != *validator)
            })
            .filter_map(|validator| {
                let party = SigningKeys::<T>::get(&validator)?;
                Some(CommitteeMemberOf::<T> { validator, party })
            })
            .filter(|candidate| !taken.contains(&candidate.party))
            .collect()
    }

    /// The candidates in the order in which they get seats: first those that have made auxiliary
    /// information with the members; among these, and among the others, those in `first`, then standbys,
    /// then the rest by chance.
    pub(crate) fn ordered_candidates(
        committee: &CommitteeOf<T>,
        first: &[T::AccountId],
        seed: sp_core::H256,
    ) -> Vec<CommitteeMemberOf<T>> {
        let candidates = Self::seat_candidates(committee);
        let count = candidates.len();
        let mut candidates = draw(candidates, count, seed);
        let standbys = Standbys::<T>::get();
        let covered = AuxInfo::<T>::get().map(|set| set.parties);
        candidates.sort_by_key(|candidate| {
            let is_covered = covered
                .as_ref()
                .is_some_and(|parties| parties.contains(candidate));
            let position = |list: &[T::AccountId]| {
                list.iter()
                    .position(|validator| *validator == candidate.validator)
                    .unwrap_or(usize::MAX)
            };
            (!is_covered, position(first), position(&standbys))
        });
        candidates
    }

    /// Drops the standbys that cannot be ones any more, and draws others.
    pub(crate) fn refill_standbys(now: BlockNumberFor<T>) {
        let Some(committee) = Committee::<T>::get() else {
            return;
        };
        let excluded = Excluded::<T>::get();
        let seated: Vec<T::AccountId> = match Phase::<T>::get() {
            primitives::Phase::Resharing(attempt) => attempt
                .members
                .into_iter()
                .map(|member| member.validator)
                .collect(),
            _ => Vec::new(),
        };
        let candidates: Vec<_> = Self::seat_candidates(&committee)
            .into_iter()
            .map(|candidate| candidate.validator)
            .filter(|validator| !excluded.contains(validator) && !seated.contains(validator))
            .collect();
        let wanted = Parameters::<T>::get().standbys as usize;

        let before = Standbys::<T>::get();
        let mut standbys: Vec<_> = before
            .iter()
            .filter(|standby| candidates.contains(standby))
            .take(wanted)
            .cloned()
            .collect();
        let others: Vec<_> = candidates
            .into_iter()
            .filter(|candidate| !standbys.contains(candidate))
            .collect();
        let missing = wanted.saturating_sub(standbys.len());
        if missing > 0 && !others.is_empty() {
            let seed = T::Randomness::random(&(b"signing-network/standbys", now).encode()).0;
            standbys.extend(draw(others, missing, seed));
        }
        if *before == standbys {
            return;
        }
        match BoundedVec::try_from(standbys) {
            Ok(standbys) => Standbys::<T>::put(standbys),
            Err(_) => {
                defensive!("parameters allow no standbys over the limit");
            }
        }
    }
}
