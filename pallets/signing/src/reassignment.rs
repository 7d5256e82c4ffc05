//! Who loses a seat in block *n* has lost it in the beginning of block *n+1*, whatever else goes on.
//!
//! ```text
//!   block n     a report, a session, a rotation, a request ──► LostSeats
//!   block n+1   CommitteeReassigned, and the phase is
//!                 Resharing   to those that stay and others in place of those that left
//!                 Active      if nobody can be found, or nothing is to be changed
//!                 Degraded    if those that sit are too few to sign
//! ```
//!
//! What else may change who should have seats (announcements, sessions, parameters, an activation)
//! only sets [`ReviewDue`]. The beginning of the next block compares the committee with the one that
//! would be chosen now, and begins a hand-over if they differ: so nothing is begun that cannot lead
//! anywhere, and nothing is forgotten that could not be done at once.

use crate::{
    weights::WeightInfo, AttemptFailure, Committee, CommitteeMemberOf, CommitteeOf, Config, Event,
    FruitlessAttempts, LastAttempt, LostSeat, LostSeats, Pallet, Phase, RefreshDue,
    ReshareAttemptOf, ReviewDue, SeatLoss, Signers,
};
use alloc::vec::Vec;
use codec::Encode;
use frame_support::{defensive, pallet_prelude::Weight, traits::Randomness};
use frame_system::pallet_prelude::BlockNumberFor;
use signing_primitives as primitives;

/// Whether enough members sit to sign, and so to hand over.
pub(crate) fn can_sign<T: Config>(committee: &CommitteeOf<T>) -> bool {
    committee.sitting().count() >= committee.threshold as usize
}

impl<T: Config> Pallet<T> {
    /// Decides that a validator loses its seat in the next block.
    pub(crate) fn lose_seat(validator: T::AccountId, cause: SeatLoss) {
        let now = frame_system::Pallet::<T>::block_number();
        let mut all = LostSeats::<T>::get();
        match all.get(&validator) {
            Some(lost) if lost.cause == SeatLoss::Fault || lost.cause == cause => return,
            // The block before has decided it, and this one, whose session begins, will take the seat.
            Some(lost) if lost.at < now => return,
            _ => {}
        }
        let lost = LostSeat { cause, at: now };
        if all.try_insert(validator.clone(), lost).is_err() {
            defensive!("no more seats are lost than there are");
            return;
        }
        LostSeats::<T>::put(all);
        Self::deposit_event(Event::SeatLost { validator, cause });
    }

    /// Has the next block look whether the committee and the standbys are those that they should be.
    pub(crate) fn review_later() {
        ReviewDue::<T>::put(frame_system::Pallet::<T>::block_number());
    }

    /// Does what the beginning of block `now` makes due once there is a committee. Returns its weight.
    pub(crate) fn review_committee(now: BlockNumberFor<T>) -> Weight {
        let signers = Signers::<T>::count();
        let lost = Self::take_lost_seats(now);
        let review = ReviewDue::<T>::get().is_some_and(|at| at < now);
        if !lost.is_empty() {
            let before = Self::seated();
            Self::expel(lost);
            Self::reassign(now, &before, Some(Decided), None);
            return T::WeightInfo::reassign(signers);
        }
        match Phase::<T>::get() {
            primitives::Phase::Resharing(attempt) if now > attempt.deadline => {
                Self::fail_resharing(&attempt, AttemptFailure::DeadlineMissed);
                // Those that handed over may be to blame, if no honest member could finish.
                let failed = Some(&attempt).filter(|failed| !Self::an_honest_one_confirmed(failed));
                Self::reassign(now, &attempt.members, None, failed);
                T::WeightInfo::fail_resharing(signers)
            }
            primitives::Phase::Active => {
                let due = review | Self::end_aux_info_pause(now);
                if due {
                    ReviewDue::<T>::kill();
                    Self::review_active(now);
                    // Where seats are lost, the next committee is chosen once: here it may be twice.
                    T::WeightInfo::reassign(signers).saturating_mul(2)
                } else if Self::act_in_time(now) {
                    T::WeightInfo::reassign(signers)
                } else {
                    T::WeightInfo::on_initialize()
                }
            }
            primitives::Phase::Degraded
                if review
                    && Committee::<T>::get().is_some_and(|committee| can_sign::<T>(&committee)) =>
            {
                Self::reassign(now, &Self::seated(), Some(Decided), None);
                T::WeightInfo::reassign(signers)
            }
            _ if review => {
                ReviewDue::<T>::kill();
                Self::refill_standbys(now);
                T::WeightInfo::reassign(signers)
            }
            _ => T::WeightInfo::on_initialize(),
        }
    }

    /// Compares the committee with the one that would be chosen now. If they are the same, there is time
    /// for standbys and auxiliary information.
    fn review_active(now: BlockNumberFor<T>) {
        let Some(committee) = Committee::<T>::get() else {
            defensive!("phase Active has a committee");
            return;
        };
        let next = Self::choose_next_committee(&committee, &[], Self::attempt_seed());
        if next.is_some_and(|next| !next.is(&committee) || RefreshDue::<T>::get()) {
            return Self::reassign(now, &committee.members, Some(Decided), None);
        }
        Self::refill_standbys(now);
        // First: attempts at auxiliary information that fail again and again must not put it off.
        Self::rotate_if_due(now);
        Self::review_aux_info(now);
    }

    /// Does what time alone makes due in phase `Active`. Tells whether there was anything.
    fn act_in_time(now: BlockNumberFor<T>) -> bool {
        Self::end_overdue_aux_info(now) | Self::rotate_if_due(now)
    }

    /// The seats that earlier blocks decided to be lost.
    fn take_lost_seats(now: BlockNumberFor<T>) -> Vec<(T::AccountId, SeatLoss)> {
        let mut all = LostSeats::<T>::get();
        if all.is_empty() {
            return Vec::new();
        }
        // A session that begins in this block has decided already, and is for the next one.
        let due = all
            .iter()
            .filter(|(_, lost)| lost.at < now)
            .map(|(validator, lost)| (validator.clone(), lost.cause))
            .collect();
        all.retain(|_, lost| lost.at >= now);
        LostSeats::<T>::put(all);
        due
    }

    /// Nobody signs with a member at fault any more. The others that lose their seats sign on until the
    /// next committee is in force.
    fn expel(lost: Vec<(T::AccountId, SeatLoss)>) {
        let Some(mut committee) = Committee::<T>::get() else {
            defensive!("only those who have a seat can lose it");
            return;
        };
        let barred = lost
            .iter()
            .filter(|(_, cause)| matches!(cause, SeatLoss::Fault | SeatLoss::Requested));
        Self::bar(barred.map(|(validator, _)| validator.clone()));
        for (validator, cause) in lost {
            let sits = committee
                .sitting()
                .any(|member| member.validator == validator);
            if cause == SeatLoss::Fault && sits && committee.expelled.try_push(validator).is_err() {
                defensive!("no more members are expelled than there are");
            }
        }
        Committee::<T>::put(committee);
    }

    /// Names who is to have the key instead of those `before`, and begins the hand-over to them if there
    /// is any to be made. What was `decided` is told in any case, another try only if it is with others.
    fn reassign(
        now: BlockNumberFor<T>,
        before: &[CommitteeMemberOf<T>],
        decided: Option<Decided>,
        failed: Option<&ReshareAttemptOf<T>>,
    ) {
        let Some(committee) = Committee::<T>::get() else {
            defensive!("only a committee can be changed");
            return;
        };
        ReviewDue::<T>::kill();
        Self::give_up_aux_info();
        let attempt = Self::next_resharing(now, &committee, before, failed);
        let (generation, members) = match &attempt {
            Some(attempt) => (attempt.generation, attempt.members.to_vec()),
            None => (committee.generation, committee.sitting().cloned().collect()),
        };
        let (removed, added) = (
            missing::<T>(&members, before),
            missing::<T>(before, &members),
        );
        if decided.is_some() || !removed.is_empty() || !added.is_empty() {
            Self::deposit_event(Event::CommitteeReassigned {
                generation,
                removed,
                added,
                members,
            });
        }
        match attempt {
            Some(attempt) => Self::start_resharing(attempt),
            None => {
                FruitlessAttempts::<T>::kill();
                Phase::<T>::put(if can_sign::<T>(&committee) {
                    primitives::Phase::Active
                } else {
                    primitives::Phase::Degraded
                });
                // There may be standbys to be found, and auxiliary information to be made.
                Self::review_later();
            }
        }
        Self::refill_standbys(now);
    }

    /// The hand-over that is to be made, if there is any.
    fn next_resharing(
        now: BlockNumberFor<T>,
        committee: &CommitteeOf<T>,
        before: &[CommitteeMemberOf<T>],
        failed: Option<&ReshareAttemptOf<T>>,
    ) -> Option<ReshareAttemptOf<T>> {
        if !can_sign::<T>(committee) {
            return None;
        }
        // Those that were to have seats are to have them still.
        let first: Vec<_> = before
            .iter()
            .map(|member| member.validator.clone())
            .collect();
        let seed = Self::attempt_seed();
        let next = Self::choose_next_committee(committee, &first, seed)?;
        if next.is(committee) && !RefreshDue::<T>::get() {
            return None;
        }
        let old_holders = Self::choose_old_holders(committee, &next, failed, seed);
        Self::new_resharing(now, committee, old_holders, next)
    }

    /// What the next attempt's choices are drawn from.
    pub(crate) fn attempt_seed() -> sp_core::H256 {
        let attempt = LastAttempt::<T>::get().saturating_add(1);
        T::Randomness::random(&(b"signing-network/committee", attempt).encode()).0
    }
}

/// Says that a reassignment follows from a decision of the block before.
#[derive(Clone, Copy)]
struct Decided;

/// Those `of` these that are missing `from` those.
fn missing<T: Config>(
    from: &[CommitteeMemberOf<T>],
    of: &[CommitteeMemberOf<T>],
) -> Vec<T::AccountId> {
    of.iter()
        .map(|member| &member.validator)
        .filter(|validator| from.iter().all(|other| other.validator != **validator))
        .cloned()
        .collect()
}
