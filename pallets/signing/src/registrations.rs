//! Registrations: users' keys, the programs that guard them, and the deposits that are held for
//! them.

use crate::{
    primitives, BalanceOf, Config, Error, Event, HoldReason, NetworkVerifyingKey, NextIndex,
    Pallet, Paused, ProgramInstances, RegistrationDepositOf, RegistrationDeposits, RegistrationOf,
    Registrations, StoredIndex,
};
use codec::Encode;
use frame_support::{
    dispatch::DispatchResult,
    ensure,
    traits::{fungible::MutateHold, tokens::Precision, Get},
};
use primitives::{derive_child_key, VerifyingKey, INDEX_LIMIT};
use sp_runtime::{traits::Saturating, DispatchError};

/// How many indexes one registration tries. That a single one has no child has a probability below
/// 2⁻¹²⁷, so this bounds the work and no more.
const MAX_TRIES: u32 = 4;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_register(
        who: T::AccountId,
        programs: ProgramInstances,
        owner: T::AccountId,
    ) -> DispatchResult {
        ensure!(!Paused::<T>::get(), Error::<T>::SigningPaused);
        let network_key = NetworkVerifyingKey::<T>::get().ok_or(Error::<T>::NoNetworkKey)?;
        ensure!(!programs.is_empty(), Error::<T>::NoPrograms);
        Self::add_references(&programs)?;

        let (index, verifying_key) = Self::next_child(&network_key)?;
        let registration = RegistrationOf::<T> {
            index,
            owner: owner.clone(),
            programs,
        };
        let deposit = Self::hold_for_registration(verifying_key, &registration, who.clone())?;
        Registrations::<T>::insert(verifying_key, registration);
        Self::deposit_event(Event::Registered {
            index,
            verifying_key,
            owner,
            who,
            deposit,
        });
        Ok(())
    }

    /// Takes the next index that has a child key.
    // Another type with the feature `upgrade-test`.
    #[allow(clippy::useless_conversion)]
    fn next_child(network_key: &VerifyingKey) -> Result<(u32, VerifyingKey), Error<T>> {
        let first = NextIndex::<T>::get();
        let first = u32::try_from(first).map_err(|_| Error::IndexesExhausted)?;
        for index in first..first.saturating_add(MAX_TRIES).min(INDEX_LIMIT) {
            if let Ok(key) = derive_child_key(network_key, index) {
                // Below `INDEX_LIMIT`, so this cannot overflow.
                NextIndex::<T>::put(StoredIndex::from(index.saturating_add(1)));
                return Ok((index, key));
            }
        }
        Err(Error::IndexesExhausted)
    }

    pub(crate) fn do_change_programs(
        who: &T::AccountId,
        verifying_key: VerifyingKey,
        programs: ProgramInstances,
    ) -> DispatchResult {
        let mut registration = Self::registration_of(who, verifying_key)?;
        ensure!(!programs.is_empty(), Error::<T>::NoPrograms);
        // The new ones first: a program that stays is never without a reference.
        Self::add_references(&programs)?;
        Self::remove_references(&registration.programs)?;
        registration.programs = programs;
        // Released before it is held anew: an owner who is the depositor pays the difference.
        Self::release_for_registration(verifying_key)?;
        let deposit = Self::hold_for_registration(verifying_key, &registration, who.clone())?;
        Registrations::<T>::insert(verifying_key, registration);
        Self::deposit_event(Event::ProgramsChanged {
            verifying_key,
            deposit,
        });
        Ok(())
    }

    pub(crate) fn do_change_owner(
        who: &T::AccountId,
        verifying_key: VerifyingKey,
        owner: T::AccountId,
    ) -> DispatchResult {
        let mut registration = Self::registration_of(who, verifying_key)?;
        registration.owner = owner.clone();
        Registrations::<T>::insert(verifying_key, registration);
        Self::deposit_event(Event::OwnerChanged {
            verifying_key,
            owner,
        });
        Ok(())
    }

    pub(crate) fn do_deregister(who: &T::AccountId, verifying_key: VerifyingKey) -> DispatchResult {
        let registration = Self::registration_of(who, verifying_key)?;
        // `NextIndex` stays as it is: the index, and with it the key, is used up.
        Registrations::<T>::remove(verifying_key);
        Self::remove_references(&registration.programs)?;
        Self::release_for_registration(verifying_key)?;
        Self::deposit_event(Event::Deregistered {
            index: registration.index,
            verifying_key,
        });
        Ok(())
    }

    /// What is held for a registration that takes `bytes`.
    pub fn registration_price(bytes: u32) -> BalanceOf<T> {
        T::RegistrationDepositPerByte::get()
            .saturating_mul(bytes.into())
            .saturating_add(T::RegistrationDepositBase::get())
    }

    /// Holds the deposit for what a registration takes, and remembers whose it is.
    fn hold_for_registration(
        verifying_key: VerifyingKey,
        registration: &RegistrationOf<T>,
        depositor: T::AccountId,
    ) -> Result<BalanceOf<T>, DispatchError> {
        let amount = Self::registration_price(registration.encoded_size() as u32);
        let reason = HoldReason::RegistrationDeposit.into();
        T::Currency::hold(&reason, &depositor, amount)?;
        // Remembered, for the price may change before it is released, and the owner too.
        let deposit = RegistrationDepositOf::<T> { depositor, amount };
        RegistrationDeposits::<T>::insert(verifying_key, deposit);
        Ok(amount)
    }

    /// Releases a registration's deposit to whoever it is held of.
    fn release_for_registration(verifying_key: VerifyingKey) -> DispatchResult {
        if let Some(deposit) = RegistrationDeposits::<T>::take(verifying_key) {
            // Best effort: if something else has cut the hold, the registration must be removable
            // still.
            T::Currency::release(
                &HoldReason::RegistrationDeposit.into(),
                &deposit.depositor,
                deposit.amount,
                Precision::BestEffort,
            )?;
        }
        Ok(())
    }

    fn registration_of(
        owner: &T::AccountId,
        verifying_key: VerifyingKey,
    ) -> Result<RegistrationOf<T>, Error<T>> {
        let registration = Registrations::<T>::get(verifying_key).ok_or(Error::NotRegistered)?;
        ensure!(registration.owner == *owner, Error::NotOwner);
        Ok(registration)
    }
}
