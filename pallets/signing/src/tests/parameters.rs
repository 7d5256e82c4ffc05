//! Parameters and the pause.

use crate::{mock::*, primitives, Event, Parameters, ParametersOf, Paused};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::{DispatchError, Perbill};

#[test]
fn root_sets_parameters() {
    test(0, || {
        let parameters = primitives::Parameters {
            fuel: 77,
            ..parameters()
        };
        assert_ok!(Signing::set_parameters(
            RuntimeOrigin::root(),
            parameters.clone()
        ));
        assert_eq!(Parameters::<Test>::get(), parameters);
        assert_eq!(take_events(), [Event::ParametersSet { parameters }]);
    });
}

#[test]
fn only_root_does() {
    test(0, || {
        for origin in [RuntimeOrigin::signed(ALICE), RuntimeOrigin::none()] {
            let set = Signing::set_parameters(origin.clone(), parameters());
            assert_noop!(set, DispatchError::BadOrigin);
            assert_noop!(Signing::pause(origin.clone()), DispatchError::BadOrigin);
            assert_noop!(Signing::resume(origin), DispatchError::BadOrigin);
        }
    });
}

#[test]
fn impossible_parameters_are_refused() {
    test(0, || {
        let refused = |change: fn(&mut ParametersOf<Test>), error: Error| {
            let mut parameters = parameters();
            change(&mut parameters);
            assert_noop!(
                Signing::set_parameters(RuntimeOrigin::root(), parameters),
                error
            );
        };
        refused(|p| p.threshold = 0, Error::ThresholdTooLow);
        refused(|p| p.threshold = 1, Error::ThresholdTooLow);
        refused(|p| p.threshold = 4, Error::CommitteeTooSmall);
        refused(|p| p.committee_size = 33, Error::CommitteeTooLarge);
        refused(|p| p.standbys = u32::MAX, Error::TooManyStandbys);
        refused(|p| p.keygen_deadline = 0, Error::ZeroParameter);
        refused(|p| p.freshness_window = 0, Error::ZeroParameter);
        refused(|p| p.request_limit = 0, Error::ZeroParameter);
        refused(|p| p.fuel = 0, Error::ZeroParameter);
        refused(
            |p| p.cheating_slash = Perbill::from_percent(5),
            Error::CheatingTooCheap,
        );
        refused(
            |p| p.silence_slash = p.cheating_slash,
            Error::CheatingTooCheap,
        );
    });
}

#[test]
fn the_limits_themselves_are_possible() {
    test(0, || {
        for (committee_size, threshold) in [(2, 2), (32, 2), (32, 32)] {
            let parameters = primitives::Parameters {
                committee_size,
                threshold,
                ..parameters()
            };
            assert_ok!(Signing::set_parameters(RuntimeOrigin::root(), parameters));
        }
    });
}

#[test]
fn root_pauses_and_resumes() {
    test(0, || {
        assert_noop!(Signing::resume(RuntimeOrigin::root()), Error::NotPaused);
        assert_ok!(Signing::pause(RuntimeOrigin::root()));
        assert!(Paused::<Test>::get() && Signing::network_state().paused);
        assert_noop!(Signing::pause(RuntimeOrigin::root()), Error::SigningPaused);
        assert_ok!(Signing::resume(RuntimeOrigin::root()));
        assert!(!Paused::<Test>::get());
        assert_eq!(take_events(), [Event::Paused, Event::Resumed]);
    });
}
