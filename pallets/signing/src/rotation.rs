//! Members that leave: by rotation, or since they want to.
//!
//! Every rotation period one member leaves and a standby takes its place, so that no set of members
//! stays together for long, and a share that leaked is of no use after. Which one is up to chance: the
//! longest-serving one would be known ahead, and an attacker could tell when a share is still worth
//! stealing. Without standbys the members hand over to themselves, which renews the shares as well.

use crate::{
    AuxInfoAttempt, Committee, Config, Error, Event, LostSeats, Pallet, Parameters, RefreshDue,
    Retiring, RotationFrom, SeatLoss, Standbys,
};
use alloc::vec::Vec;
use codec::Encode;
use frame_support::{defensive, dispatch::DispatchResult, ensure, traits::Randomness};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::traits::{Saturating, Zero};

impl<T: Config> Pallet<T> {
    /// Decides on a rotation if the period is over and nothing else is going on. Tells whether it was so.
    pub(crate) fn rotate_if_due(now: BlockNumberFor<T>) -> bool {
        let period = Parameters::<T>::get().rotation_period;
        if period.is_zero()
            || now < RotationFrom::<T>::get().saturating_add(period)
            || AuxInfoAttempt::<T>::exists()
            || !LostSeats::<T>::get().is_empty()
            || !Retiring::<T>::get().is_empty()
        {
            return false;
        }
        RotationFrom::<T>::put(now);
        if Standbys::<T>::get().is_empty() {
            RefreshDue::<T>::put(true);
            Self::review_later();
            Self::deposit_event(Event::RefreshDue);
            return true;
        }
        let sitting: Vec<_> = Committee::<T>::get()
            .map(|committee| {
                committee
                    .sitting()
                    .map(|member| member.validator.clone())
                    .filter(Self::fit())
                    .collect()
            })
            .unwrap_or_default();
        let seed = T::Randomness::random(&(b"signing-network/rotation", now).encode()).0;
        for validator in crate::committee_choice::draw(sitting, 1, seed) {
            Self::retire(validator, SeatLoss::Rotated);
        }
        true
    }

    /// Has a member's seat go to another, as soon as there is one to take it.
    fn retire(validator: T::AccountId, cause: SeatLoss) {
        if Retiring::<T>::try_mutate(|all| all.try_insert(validator.clone())).is_err() {
            defensive!("no more members retire than there are");
            return;
        }
        Self::lose_seat(validator, cause);
    }

    /// Has a member leave that wants to.
    pub(crate) fn do_leave_committee(who: &T::AccountId) -> DispatchResult {
        let committee = Committee::<T>::get().ok_or(Error::<T>::NotAMember)?;
        ensure!(
            committee.sitting().any(|member| member.validator == *who),
            Error::<T>::NotAMember
        );
        let (retiring, lost) = (Retiring::<T>::get(), LostSeats::<T>::get());
        let leaves =
            |validator: &T::AccountId| retiring.contains(validator) || lost.contains_key(validator);
        ensure!(!leaves(who), Error::<T>::SeatAlreadyLost);
        // It counts on being let go, so it is told now if it cannot be.
        let is_fit = Self::fit();
        let can_stay =
            |validator: &T::AccountId| validator != who && !leaves(validator) && is_fit(validator);
        let staying = committee
            .sitting()
            .filter(|member| can_stay(&member.validator))
            .count();
        let others = Self::seat_candidates(&committee).len();
        ensure!(
            staying.saturating_add(others) >= committee.threshold as usize,
            Error::<T>::NobodyToReplace
        );
        Self::retire(who.clone(), SeatLoss::Requested);
        Ok(())
    }
}
