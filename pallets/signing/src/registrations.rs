//! Registrations: users' keys and the programs that guard them.

use crate::{
    primitives, Config, Error, Event, NetworkVerifyingKey, NextIndex, Pallet, Paused,
    ProgramInstances, RegistrationOf, Registrations,
};
use frame_support::{dispatch::DispatchResult, ensure};
use primitives::{derive_child_key, VerifyingKey, INDEX_LIMIT};

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
        Registrations::<T>::insert(
            verifying_key,
            RegistrationOf::<T> {
                index,
                owner: owner.clone(),
                programs,
            },
        );
        Self::deposit_event(Event::Registered {
            index,
            verifying_key,
            owner,
            who,
        });
        Ok(())
    }

    /// Takes the next index that has a child key.
    fn next_child(network_key: &VerifyingKey) -> Result<(u32, VerifyingKey), Error<T>> {
        let first = NextIndex::<T>::get();
        for index in first..first.saturating_add(MAX_TRIES).min(INDEX_LIMIT) {
            if let Ok(key) = derive_child_key(network_key, index) {
                // Below `INDEX_LIMIT`, so this cannot overflow.
                NextIndex::<T>::put(index.saturating_add(1));
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
        Registrations::<T>::insert(verifying_key, registration);
        Self::deposit_event(Event::ProgramsChanged { verifying_key });
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

    fn registration_of(
        owner: &T::AccountId,
        verifying_key: VerifyingKey,
    ) -> Result<RegistrationOf<T>, Error<T>> {
        let registration = Registrations::<T>::get(verifying_key).ok_or(Error::NotRegistered)?;
        ensure!(registration.owner == *owner, Error::NotOwner);
        Ok(registration)
    }
}
