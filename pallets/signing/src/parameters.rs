//! What root may set.

use crate::{primitives, Config, Error, Event, Pallet, Parameters, ParametersOf, Paused};
use frame_support::{dispatch::DispatchResult, ensure, traits::Get};
use primitives::MaxMembers;
use sp_runtime::traits::Zero;

/// A committee of 3, of which 2 sign. The numbers of blocks suit blocks of 6 s.
pub(crate) fn defaults<T: Config>() -> ParametersOf<T> {
    ParametersOf::<T> {
        committee_size: 3,
        threshold: 2,
        // 5 minutes; a keygen takes about half a minute of computation.
        keygen_deadline: 50u32.into(),
        request_limit: 20,
        fuel: 100_000_000,
        // 2 minutes.
        freshness_window: 20u32.into(),
    }
}

/// Checks that the network can work with these parameters.
pub(crate) fn validate<T: Config>(parameters: &ParametersOf<T>) -> Result<(), Error<T>> {
    ensure!(parameters.threshold >= 2, Error::ThresholdTooLow);
    ensure!(
        parameters.committee_size >= parameters.threshold,
        Error::CommitteeTooSmall
    );
    ensure!(
        parameters.committee_size <= MaxMembers::get(),
        Error::CommitteeTooLarge
    );
    ensure!(
        !parameters.keygen_deadline.is_zero()
            && !parameters.freshness_window.is_zero()
            && parameters.request_limit > 0
            && parameters.fuel > 0,
        Error::ZeroParameter
    );
    Ok(())
}

impl<T: Config> Pallet<T> {
    pub(crate) fn do_set_parameters(parameters: ParametersOf<T>) -> DispatchResult {
        validate::<T>(&parameters)?;
        Parameters::<T>::put(&parameters);
        Self::schedule_draw(frame_system::Pallet::<T>::block_number());
        Self::deposit_event(Event::ParametersSet { parameters });
        Ok(())
    }

    pub(crate) fn do_pause() -> DispatchResult {
        ensure!(!Paused::<T>::get(), Error::<T>::SigningPaused);
        Paused::<T>::put(true);
        Self::deposit_event(Event::Paused);
        Ok(())
    }

    pub(crate) fn do_resume() -> DispatchResult {
        ensure!(Paused::<T>::take(), Error::<T>::NotPaused);
        Self::deposit_event(Event::Resumed);
        Ok(())
    }
}
