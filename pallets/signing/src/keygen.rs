//! The phases up to `Active`: choosing a committee, and counting its confirmations.
//!
//! ```text
//!                     a draw is due                 all confirmed the same
//!   AwaitingSigners ───────────────► Keygen(attempt) ───────────────────► Active
//!          ▲                           │        ▲
//!          │ results differ            │        │ a draw is due: the next attempt, without those
//!          └───────────────────────────┴────────┘ that let this one fail
//!            or no draw is due           deadline
//! ```
//!
//! When a draw is due is told in `committee_choice`. It usually is as soon as an attempt has failed,
//! since the signers have been enough for long.
//!
//! Attempts are numbered over the life of the chain, so that no two share a session id.

use crate::{
    committee_choice::draw,
    primitives,
    session_key_calls::{refusal, Authorization},
    weights::WeightInfo,
    Committee, Config, DrawAt, Error, Event, Excluded, KeygenAttemptOf, KeygenFailure, LastAttempt,
    NetworkVerifyingKey, Pallet, Parameters, Phase, RotationFrom, Signers,
};
use alloc::vec::Vec;
use codec::Encode;
use frame_support::{
    defensive,
    dispatch::DispatchResult,
    ensure,
    pallet_prelude::{UnknownTransaction, Weight},
    BoundedVec,
};
use frame_system::pallet_prelude::BlockNumberFor;
use primitives::{is_verifying_key, KeygenConfirmation, SignerSignature};
use sp_runtime::traits::Saturating;

/// The first set of key shares.
const FIRST_GENERATION: u32 = 1;

impl<T: Config> Pallet<T> {
    /// Does what the beginning of block `now` makes due, and returns its weight.
    pub(crate) fn advance_phase(now: BlockNumberFor<T>) -> Weight {
        match Phase::<T>::get() {
            primitives::Phase::Keygen(attempt) if now > attempt.deadline => {
                let absent = attempt
                    .members
                    .iter()
                    .map(|member| &member.validator)
                    .filter(|validator| !attempt.confirmed.contains(validator))
                    .cloned()
                    .collect();
                Self::fail_keygen(attempt.attempt, KeygenFailure::DeadlineMissed, absent);
                T::WeightInfo::fail_keygen().saturating_add(Self::await_signers(now))
            }
            primitives::Phase::AwaitingSigners => Self::await_signers(now),
            primitives::Phase::Keygen(_) => T::WeightInfo::on_initialize(),
            _ => Self::review_committee(now).saturating_add(Self::end_challenges(now)),
        }
    }

    /// Begins an attempt if a draw is due. Returns the weight.
    fn await_signers(now: BlockNumberFor<T>) -> Weight {
        let weight = T::WeightInfo::await_signers();
        if Self::is_draw_due(now) {
            weight.saturating_add(Self::start_keygen(now))
        } else {
            weight
        }
    }

    /// Draws a committee and begins an attempt. Must be called in phase `AwaitingSigners` only, and
    /// when there are enough signers. Returns the weight.
    pub(crate) fn start_keygen(now: BlockNumberFor<T>) -> Weight {
        let parameters = Parameters::<T>::get();
        let weight = T::WeightInfo::start_keygen(Signers::<T>::count());
        let seed = Self::attempt_seed();
        let size = parameters.committee_size as usize;
        let mut members = draw(Self::candidates(size), size, seed);
        members.sort_by(|a, b| a.party.cmp(&b.party));
        let Ok(members) = BoundedVec::try_from(members) else {
            defensive!("parameters allow no committee over the limit");
            return weight;
        };

        let threshold = parameters.threshold;
        let deadline = now.saturating_add(parameters.keygen_deadline);
        let attempt = Self::next_attempt();
        Self::deposit_event(Event::KeygenStarted {
            attempt,
            members: members.to_vec(),
            threshold,
            deadline,
        });
        Phase::<T>::put(primitives::Phase::Keygen(KeygenAttemptOf::<T> {
            attempt,
            members,
            threshold,
            confirmed: BoundedVec::new(),
            result: None,
            deadline,
        }));
        weight
    }

    /// Ends an attempt without a key.
    pub(crate) fn fail_keygen(attempt: u32, failure: KeygenFailure, at_fault: Vec<T::AccountId>) {
        let excluded = Self::exclude(at_fault);
        Phase::<T>::put(primitives::Phase::AwaitingSigners);
        Self::deposit_event(Event::KeygenFailed {
            attempt,
            failure,
            excluded,
        });
    }

    /// Decides whether the pool, and a block, may take a confirmation.
    pub(crate) fn authorize_confirmation(
        confirmation: &KeygenConfirmation,
        signature: &SignerSignature,
    ) -> Authorization {
        // A node that is a block behind has not seen the attempt begin. The pool shuns what is
        // invalid for half an hour, but not what it cannot judge.
        if confirmation.attempt > LastAttempt::<T>::get() {
            return Err(UnknownTransaction::CannotLookup.into());
        }
        let (attempt, _) = Self::check_confirmation(confirmation).map_err(refusal)?;
        let payload = primitives::keygen_confirmation_payload(Self::genesis_hash(), confirmation);
        Self::verify(&confirmation.signing_key, &payload, signature)?;
        Self::admit(
            (
                b"confirm-keygen",
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
    fn check_confirmation(
        confirmation: &KeygenConfirmation,
    ) -> Result<(KeygenAttemptOf<T>, T::AccountId), Error<T>> {
        let primitives::Phase::Keygen(attempt) = Phase::<T>::get() else {
            return Err(Error::NotInKeygen);
        };
        ensure!(confirmation.attempt == attempt.attempt, Error::WrongAttempt);
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
        ensure!(
            is_verifying_key(&confirmation.verifying_key),
            Error::InvalidVerifyingKey
        );
        Ok((attempt, validator))
    }

    /// Counts a confirmation.
    pub(crate) fn do_confirm_keygen(confirmation: &KeygenConfirmation) -> DispatchResult {
        let (mut attempt, validator) = Self::check_confirmation(confirmation)?;
        let result = (confirmation.verifying_key, confirmation.commitment);
        let differs = attempt.result.is_some_and(|earlier| earlier != result);
        attempt.result = Some(result);
        if attempt.confirmed.try_push(validator.clone()).is_err() {
            defensive!("there are no more confirmations than members");
        }
        Self::deposit_event(Event::KeygenConfirmed {
            attempt: attempt.attempt,
            validator,
        });

        if differs {
            let voters = attempt.confirmed.into_inner();
            Self::fail_keygen(attempt.attempt, KeygenFailure::ResultsDiffer, voters);
        } else if attempt.confirmed.len() == attempt.members.len() {
            Self::finish_keygen(attempt, confirmation);
        } else {
            Phase::<T>::put(primitives::Phase::Keygen(attempt));
        }
        Ok(())
    }

    /// Makes the confirmed key the network's. The only place that writes it.
    fn finish_keygen(attempt: KeygenAttemptOf<T>, confirmation: &KeygenConfirmation) {
        if NetworkVerifyingKey::<T>::exists() {
            defensive!("no keygen runs once there is a key");
            return;
        }
        let KeygenAttemptOf::<T> {
            attempt,
            members,
            threshold,
            ..
        } = attempt;
        Self::deposit_event(Event::NetworkKeyCreated {
            generation: FIRST_GENERATION,
            verifying_key: confirmation.verifying_key,
            members: members.to_vec(),
        });
        NetworkVerifyingKey::<T>::put(confirmation.verifying_key);
        Committee::<T>::put(crate::CommitteeOf::<T> {
            generation: FIRST_GENERATION,
            attempt,
            members,
            threshold,
            commitment: confirmation.commitment,
            expelled: BoundedVec::new(),
        });
        Excluded::<T>::kill();
        DrawAt::<T>::kill();
        Phase::<T>::put(primitives::Phase::Active);
        RotationFrom::<T>::put(frame_system::Pallet::<T>::block_number());
        // Standbys are to be found, and auxiliary information to be made with them.
        Self::review_later();
    }
}
