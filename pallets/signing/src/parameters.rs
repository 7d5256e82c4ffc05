//! What root may set.

use crate::{
    challenges::MOST, primitives, Committee, Config, Error, Event, Pallet, Parameters,
    ParametersOf, Paused,
};
use frame_support::{dispatch::DispatchResult, ensure, traits::Get};
use primitives::{MaxMembers, MaxStandbys};
use sp_runtime::traits::Zero;

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
        parameters.standbys <= MaxStandbys::get(),
        Error::TooManyStandbys
    );
    ensure!(
        !parameters.keygen_deadline.is_zero()
            && !parameters.reshare_deadline.is_zero()
            && !parameters.report_window.is_zero()
            && !parameters.challenge_window.is_zero()
            && parameters.fault_quorum > 0
            && !parameters.freshness_window.is_zero()
            && parameters.request_limit > 0
            && parameters.fuel > 0,
        Error::ZeroParameter
    );
    ensure!(
        parameters.cheating_slash > MOST.max(parameters.silence_slash),
        Error::CheatingTooCheap
    );
    Ok(())
}

impl<T: Config> Pallet<T> {
    pub(crate) fn do_set_parameters(parameters: ParametersOf<T>) -> DispatchResult {
        validate::<T>(&parameters)?;
        Parameters::<T>::put(&parameters);
        Self::schedule_draw(frame_system::Pallet::<T>::block_number());
        if Committee::<T>::exists() {
            Self::review_later();
        }
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
