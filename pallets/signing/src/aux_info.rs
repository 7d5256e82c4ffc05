//! Auxiliary information: what members and standbys make together ahead of time, so that a hand-over
//! takes milliseconds.
//!
//! An attempt begins in phase `Active`, when nothing else is due and the set that there is does not
//! cover the members and the standbys. A hand-over that begins meanwhile takes its place: it needs the
//! signers' computers for itself.

use crate::{
    session_key_calls::{refusal, Authorization},
    AttemptFailure, AuxInfo, AuxInfoAttempt, AuxInfoAttemptOf, AuxInfoPause, AuxInfoSetOf,
    Committee, CommitteeMemberOf, Config, Error, Event, LastAttempt, LostSeats, Pallet, Parameters,
    SigningKeys, Standbys,
};
use alloc::vec::Vec;
use codec::Encode;
use frame_support::{
    defensive, dispatch::DispatchResult, ensure, pallet_prelude::UnknownTransaction, BoundedVec,
};
use frame_system::pallet_prelude::BlockNumberFor;
use primitives::{AuxInfoConfirmation, SignerSignature};
use signing_primitives as primitives;
use sp_runtime::traits::Saturating;

impl<T: Config> Pallet<T> {
    /// Those who should have auxiliary information together, ordered by party id: a member by the party
    /// id it has, a standby by its current key.
    fn aux_info_parties() -> Vec<CommitteeMemberOf<T>> {
        let is_fit = Self::fit();
        let mut parties: Vec<CommitteeMemberOf<T>> = Committee::<T>::get()
            .map(|committee| {
                committee
                    .sitting()
                    .filter(|member| is_fit(&member.validator))
                    .cloned()
                    .collect()
            })
            .unwrap_or_default();
        parties.extend(Standbys::<T>::get().into_iter().filter_map(|validator| {
            let party = SigningKeys::<T>::get(&validator)?;
            Some(CommitteeMemberOf::<T> { validator, party })
        }));
        parties.sort_by(|a, b| a.party.cmp(&b.party));
        parties
    }

    /// Begins an attempt if one is needed; gives up one that some are no party to any more. To be called
    /// when members, standbys or their keys may have changed.
    pub(crate) fn review_aux_info(now: BlockNumberFor<T>) {
        let parties = Self::aux_info_parties();
        if let Some(attempt) = AuxInfoAttempt::<T>::get() {
            if now > attempt.deadline {
                Self::end_overdue_aux_info(now);
                return;
            }
            // Newcomers have to wait for the next attempt.
            if attempt.parties.iter().all(|party| parties.contains(party)) {
                return;
            }
            Self::give_up_aux_info();
        }
        let covered = AuxInfo::<T>::get()
            .is_some_and(|set| parties.iter().all(|party| set.parties.contains(party)));
        if covered
            || parties.len() < 2
            || AuxInfoPause::<T>::exists()
            || !LostSeats::<T>::get().is_empty()
        {
            return;
        }
        let Ok(parties) = BoundedVec::try_from(parties) else {
            defensive!("parameters allow no more members and standbys than parties");
            return;
        };
        let attempt = Self::next_attempt();
        let deadline = now.saturating_add(Parameters::<T>::get().keygen_deadline);
        Self::deposit_event(Event::AuxInfoStarted {
            attempt,
            parties: parties.to_vec(),
            deadline,
        });
        AuxInfoAttempt::<T>::put(AuxInfoAttemptOf::<T> {
            attempt,
            parties,
            confirmed: BoundedVec::new(),
            commitment: None,
            deadline,
        });
    }

    /// Ends the attempt if its deadline is over. Tells whether it was.
    pub(crate) fn end_overdue_aux_info(now: BlockNumberFor<T>) -> bool {
        match AuxInfoAttempt::<T>::get() {
            Some(attempt) if now > attempt.deadline => {
                Self::fail_aux_info(attempt, AttemptFailure::DeadlineMissed);
                true
            }
            _ => false,
        }
    }

    /// Ends the attempt for a hand-over, or since some are no party to it any more.
    pub(crate) fn give_up_aux_info() {
        if let Some(attempt) = AuxInfoAttempt::<T>::take() {
            Self::deposit_event(Event::AuxInfoFailed {
                attempt: attempt.attempt,
                failure: AttemptFailure::GivenUp,
                excluded: Vec::new(),
            });
        }
    }

    /// Ends an attempt. The standbys that may be at fault lose their places. Members do not lose theirs
    /// for this: another party could make it look like their fault. If no standby is to blame, or if it
    /// may have been a member, the next attempt waits, since it would fail as well.
    fn fail_aux_info(attempt: AuxInfoAttemptOf<T>, failure: AttemptFailure) {
        let standbys = Standbys::<T>::get();
        let at_fault = attempt
            .parties
            .iter()
            .map(|party| &party.validator)
            .filter(|validator| standbys.contains(validator))
            .filter(|validator| {
                let has_confirmed = attempt.confirmed.contains(validator);
                has_confirmed == (failure == AttemptFailure::ResultsDiffer)
            })
            .cloned()
            .collect();
        let excluded = Self::exclude(at_fault);
        AuxInfoAttempt::<T>::kill();
        if excluded.is_empty() || failure == AttemptFailure::ResultsDiffer {
            let now = frame_system::Pallet::<T>::block_number();
            AuxInfoPause::<T>::put(now.saturating_add(Parameters::<T>::get().report_window));
        }
        Self::deposit_event(Event::AuxInfoFailed {
            attempt: attempt.attempt,
            failure,
            excluded,
        });
        Self::review_later();
    }

    /// Ends the wait after a failure that nobody could be blamed for. Tells whether it was over.
    pub(crate) fn end_aux_info_pause(now: BlockNumberFor<T>) -> bool {
        let over = AuxInfoPause::<T>::get().is_some_and(|until| now >= until);
        if over {
            AuxInfoPause::<T>::kill();
        }
        over
    }

    /// Decides whether the pool, and a block, may take a confirmation.
    pub(crate) fn authorize_aux_info_confirmation(
        confirmation: &AuxInfoConfirmation,
        signature: &SignerSignature,
    ) -> Authorization {
        if confirmation.attempt > LastAttempt::<T>::get() {
            return Err(UnknownTransaction::CannotLookup.into());
        }
        let (attempt, _) = Self::check_aux_info_confirmation(confirmation).map_err(refusal)?;
        let payload = primitives::aux_info_confirmation_payload(Self::genesis_hash(), confirmation);
        Self::verify(&confirmation.signing_key, &payload, signature)?;
        Self::admit(
            (
                b"confirm-aux-info",
                confirmation.attempt,
                &confirmation.signing_key,
            )
                .encode(),
            0,
            attempt.deadline,
        )
    }

    /// Finds the running attempt and the party that may make this confirmation now. Leaves out the
    /// signature.
    fn check_aux_info_confirmation(
        confirmation: &AuxInfoConfirmation,
    ) -> Result<(AuxInfoAttemptOf<T>, T::AccountId), Error<T>> {
        let attempt = AuxInfoAttempt::<T>::get().ok_or(Error::NoAuxInfoAttempt)?;
        ensure!(confirmation.attempt == attempt.attempt, Error::WrongAttempt);
        let validator = attempt
            .parties
            .iter()
            .find(|party| party.party == confirmation.signing_key)
            .map(|party| party.validator.clone())
            .ok_or(Error::NotAMember)?;
        ensure!(
            !attempt.confirmed.contains(&validator),
            Error::AlreadyConfirmed
        );
        Ok((attempt, validator))
    }

    /// Counts a confirmation.
    pub(crate) fn do_confirm_aux_info(confirmation: &AuxInfoConfirmation) -> DispatchResult {
        let (mut attempt, validator) = Self::check_aux_info_confirmation(confirmation)?;
        let commitment = confirmation.commitment;
        let differs = attempt
            .commitment
            .is_some_and(|earlier| earlier != commitment);
        attempt.commitment = Some(commitment);
        if attempt.confirmed.try_push(validator.clone()).is_err() {
            defensive!("there are no more confirmations than parties");
        }
        Self::deposit_event(Event::AuxInfoConfirmed {
            attempt: attempt.attempt,
            validator,
        });

        if differs {
            Self::fail_aux_info(attempt, AttemptFailure::ResultsDiffer);
        } else if attempt.confirmed.len() == attempt.parties.len() {
            AuxInfoAttempt::<T>::kill();
            Self::deposit_event(Event::AuxInfoCreated {
                attempt: attempt.attempt,
                parties: attempt.parties.to_vec(),
            });
            AuxInfo::<T>::put(AuxInfoSetOf::<T> {
                attempt: attempt.attempt,
                parties: attempt.parties,
                commitment,
            });
            // Newcomers have waited for it to end.
            Self::review_later();
        } else {
            AuxInfoAttempt::<T>::put(attempt);
        }
        Ok(())
    }
}
