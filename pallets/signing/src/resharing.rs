//! Handing the network key over: counting the confirmations of the next committee.
//!
//! ```text
//!   Resharing(attempt) ── all confirmed the same ──► Active, the next generation in force
//!       │       ▲
//!       │       │ the next attempt, without those that are suspected
//!       ├───────┘ deadline
//!       └──► Active ── the next block ──► the next attempt, without those that confirmed
//!            results differ
//! ```
//!
//! The committee in force signs all the while.

use crate::{
    committee_choice::draw,
    next_committee::NextCommittee,
    session_key_calls::{refusal, Authorization},
    AttemptFailure, AuxInfo, Committee, CommitteeMemberOf, CommitteeOf, Config, Error, Event,
    Excluded, ExcludedAt, FruitlessAttempts, LastAttempt, LostSeats, Pallet, Parameters, Phase,
    PreviousCommittee, RefreshDue, Reports, ReshareAttemptOf, Retiring, RotationFrom, Signers,
};
use alloc::vec::Vec;
use codec::Encode;
use frame_support::{
    defensive, dispatch::DispatchResult, ensure, pallet_prelude::UnknownTransaction, BoundedVec,
};
use frame_system::pallet_prelude::BlockNumberFor;
use primitives::{ReshareConfirmation, SignerSignature};
use signing_primitives as primitives;
use sp_runtime::traits::Saturating;

impl<T: Config> Pallet<T> {
    /// Makes the next attempt of what has been chosen.
    pub(crate) fn new_resharing(
        now: BlockNumberFor<T>,
        committee: &CommitteeOf<T>,
        old_holders: Vec<CommitteeMemberOf<T>>,
        next: NextCommittee<T>,
    ) -> Option<ReshareAttemptOf<T>> {
        let (Ok(old_holders), Ok(members)) = (
            BoundedVec::try_from(old_holders),
            BoundedVec::try_from(next.members),
        ) else {
            defensive!("parameters allow no committee over the limit");
            return None;
        };
        let aux_info = AuxInfo::<T>::get()
            .filter(|set| members.iter().all(|member| set.parties.contains(member)))
            .map(|set| set.attempt);
        Some(ReshareAttemptOf::<T> {
            attempt: Self::next_attempt(),
            generation: committee.generation.saturating_add(1),
            old_holders,
            members,
            threshold: next.threshold,
            aux_info,
            confirmed: BoundedVec::new(),
            commitment: None,
            deadline: now.saturating_add(Parameters::<T>::get().reshare_deadline),
        })
    }

    /// Takes the number of the next attempt, at whatever it is.
    pub(crate) fn next_attempt() -> u32 {
        let attempt = LastAttempt::<T>::get().saturating_add(1);
        LastAttempt::<T>::put(attempt);
        attempt
    }

    /// Begins an attempt.
    pub(crate) fn start_resharing(attempt: ReshareAttemptOf<T>) {
        Self::deposit_event(Event::ReshareStarted {
            attempt: attempt.attempt,
            generation: attempt.generation,
            old_holders: attempt.old_holders.to_vec(),
            members: attempt.members.to_vec(),
            threshold: attempt.threshold,
            deadline: attempt.deadline,
        });
        Phase::<T>::put(primitives::Phase::Resharing(attempt));
    }

    /// Ends an attempt without a new generation. The committee in force is so still.
    pub(crate) fn fail_resharing(attempt: &ReshareAttemptOf<T>, failure: AttemptFailure) {
        let has_confirmed =
            |member: &&CommitteeMemberOf<T>| attempt.confirmed.contains(&member.validator);
        let at_fault: Vec<_> = match failure {
            // One of them lies, and the chain cannot tell which.
            AttemptFailure::ResultsDiffer => attempt.members.iter().filter(has_confirmed).collect(),
            AttemptFailure::DeadlineMissed => Self::suspects_of_missed_deadline(attempt),
            AttemptFailure::GivenUp => Vec::new(),
        };
        let at_fault = at_fault
            .into_iter()
            .map(|member| member.validator.clone())
            .collect();
        let excluded = Self::exclude(at_fault);
        Self::deposit_event(Event::ReshareFailed {
            attempt: attempt.attempt,
            failure,
            excluded,
        });
        Phase::<T>::put(primitives::Phase::Active);
    }

    /// Whether as many have confirmed as it takes to sign: they cannot all be malicious.
    pub(crate) fn an_honest_one_confirmed(attempt: &ReshareAttemptOf<T>) -> bool {
        attempt.confirmed.len() >= attempt.threshold as usize
    }

    /// Those that are passed over since not everybody has confirmed in time. The chain cannot tell who is at
    /// fault: one silent participant is enough to keep all others from confirming, and can confirm itself.
    ///
    /// If an honest one has confirmed, the fault is with those that have not. If not, the first time it may
    /// have been the fault of those that handed over: others do so next. Then all newcomers give way to others.
    /// And from the third time on one more, by chance: of those that stay, or of all if an honest one has
    /// confirmed, whoever has. Somebody may let others down, one at a time. So nobody can hold the key where it
    /// is for ever, as long as there are others to hand it over.
    fn suspects_of_missed_deadline(attempt: &ReshareAttemptOf<T>) -> Vec<&CommitteeMemberOf<T>> {
        let times = FruitlessAttempts::<T>::get().saturating_add(1);
        FruitlessAttempts::<T>::put(times);
        let committee = Committee::<T>::get();
        let (staying, newcomers): (Vec<_>, Vec<_>) = attempt.members.iter().partition(|member| {
            let mut sitting = committee.iter().flat_map(|all| all.sitting());
            sitting.any(|one| one.validator == member.validator)
        });
        let all = attempt.members.iter();
        let (mut suspects, others) = match Self::an_honest_one_confirmed(attempt) {
            true => (
                all.clone()
                    .filter(|member| !attempt.confirmed.contains(&member.validator))
                    .collect(),
                all.collect(),
            ),
            false if times >= 2 => (newcomers, staying),
            false => (Vec::new(), staying),
        };
        if times > 2 {
            // Not from those that are left: who lets others down would choose among whom it is drawn.
            let drawn = draw(others, 1, Self::attempt_seed());
            let more: Vec<_> = drawn
                .into_iter()
                .filter(|one| !suspects.contains(one))
                .collect();
            suspects.extend(more);
        }
        suspects
    }

    /// Passes these over until they announce themselves again. Returns those that this holds for: who
    /// is no validator any more is no candidate anyway.
    pub(crate) fn exclude(mut validators: Vec<T::AccountId>) -> Vec<T::AccountId> {
        validators.retain(|validator| {
            Signers::<T>::contains_key(validator)
                && crate::SigningKeys::<T>::contains_key(validator)
        });
        if !validators.is_empty() {
            ExcludedAt::<T>::put(frame_system::Pallet::<T>::block_number());
            Excluded::<T>::mutate(|all| {
                for validator in &validators {
                    if all.try_insert(validator.clone()).is_err() {
                        defensive!("there are no more signers than validators");
                    }
                }
            });
        }
        validators
    }

    /// Decides whether the pool, and a block, may take a confirmation.
    pub(crate) fn authorize_reshare_confirmation(
        confirmation: &ReshareConfirmation,
        signature: &SignerSignature,
    ) -> Authorization {
        // As in a keygen, this node may be a block behind.
        if confirmation.attempt > LastAttempt::<T>::get() {
            return Err(UnknownTransaction::CannotLookup.into());
        }
        let (attempt, _) = Self::check_reshare_confirmation(confirmation).map_err(refusal)?;
        let payload = primitives::reshare_confirmation_payload(Self::genesis_hash(), confirmation);
        Self::verify(&confirmation.signing_key, &payload, signature)?;
        Self::admit(
            (
                b"confirm-reshare",
                confirmation.attempt,
                &confirmation.signing_key,
            )
                .encode(),
            0,
            attempt.deadline,
        )
    }

    /// Finds the running attempt and the member that may make this confirmation now. Leaves out the
    /// signature.
    fn check_reshare_confirmation(
        confirmation: &ReshareConfirmation,
    ) -> Result<(ReshareAttemptOf<T>, T::AccountId), Error<T>> {
        let primitives::Phase::Resharing(attempt) = Phase::<T>::get() else {
            return Err(Error::NotResharing);
        };
        ensure!(confirmation.attempt == attempt.attempt, Error::WrongAttempt);
        // Otherwise who has lost its seat could still be in the generation that comes into force.
        ensure!(LostSeats::<T>::get().is_empty(), Error::AttemptGivenUp);
        let validator = attempt
            .members
            .iter()
            .find(|member| member.party == confirmation.signing_key)
            .map(|member| member.validator.clone())
            .ok_or(Error::NotAMember)?;
        ensure!(
            !attempt.confirmed.contains(&validator),
            Error::AlreadyConfirmed
        );
        Ok((attempt, validator))
    }

    /// Counts a confirmation.
    pub(crate) fn do_confirm_reshare(confirmation: &ReshareConfirmation) -> DispatchResult {
        let (mut attempt, validator) = Self::check_reshare_confirmation(confirmation)?;
        let differs = attempt
            .commitment
            .is_some_and(|earlier| earlier != confirmation.commitment);
        attempt.commitment = Some(confirmation.commitment);
        if attempt.confirmed.try_push(validator.clone()).is_err() {
            defensive!("there are no more confirmations than members");
        }
        Self::deposit_event(Event::ReshareConfirmed {
            attempt: attempt.attempt,
            validator,
        });

        if differs {
            Self::fail_resharing(&attempt, AttemptFailure::ResultsDiffer);
            // Only the beginning of a block names a committee.
            Self::review_later();
        } else if attempt.confirmed.len() == attempt.members.len() {
            Self::finish_resharing(attempt, confirmation);
        } else {
            Phase::<T>::put(primitives::Phase::Resharing(attempt));
        }
        Ok(())
    }

    /// Puts the next generation in force.
    fn finish_resharing(attempt: ReshareAttemptOf<T>, confirmation: &ReshareConfirmation) {
        let ReshareAttemptOf::<T> {
            attempt,
            generation,
            members,
            threshold,
            ..
        } = attempt;
        Self::deposit_event(Event::CommitteeActivated {
            generation,
            members: members.to_vec(),
        });
        // Its members can still be shown to have cheated.
        PreviousCommittee::<T>::set(Committee::<T>::get());
        Committee::<T>::put(CommitteeOf::<T> {
            generation,
            attempt,
            members: members.clone(),
            threshold,
            commitment: confirmation.commitment,
            expelled: BoundedVec::new(),
        });
        Phase::<T>::put(primitives::Phase::Active);
        Retiring::<T>::kill();
        RefreshDue::<T>::kill();
        FruitlessAttempts::<T>::kill();
        RotationFrom::<T>::put(frame_system::Pallet::<T>::block_number());
        // What was reported was of the generation before.
        let _ = Reports::<T>::clear(u32::MAX, None);
        // It has just shown that it can.
        Excluded::<T>::mutate(|excluded| {
            for member in &members {
                excluded.remove(&member.validator);
            }
        });
        Self::forget_former_members();
        Self::forget_convictions();
        Self::review_later();
    }
}
