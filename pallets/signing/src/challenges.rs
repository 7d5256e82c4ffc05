//! Challenges: a validator that was reported without proof shows that it is there.
//!
//! One that does not answer in time is punished: the first time by `silence_slash`, each time by twice
//! as much as the last, up to [`MOST_FOR_SILENCE`].

use crate::{
    session_key_calls::{refusal, Authorization},
    weights::WeightInfo,
    Challenge, ChallengeAnswerOf, Challenges, Config, Error, Event, KeyOwners, Offence, Pallet,
    Parameters, PunishOffender, SigningKeys, Silences,
};
use codec::Encode;
use frame_support::{
    defensive, dispatch::DispatchResult, ensure, pallet_prelude::Weight, traits::Get,
};
use frame_system::pallet_prelude::BlockNumberFor;
use primitives::{SignerSignature, MOST_FOR_SILENCE};
use signing_primitives as primitives;
use sp_runtime::{
    traits::{Saturating, Zero},
    Perbill,
};

/// What the silence of a validator costs that has left `earlier` challenges unanswered.
pub(crate) fn silence_slash(first: Perbill, earlier: u32) -> Perbill {
    let times = 1u32.checked_shl(earlier).unwrap_or(u32::MAX);
    Perbill::from_parts(first.deconstruct().saturating_mul(times)).min(MOST_FOR_SILENCE.max(first))
}

impl<T: Config> Pallet<T> {
    /// Challenges a validator to show that it is there, unless it has to already.
    pub(crate) fn challenge(validator: &T::AccountId) {
        let mut challenges = Challenges::<T>::get();
        if challenges.contains_key(validator) {
            return;
        }
        // A former member has its last key here.
        let Some(key) = SigningKeys::<T>::get(validator)
            .or_else(|| crate::FormerMembers::<T>::get().get(validator).cloned())
        else {
            return;
        };
        let now = frame_system::Pallet::<T>::block_number();
        let deadline = now.saturating_add(Parameters::<T>::get().challenge_window);
        let session = T::Punish::session();
        let challenge = Challenge {
            deadline,
            key,
            session,
        };
        if challenges.try_insert(validator.clone(), challenge).is_err() {
            // Never to punish anybody is the safe side.
            log::error!(target: "runtime::signing", "too many challenges: {validator:?} gets none");
            return;
        }
        Challenges::<T>::put(challenges);
        Self::deposit_event(Event::Challenged {
            validator: validator.clone(),
            deadline,
        });
    }

    /// Decides whether the pool, and a block, may take an answer.
    pub(crate) fn authorize_answer(
        answer: &ChallengeAnswerOf<T>,
        signature: &SignerSignature,
    ) -> Authorization {
        Self::check_answer(answer).map_err(refusal)?;
        let payload = primitives::challenge_answer_payload(Self::genesis_hash(), answer);
        Self::verify(&answer.signing_key, &payload, signature)?;
        Self::admit(
            (b"answer-challenge", &answer.signing_key, answer.deadline).encode(),
            0,
            answer.deadline,
        )
    }

    /// Finds the validator that may answer so now: by its current key, or by the one it had when it was
    /// challenged, which is all that one has that has left the session since. Leaves out the signature.
    fn check_answer(answer: &ChallengeAnswerOf<T>) -> Result<T::AccountId, Error<T>> {
        // Also of one that waits for its punishment.
        ensure!(
            answer.deadline >= frame_system::Pallet::<T>::block_number(),
            Error::NotChallenged
        );
        let owner = KeyOwners::<T>::get(&answer.signing_key);
        let challenges = Challenges::<T>::get();
        let mut meant = challenges
            .iter()
            .filter(|(_, challenge)| challenge.deadline == answer.deadline);
        meant
            .clone()
            .find(|(validator, _)| owner.as_ref() == Some(*validator))
            .or_else(|| meant.find(|(_, challenge)| challenge.key == answer.signing_key))
            .map(|(validator, _)| validator.clone())
            .ok_or(Error::NotChallenged)
    }

    /// Takes an answer.
    pub(crate) fn do_answer_challenge(answer: &ChallengeAnswerOf<T>) -> DispatchResult {
        let validator = Self::check_answer(answer)?;
        Challenges::<T>::mutate(|all| all.remove(&validator));
        Self::deposit_event(Event::ChallengeAnswered { validator });
        Ok(())
    }

    /// Punishes one of those whose time to answer is over, whoever's has been over for longest. The others have
    /// their turn in the blocks that follow: a punishment takes a fifth of a block at worst, and after a failure
    /// of the network there may be as many of them as there are validators. Returns what it costs beyond looking.
    pub(crate) fn end_challenges(now: BlockNumberFor<T>) -> Weight {
        let mut challenges = Challenges::<T>::get();
        let overdue = challenges
            .iter()
            .filter(|(_, challenge)| challenge.deadline < now)
            .min_by_key(|(_, challenge)| challenge.deadline)
            .map(|(validator, challenge)| (validator.clone(), challenge.session));
        let Some((validator, session)) = overdue else {
            return Weight::zero();
        };
        challenges.remove(&validator);
        Challenges::<T>::put(challenges);
        let slash = Self::count_silence(&validator);
        Self::deposit_event(Event::ChallengeUnanswered {
            validator: validator.clone(),
            slash,
        });
        T::Punish::punish(&validator, session, Offence::Silence, slash, None);
        T::WeightInfo::punish()
    }

    /// Counts an unanswered challenge, and tells what it costs.
    fn count_silence(validator: &T::AccountId) -> Perbill {
        let era = T::Era::get();
        let mut silences = Silences::<T>::get();
        let earlier = silences.get(validator).map_or(0, |(times, _)| *times);
        if earlier.is_zero() && silences.len() >= T::MaxValidators::get() as usize {
            // Room for it: the one whose last silence was the longest ago is forgiven.
            let oldest = silences
                .iter()
                .min_by_key(|(_, (_, era))| *era)
                .map(|(validator, _)| validator.clone());
            if let Some(oldest) = oldest {
                silences.remove(&oldest);
            }
        }
        let times = earlier.saturating_add(1);
        if silences
            .try_insert(validator.clone(), (times, era))
            .is_err()
        {
            defensive!("there is room for another");
        }
        Silences::<T>::put(silences);
        silence_slash(Parameters::<T>::get().silence_slash, earlier)
    }
}
