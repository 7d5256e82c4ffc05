//! What root may set.

use crate::{
    primitives, Committee, Config, Error, Event, Pallet, Parameters, ParametersOf, Paused,
};
use frame_support::{dispatch::DispatchResult, ensure};
use primitives::ParametersError;

impl<T: Config> From<ParametersError> for Error<T> {
    fn from(error: ParametersError) -> Self {
        match error {
            ParametersError::ThresholdTooLow => Self::ThresholdTooLow,
            ParametersError::CommitteeTooSmall => Self::CommitteeTooSmall,
            ParametersError::CommitteeTooLarge => Self::CommitteeTooLarge,
            ParametersError::TooManyStandbys => Self::TooManyStandbys,
            ParametersError::Zero(_) => Self::ZeroParameter,
            ParametersError::CheatingTooCheap => Self::CheatingTooCheap,
        }
    }
}

impl<T: Config> Pallet<T> {
    pub(crate) fn do_set_parameters(parameters: ParametersOf<T>) -> DispatchResult {
        parameters.check().map_err(Error::<T>::from)?;
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
