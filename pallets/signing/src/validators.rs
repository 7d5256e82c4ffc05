//! The current session's validators and their `signing` keys.
//!
//! The session pallet tells every new set. Its hooks return no weight, so what they cost is part of
//! the session change, which takes a block to itself as it is; the work is bounded by
//! [`Config::MaxValidators`].

use crate::{
    primitives, Committee, Config, Excluded, FormerMembers, KeyOwners, Leaving, Pallet, Phase,
    SeatLoss, Signers, SigningKeys,
};
use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};
use frame_support::{
    defensive,
    traits::{Get, OneSessionHandler},
    BoundedBTreeSet,
};
use frame_system::pallet_prelude::BlockNumberFor;
use primitives::{SignerId, Validator};

const LOG_TARGET: &str = "runtime::signing";

impl<T: Config> Pallet<T> {
    /// The current session's validators, and former ones that are members still, with what they have
    /// announced.
    pub(crate) fn validators() -> Vec<Validator<T::AccountId, BlockNumberFor<T>>> {
        let excluded = Excluded::<T>::get();
        let validator = |account, signing_key, active| Validator {
            signer: Signers::<T>::get(&account),
            excluded: excluded.contains(&account),
            account,
            signing_key,
            active,
        };
        SigningKeys::<T>::iter()
            .map(|(account, key)| validator(account, key, true))
            .chain(
                FormerMembers::<T>::get()
                    .into_iter()
                    .map(|(account, key)| validator(account, key, false)),
            )
            .collect()
    }

    /// Replaces the set of validators.
    ///
    /// Who leaves takes its announcement and its exclusion along: should it come back, it announces
    /// itself again. A keygen that it is a member of goes on: its share is as good as before, and if it
    /// does not confirm, the deadline ends the attempt. A member of the committee is kept as a former
    /// member, until it holds no share in force any more.
    fn set_validators(incoming: impl Iterator<Item = (T::AccountId, SignerId)>) {
        let incoming = Self::distinct(incoming);
        let outgoing: Vec<_> = SigningKeys::<T>::iter().collect();

        // First take all that is no longer so, then put what is: keys may have changed hands.
        let mut left = Vec::new();
        let mut excluded = Excluded::<T>::get();
        let excluded_before = excluded.len();
        let mut former = FormerMembers::<T>::get();
        let former_before = former.len();
        for (account, key) in outgoing {
            if incoming.get(&account) == Some(&key) {
                continue;
            }
            KeyOwners::<T>::remove(&key);
            if !incoming.contains_key(&account) {
                SigningKeys::<T>::remove(&account);
                excluded.remove(&account);
                left.push((account, key));
            }
        }
        // Some may come back.
        former.retain(|account, key| {
            let comes_back = incoming.contains_key(account);
            if comes_back && KeyOwners::<T>::get(&*key).as_ref() == Some(account) {
                KeyOwners::<T>::remove(key);
            }
            !comes_back
        });
        if former.len() != former_before {
            FormerMembers::<T>::put(former);
        }
        for (account, key) in left {
            Self::dismiss(account, key);
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

    /// Takes note of those that the next session does without: they get no seats any more.
    fn set_leaving(queued: BTreeSet<T::AccountId>) {
        let leaving: BTreeSet<_> = SigningKeys::<T>::iter_keys()
            .filter(|validator| !queued.contains(validator))
            .collect();
        match BoundedBTreeSet::try_from(leaving) {
            Ok(leaving) => Leaving::<T>::put(leaving),
            Err(_) => {
                defensive!("no more leave than there are validators");
            }
        }
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

    fn on_new_session<'a, I>(changed: bool, validators: I, queued: I)
    where
        I: Iterator<Item = (&'a T::AccountId, SignerId)> + 'a,
        T::AccountId: 'a,
    {
        let fit_before: Vec<_> = Self::seated()
            .into_iter()
            .map(|member| member.validator)
            .filter(Self::fit())
            .collect();
        if changed {
            Self::set_validators(validators.map(|(account, key)| (account.clone(), key)));
        }
        Self::set_leaving(queued.map(|(account, _)| account.clone()).collect());
        // A new session lets all make blocks that were disabled.
        Self::forget_convictions();
        Self::disable_convicts();
        if !Committee::<T>::exists() {
            return;
        }
        // In phase `Degraded` nothing can be handed over to others.
        if Phase::<T>::get() != primitives::Phase::Degraded {
            let is_fit = Self::fit();
            for validator in fit_before {
                if !is_fit(&validator) {
                    Self::lose_seat(validator, SeatLoss::LeavesValidators);
                }
            }
        }
        Self::forget_old_reports(frame_system::Pallet::<T>::block_number());
        // An era may have begun as well, in which others are barred.
        Self::review_later();
    }

    fn on_disabled(_validator_index: u32) {
        // A disabled validator is disabled for block production. What it does as a signer is
        // judged by its faults.
    }
}
