//! Reports: which count, which are refused, and that nobody is framed with them.

use crate::{
    mock::*, primitives, Barred, Call, Event, FaultReportOf, Parameters, Reports, Standbys,
};
use frame_support::assert_noop;
use frame_system::RawOrigin;
use primitives::{Fault, Phase, UnprovableFault};
use sp_core::{Pair, H256};
use sp_runtime::{
    transaction_validity::{InvalidTransaction, TransactionValidityError, UnknownTransaction},
    DispatchError,
};

fn invalid(error: InvalidTransaction) -> Submission {
    Err(TransactionValidityError::Invalid(error))
}

/// Dispatches past the pool's checks, as no transaction can.
fn dispatch(report: FaultReportOf<Test>) -> Result<(), DispatchError> {
    Signing::report_fault(RawOrigin::Authorized.into(), report, pair(1).sign(b""))
}

/// The pool refuses it, and so would the dispatch.
fn is_refused(by: AccountId, report: FaultReportOf<Test>, how: InvalidTransaction, why: Error) {
    assert_eq!(submit_report(&pair(by), report.clone()), invalid(how));
    assert_noop!(dispatch(report), why);
}

fn reporters(accused: AccountId) -> Vec<AccountId> {
    Reports::<Test>::get(accused)
        .into_inner()
        .into_keys()
        .collect()
}

#[test]
fn a_report_is_counted() {
    test(9, || {
        activate_with_others([4]);
        accuse([5], 3);
        assert_eq!(
            take_events(),
            [Event::FaultReported {
                reporter: 5,
                accused: 3,
                fault: UnprovableFault::Silent
            }]
        );
        assert_eq!(reporters(3), [5]);
        next_block();
        assert_eq!(phase(), Phase::Active);
    });
}

#[test]
fn one_reporter_counts_once_however_often_it_reports() {
    test(12, || {
        activate_with_others([4]);
        accuse([1], 3);
        for fault in [
            UnprovableFault::Silent,
            UnprovableFault::Unreachable,
            UnprovableFault::Misbehaved,
        ] {
            for _ in 0..3 {
                next_block();
                let again = FaultReportOf::<Test> {
                    fault: Fault::Unprovable(fault),
                    ..report(1, 3)
                };
                is_refused(1, again, InvalidTransaction::Stale, Error::AlreadyReported);
            }
        }
        // Nor with another key.
        let mut rotated: Vec<_> = (1..=12).map(|v| (v, pair(v))).collect();
        rotated[0].1 = rotated_pair(1, 1);
        new_session(&rotated);
        let again = FaultReportOf::<Test> {
            signing_key: rotated_pair(1, 1).public(),
            ..report(1, 3)
        };
        assert_eq!(
            submit_report(&rotated_pair(1, 1), again),
            invalid(InvalidTransaction::Stale)
        );
        is_refused(
            1,
            report(1, 2),
            InvalidTransaction::BadSigner,
            Error::NotACurrentKey,
        );
        assert_eq!(reporters(3), [1]);
        assert!(committee().expelled.is_empty());
    });
}

#[test]
fn as_many_members_as_can_sign_are_enough() {
    // So many validators that two are not a third.
    test(12, || {
        activate_with_others([4]);
        accuse([1], 3);
        next_block();
        assert!(committee().expelled.is_empty());
        accuse([2], 3);
        next_block();
        assert_eq!(committee().expelled.to_vec(), [3]);
        assert!(reporters(3).is_empty(), "the reports have done their work");
    });
}

#[test]
fn it_takes_more_than_a_third_of_the_validators() {
    test(12, || {
        activate_with_others([4]);
        accuse([1, 9, 10, 11], 3);
        next_block();
        assert!(
            committee().expelled.is_empty(),
            "four of twelve are a third"
        );
        accuse([12], 3);
        next_block();
        assert_eq!(committee().expelled.to_vec(), [3]);
    });
}

#[test]
fn the_quorum_in_the_parameters_is_the_least() {
    test(4, || {
        Parameters::<Test>::mutate(|parameters| parameters.fault_quorum = 3);
        activate_with_others([4]);
        accuse([1, 2], 3);
        next_block();
        assert!(committee().expelled.is_empty());
        accuse([4], 3);
        next_block();
        assert_eq!(committee().expelled.to_vec(), [3]);
    });
}

#[test]
fn who_is_no_validator_any_more_does_not_count() {
    test(9, || {
        activate_with_others([4]);
        accuse([7, 8], 3);
        // Now that 7 and 8 are gone, two of seven would still be less than a third.
        new_session(&(1..=6).map(|v| (v, pair(v))).collect::<Vec<_>>());
        accuse([5], 3);
        next_block();
        assert!(committee().expelled.is_empty());
        assert_eq!(reporters(3), [5]);
    });
}

#[test]
fn an_expelled_member_does_not_count_as_one() {
    test(30, || {
        activate_with_others([]);
        accuse([1, 2], 3);
        // In the same block already.
        accuse([3, 1], 2);
        next_block();
        next_block();
        assert_eq!(committee().expelled.to_vec(), [3]);
    });
}

#[test]
fn a_report_counts_for_a_window() {
    test(12, || {
        activate_with_others([4]);
        let first = report(1, 3);
        accuse([1], 3);
        run_to(first.at + 20);
        assert_eq!(
            submit_report(&pair(1), report(1, 3)),
            invalid(InvalidTransaction::Stale)
        );
        next_block();
        accuse([2], 3);
        next_block();
        assert!(committee().expelled.is_empty());
        assert_eq!(reporters(3), [2], "the old one is dropped");
        // Played back, it is void.
        is_refused(1, first, InvalidTransaction::Stale, Error::ReportExpired);
        accuse([1], 3);
        next_block();
        assert_eq!(committee().expelled.to_vec(), [3]);
    });
}

#[test]
fn a_new_session_drops_what_is_of_no_use() {
    test(12, || {
        activate_with_others([4]);
        accuse([1], 3);
        accuse([9], 4);
        let all: Vec<_> = (1..=12).map(|v| (v, pair(v))).collect();
        new_session(&all);
        assert_eq!(Reports::<Test>::iter_keys().count(), 2);
        run_to(System::block_number() + 21);
        new_session(&all);
        assert_eq!(Reports::<Test>::iter_keys().count(), 0);
    });
}

#[test]
fn a_new_generation_begins_without_reports() {
    test(12, || {
        activate_with_others([4]);
        accuse([1], 2);
        accuse([1, 2], 3);
        next_block();
        finish_resharing();
        assert_eq!(Reports::<Test>::iter_keys().count(), 0);
        let stale = FaultReportOf::<Test> {
            generation: 1,
            ..report(1, 2)
        };
        is_refused(1, stale, InvalidTransaction::Stale, Error::WrongGeneration);
        let early = FaultReportOf::<Test> {
            generation: 3,
            ..report(1, 2)
        };
        assert_eq!(
            submit_report(&pair(1), early.clone()),
            Err(UnknownTransaction::CannotLookup.into())
        );
        assert_noop!(dispatch(early), Error::WrongGeneration);
    });
}

#[test]
fn only_those_with_something_to_lose_are_accused() {
    test(9, || {
        is_refused(
            1,
            FaultReportOf::<Test> {
                generation: 0,
                ..report(1, 2)
            },
            InvalidTransaction::Call,
            Error::NoCommittee,
        );
        activate_with_others([4]);
        // A validator without a place, a stranger.
        for nobody in [5, 99] {
            is_refused(
                1,
                report(1, nobody),
                InvalidTransaction::Call,
                Error::NotAccusable,
            );
        }
        is_refused(
            1,
            report(1, 1),
            InvalidTransaction::Call,
            Error::ReportOfOneself,
        );
        accuse([1, 2], 3);
        is_refused(
            5,
            report(5, 3),
            InvalidTransaction::Stale,
            Error::SeatAlreadyLost,
        );
        next_block();
        is_refused(
            5,
            report(5, 3),
            InvalidTransaction::Call,
            Error::NotAccusable,
        );
    });
}

#[test]
fn strangers_and_forgers_are_refused() {
    test(9, || {
        activate_with_others([4]);
        is_refused(
            99,
            report(99, 3),
            InvalidTransaction::BadSigner,
            Error::NotACurrentKey,
        );
        let theirs = report(1, 3);
        // In another's name.
        assert_eq!(
            submit_report(&pair(2), theirs.clone()),
            invalid(InvalidTransaction::BadProof)
        );
        // A good signature, but of another chain, or over another report.
        let elsewhere = primitives::fault_report_payload(H256([1; 32]), &theirs);
        let other = primitives::fault_report_payload(genesis_hash(), &report(1, 2));
        for payload in [elsewhere, other] {
            assert_eq!(
                submit(Call::report_fault {
                    report: theirs.clone(),
                    signature: pair(1).sign(&payload),
                }),
                invalid(InvalidTransaction::BadProof)
            );
        }
        for origin in [RawOrigin::Root, RawOrigin::None, RawOrigin::Signed(1)] {
            assert_noop!(
                Signing::report_fault(origin.into(), theirs.clone(), pair(1).sign(b"")),
                DispatchError::BadOrigin
            );
        }
        assert!(reporters(3).is_empty());
    });
}

#[test]
fn only_the_freshness_window_counts() {
    test(9, || {
        activate_with_others([4]);
        run_to(100);
        let at = |at| FaultReportOf::<Test> { at, ..report(1, 3) };
        is_refused(1, at(91), InvalidTransaction::Stale, Error::ReportExpired);
        is_refused(
            1,
            at(109),
            InvalidTransaction::Future,
            Error::ReportFromFuture,
        );
        is_refused(
            1,
            at(u64::MAX),
            InvalidTransaction::Future,
            Error::ReportFromFuture,
        );
        assert_eq!(submit_report(&pair(1), at(92)), Ok(Ok(())));
    });
}

#[test]
fn a_standby_loses_its_place() {
    test(6, || {
        activate_with_others([4, 5]);
        let standby = Standbys::<Test>::get()[0];
        let other = 9 - standby;
        accuse([1, 2], standby);
        assert!(take_events().contains(&Event::StandbyDismissed { validator: standby }));
        assert!(Standbys::<Test>::get().is_empty());
        next_block();
        assert!(reassignments(&take_events()).is_empty());
        assert_eq!(Standbys::<Test>::get().to_vec(), [other]);
        assert_eq!(phase(), Phase::Active);
        // It comes back when it says that it is there, but not before the other.
        announce(standby);
        next_block();
        assert_eq!(Standbys::<Test>::get().to_vec(), [other]);
    });
}

#[test]
fn who_has_lost_a_seat_gets_none_in_the_same_era() {
    test(6, || {
        activate_with_others([4]);
        accuse([1, 2], 3);
        next_block();
        finish_resharing();
        for _ in 0..3 {
            next_block();
            announce(3);
        }
        next_block();
        assert!(Standbys::<Test>::get().is_empty());
        assert!(Barred::<Test>::get().validators.contains(&3));
        // Leaving the session and coming back does not help either.
        let without: Vec<_> = [1, 2, 4, 5].map(|v| (v, pair(v))).to_vec();
        new_session(&without);
        let mut with = without.clone();
        with.push((3, rotated_pair(3, 1)));
        new_session(&with);
        let again = announcement(&rotated_pair(3, 1), System::block_number());
        assert_eq!(submit_announcement(&rotated_pair(3, 1), again), Ok(Ok(())));
        next_block();
        assert!(Standbys::<Test>::get().is_empty());

        Era::set(1);
        new_session(&with);
        next_block();
        assert_eq!(Standbys::<Test>::get().to_vec(), [3]);
    });
}

#[test]
fn the_pool_keeps_one_report_of_a_validator_by_another() {
    test(9, || {
        activate_with_others([4]);
        let admit = |reporter, accused| {
            let report = report(reporter, accused);
            let payload = primitives::fault_report_payload(genesis_hash(), &report);
            let signature = pair(reporter).sign(&payload);
            validate(Call::report_fault { report, signature }).unwrap()
        };
        let (first, again) = (admit(1, 3), admit(1, 3));
        assert_eq!(first.provides, again.provides);
        assert_ne!(first.provides, admit(2, 3).provides);
        assert_ne!(first.provides, admit(1, 2).provides);
        assert_eq!(first.longevity, 9);
    });
}
