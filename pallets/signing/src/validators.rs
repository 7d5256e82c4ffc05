//! The current session's validators and their `signing` keys.
//!
//! The session pallet tells every new set. Its hooks return no weight, so what they cost is part of
//! the session change, which takes a block to itself as it is; the work is bounded by
//! [`Config::MaxValidators`].

use crate::{primitives, Config, Event, Excluded, KeyOwners, Pallet, Signers, SigningKeys};
use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};
use frame_support::traits::{Get, OneSessionHandler};
use frame_system::pallet_prelude::BlockNumberFor;
use primitives::{SignerId, Validator};

const LOG_TARGET: &str = "runtime::signing";

impl<T: Config> Pallet<T> {
    /// The current session's validators, with what they have announced.
    pub(crate) fn validators() -> Vec<Validator<T::AccountId, BlockNumberFor<T>>> {
        SigningKeys::<T>::iter()
            .map(|(account, signing_key)| {
                let signer = Signers::<T>::get(&account);
                Validator {
                    account,
                    signing_key,
                    signer,
                }
            })
            .collect()
    }

    /// Replaces the set of validators.
    ///
    /// Who leaves takes its announcement and its exclusion along: should it come back, it announces
    /// itself again. A keygen that it is a member of goes on, as does a committee: its share is as
    /// good as before, and if it does not confirm, the deadline ends the attempt.
    fn set_validators(incoming: impl Iterator<Item = (T::AccountId, SignerId)>) {
        let incoming = Self::distinct(incoming);
        let outgoing: Vec<_> = SigningKeys::<T>::iter().collect();

        // First take all that is no longer so, then put what is: keys may have changed hands.
        let mut excluded = Excluded::<T>::get();
        let excluded_before = excluded.len();
        for (account, key) in outgoing {
            if incoming.get(&account) == Some(&key) {
                continue;
            }
            KeyOwners::<T>::remove(&key);
            if !incoming.contains_key(&account) {
                SigningKeys::<T>::remove(&account);
                excluded.remove(&account);
                if Signers::<T>::take(&account).is_some() {
                    Self::deposit_event(Event::SignerLeft { validator: account });
                }
            }
        }
        if excluded.len() != excluded_before {
            Excluded::<T>::put(excluded);
        }
        for (account, key) in incoming {
            KeyOwners::<T>::insert(&key, &account);
            SigningKeys::<T>::insert(account, key);
        }
        // With too few left, no draw: those that come now get the whole delay again.
        Self::schedule_draw(frame_system::Pallet::<T>::block_number());
    }

    /// The session pallet gives each account and each key once. Were it otherwise, the two maps
    /// would contradict each other, so only the first of each counts.
    fn distinct(
        validators: impl Iterator<Item = (T::AccountId, SignerId)>,
    ) -> BTreeMap<T::AccountId, SignerId> {
        let limit = T::MaxValidators::get() as usize;
        let mut keys = BTreeSet::new();
        let mut distinct = BTreeMap::new();
        for (account, key) in validators {
            if distinct.len() == limit {
                log::error!(target: LOG_TARGET, "more validators than {limit}: the rest cannot be signers");
                break;
            }
            if distinct.contains_key(&account) || !keys.insert(key.clone()) {
                log::error!(target: LOG_TARGET, "validator {account:?} or its key is there twice");
                continue;
            }
            distinct.insert(account, key);
        }
        distinct
    }
}

impl<T: Config> sp_runtime::BoundToRuntimeAppPublic for Pallet<T> {
    type Public = SignerId;
}

impl<T: Config> OneSessionHandler<T::AccountId> for Pallet<T> {
    type Key = SignerId;

    fn on_genesis_session<'a, I>(validators: I)
    where
        I: Iterator<Item = (&'a T::AccountId, SignerId)> + 'a,
        T::AccountId: 'a,
    {
        Self::set_validators(validators.map(|(account, key)| (account.clone(), key)));
    }

    fn on_new_session<'a, I>(changed: bool, validators: I, _queued: I)
    where
        I: Iterator<Item = (&'a T::AccountId, SignerId)> + 'a,
        T::AccountId: 'a,
    {
        if changed {
            Self::set_validators(validators.map(|(account, key)| (account.clone(), key)));
        }
    }

    fn on_disabled(_validator_index: u32) {
        // A disabled validator is disabled for block production. What it does as a signer is
        // judged by its faults.
    }
}
