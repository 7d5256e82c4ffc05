//! Members that have left the validators, but hold shares of the generation in force.
//!
//! They sign and hand over until another generation is in force, so the others must still know where
//! they are and what key they have. They relay nothing, get no new seat, and report nobody
//! but those whom they can prove to have cheated.

use crate::{
    Challenges, Committee, Config, Event, FormerMembers, KeyOwners, Pallet, Phase, Signers,
    SigningKeys,
};
use frame_support::defensive;
use primitives::{SignerId, StakeTie};
use signing_primitives as primitives;

impl<T: Config> Pallet<T> {
    /// Whether `validator` holds a share of the generation in force, sitting or expelled.
    pub(crate) fn holds_share(validator: &T::AccountId) -> bool {
        Committee::<T>::get().is_some_and(|committee| {
            committee
                .members
                .iter()
                .any(|member| member.validator == *validator)
        })
    }

    /// What keeps a validator from taking its stake, or its signer's key, out of reach. While it holds a
    /// share, or is to hold one, it must have something to lose.
    pub fn stake_tie(validator: &T::AccountId) -> Option<StakeTie> {
        let to_be = match Phase::<T>::get() {
            primitives::Phase::Keygen(attempt) => attempt.members,
            primitives::Phase::Resharing(attempt) => attempt.members,
            _ => Default::default(),
        };
        if Self::holds_share(validator) {
            Some(StakeTie::HoldsShare)
        } else if to_be.iter().any(|member| member.validator == *validator) {
            Some(StakeTie::ToHoldShare)
        } else {
            Challenges::<T>::get()
                .contains_key(validator)
                .then_some(StakeTie::Challenged)
        }
    }

    /// Keeps a validator that leaves the session, with its last key, if it holds a share. Otherwise its
    /// announcement is dropped.
    pub(crate) fn dismiss(validator: T::AccountId, key: SignerId) {
        Self::note_last_session(&validator);
        if Self::holds_share(&validator) {
            KeyOwners::<T>::insert(&key, &validator);
            let kept = FormerMembers::<T>::try_mutate(|former| former.try_insert(validator, key));
            if kept.is_err() {
                defensive!("there are no more former members than members");
            }
        } else {
            Self::forget_signer(validator);
        }
    }

    /// Drops the former members that hold no share in force any more.
    pub(crate) fn forget_former_members() {
        let mut former = FormerMembers::<T>::get();
        let before = former.len();
        former.retain(|validator, key| {
            let stays = Self::holds_share(validator);
            if !stays {
                if KeyOwners::<T>::get(&*key).as_ref() == Some(validator) {
                    KeyOwners::<T>::remove(key);
                }
                Self::forget_signer(validator.clone());
            }
            stays
        });
        if former.len() != before {
            FormerMembers::<T>::put(former);
        }
    }

    fn forget_signer(validator: T::AccountId) {
        if Signers::<T>::take(&validator).is_some() {
            Self::deposit_event(Event::SignerLeft { validator });
        }
    }

    /// The validator, current or former, whose key this is.
    pub(crate) fn owner_of(key: &SignerId) -> Option<T::AccountId> {
        KeyOwners::<T>::get(key)
    }

    /// The validator of the current session whose key this is.
    pub(crate) fn active_owner_of(key: &SignerId) -> Option<T::AccountId> {
        Self::owner_of(key).filter(|owner| SigningKeys::<T>::contains_key(owner))
    }
}
