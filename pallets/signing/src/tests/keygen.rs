//! Every change of phase.

use crate::{
    mock::*, primitives, Committee, Event, Excluded, KeygenFailure, LastAttempt,
    NetworkVerifyingKey, Phase, Signers,
};
use frame_support::assert_ok;
use sp_core::H256;
use sp_runtime::transaction_validity::{InvalidTransaction, TransactionValidityError};

fn invalid(error: InvalidTransaction) -> Submission {
    Err(TransactionValidityError::Invalid(error))
}

fn awaiting_signers() -> bool {
    Phase::<Test>::get() == primitives::Phase::AwaitingSigners
}

fn excluded() -> Vec<AccountId> {
    Excluded::<Test>::get().into_iter().collect()
}

#[test]
fn all_members_confirm_and_there_is_a_key() {
    test(5, || {
        begin_keygen([1, 2, 3]);
        let attempt = attempt();
        take_events();
        confirm(2, network_key(1));
        confirm(3, network_key(1));
        assert_eq!(NetworkVerifyingKey::<Test>::get(), None);
        assert_eq!(crate::mock::attempt().confirmed.to_vec(), [2, 3]);
        next_block();
        confirm(1, network_key(1));

        assert_eq!(Phase::<Test>::get(), primitives::Phase::Active);
        assert_eq!(NetworkVerifyingKey::<Test>::get(), Some(network_key(1)));
        let committee = Committee::<Test>::get().unwrap();
        assert_eq!(
            (committee.generation, committee.attempt, committee.threshold),
            (1, 1, 2)
        );
        assert_eq!(committee.members, attempt.members);
        assert_eq!(committee.commitment, H256([9; 32]));
        assert_eq!(
            take_events(),
            [
                Event::KeygenConfirmed {
                    attempt: 1,
                    validator: 2
                },
                Event::KeygenConfirmed {
                    attempt: 1,
                    validator: 3
                },
                Event::KeygenConfirmed {
                    attempt: 1,
                    validator: 1
                },
                Event::NetworkKeyCreated {
                    generation: 1,
                    verifying_key: network_key(1),
                    members: attempt.members.to_vec(),
                },
            ]
        );
        let state = Signing::network_state();
        assert_eq!(state.committee, Some(committee));
        assert_eq!(state.verifying_key, Some(network_key(1)));
    });
}

#[test]
fn nothing_begins_another_keygen_once_there_is_a_key() {
    test(5, || {
        activate();
        run_to(100);
        announce(4);
        announce(5);
        new_session(&[(4, pair(4)), (5, pair(5)), (6, pair(6))]);
        announce(6);
        run_to(200);
        // There is work, but it is that of handing over what there is.
        assert!(LastAttempt::<Test>::get() > 1);
        assert!(take_events()
            .iter()
            .all(|event| !matches!(event, Event::KeygenStarted { attempt, .. } if *attempt > 1)));
        assert_eq!(NetworkVerifyingKey::<Test>::get(), Some(network_key(1)));
        assert_eq!(
            stashes(&Committee::<Test>::get().unwrap().members),
            [1, 2, 3]
        );
    });
}

#[test]
fn a_member_that_left_the_validators_may_still_confirm() {
    test(3, || {
        begin_keygen([1, 2, 3]);
        new_session(&[(1, pair(1)), (2, pair(2)), (4, pair(4))]);
        assert_eq!(members(), [1, 2, 3]);
        confirm_all([1, 2, 3], network_key(1));
        assert_eq!(Phase::<Test>::get(), primitives::Phase::Active);
    });
}

#[test]
fn the_deadline_is_the_last_block_that_counts() {
    test(3, || {
        begin_keygen([1, 2, 3]);
        run_to(attempt().deadline);
        confirm_all([1, 2], network_key(1));
        assert_eq!(attempt().attempt, 1);
        confirm(3, network_key(1));
        assert_eq!(Phase::<Test>::get(), primitives::Phase::Active);
    });
}

#[test]
fn a_missed_deadline_begins_an_attempt_without_the_absent() {
    test(5, || {
        begin_keygen([1, 2, 3]);
        announce(4);
        confirm(1, network_key(1));
        confirm(3, network_key(1));
        let deadline = attempt().deadline;
        run_to(deadline);
        take_events();
        next_block();
        let attempt = attempt();
        assert_eq!((attempt.attempt, attempt.deadline), (2, deadline + 11));
        assert_eq!(members(), [1, 3, 4]);
        assert_eq!(excluded(), [2]);
        assert!(attempt.confirmed.is_empty() && attempt.result.is_none());
        let events = take_events();
        assert_eq!(
            events[0],
            Event::KeygenFailed {
                attempt: 1,
                failure: KeygenFailure::DeadlineMissed,
                excluded: vec![2],
            }
        );
        assert!(matches!(events[1], Event::KeygenStarted { attempt: 2, .. }));
    });
}

#[test]
fn an_announcement_lifts_the_exclusion() {
    test(5, || {
        begin_keygen([1, 2, 3]);
        announce(4);
        confirm(1, network_key(1));
        confirm(3, network_key(1));
        miss_deadline();
        assert_eq!(excluded(), [2]);
        next_block();
        announce(2);
        assert!(excluded().is_empty());
        // 1 stays away this time, so 2 is needed.
        confirm(3, network_key(1));
        confirm(4, network_key(1));
        miss_deadline();
        assert_eq!((attempt().attempt, members()), (3, vec![2, 3, 4]));
        assert_eq!(excluded(), [1]);
    });
}

#[test]
fn exclusions_are_forgotten_when_too_few_remain() {
    test(4, || {
        begin_keygen([1, 2, 3]);
        announce(4);
        // Nobody confirms: three are excluded, one remains, three are needed.
        miss_deadline();
        assert_eq!(attempt().attempt, 2);
        assert!(excluded().is_empty());
        assert_eq!(members().len(), 3);
        // And so on, as long as it takes.
        run_to(attempt().deadline + 1 + 11 * 4);
        assert_eq!(attempt().attempt, 7);
    });
}

#[test]
fn without_enough_signers_the_network_awaits_them() {
    test(3, || {
        begin_keygen([1, 2, 3]);
        new_session(&[(1, pair(1)), (2, pair(2)), (5, pair(5))]);
        confirm(2, network_key(1));
        miss_deadline();
        assert!(awaiting_signers());
        // 3 has left, so there is no exclusion to remember.
        assert_eq!(excluded(), [1]);
        run_to(20);
        assert!(awaiting_signers());
        announce(5);
        assert!(awaiting_signers());
        next_block();
        // Two others are too few for three, so 1 is taken again.
        assert_eq!((attempt().attempt, members()), (2, vec![1, 2, 5]));
        assert_eq!(attempt().deadline, 31);
        assert!(excluded().is_empty());
    });
}

#[test]
fn who_leaves_takes_its_exclusion_along() {
    test(5, || {
        begin_keygen([1, 2, 3]);
        announce(4);
        confirm(1, network_key(1));
        confirm(3, network_key(1));
        miss_deadline();
        assert_eq!(excluded(), [2]);
        new_session(&[(1, pair(1)), (3, pair(3)), (4, pair(4))]);
        assert!(excluded().is_empty());
        assert!(!Signers::<Test>::contains_key(2));
    });
}

#[test]
fn different_results_end_the_attempt_at_once() {
    test(6, || {
        begin_keygen([1, 2, 3]);
        announce_all([4, 5, 6]);
        confirm(1, network_key(1));
        take_events();
        confirm(2, network_key(2));
        assert!(awaiting_signers());
        assert_eq!(NetworkVerifyingKey::<Test>::get(), None);
        // One of the two lies.
        assert_eq!(excluded(), [1, 2]);
        assert_eq!(
            take_events(),
            [
                Event::KeygenConfirmed {
                    attempt: 1,
                    validator: 2
                },
                Event::KeygenFailed {
                    attempt: 1,
                    failure: KeygenFailure::ResultsDiffer,
                    excluded: vec![1, 2],
                },
            ]
        );
        // The third's confirmation comes too late.
        let late = confirmation(&pair(3), 1, network_key(1));
        assert_eq!(
            submit_confirmation(&pair(3), late),
            invalid(InvalidTransaction::Stale)
        );
        next_block();
        assert_eq!(attempt().attempt, 2);
        assert!(members().iter().all(|member| ![1, 2].contains(member)));
    });
}

#[test]
fn a_different_commitment_is_a_different_result() {
    test(3, || {
        begin_keygen([1, 2, 3]);
        confirm(1, network_key(1));
        let mut other = confirmation(&pair(2), 1, network_key(1));
        other.commitment = H256([8; 32]);
        assert_ok!(submit_confirmation(&pair(2), other).unwrap());
        assert!(awaiting_signers());
        next_block();
        // Too few are left, so all are tried again.
        assert_eq!((attempt().attempt, members()), (2, vec![1, 2, 3]));
    });
}

#[test]
fn the_last_confirmation_may_differ_too() {
    test(3, || {
        begin_keygen([1, 2, 3]);
        confirm(1, network_key(1));
        confirm(2, network_key(1));
        confirm(3, network_key(2));
        assert!(awaiting_signers());
        assert_eq!(NetworkVerifyingKey::<Test>::get(), None);
        assert_eq!(Committee::<Test>::get(), None);
    });
}

#[test]
fn new_parameters_count_from_the_next_attempt() {
    test(5, || {
        begin_keygen(1..=5);
        let parameters = primitives::Parameters {
            committee_size: 5,
            threshold: 3,
            keygen_deadline: 4,
            ..parameters()
        };
        assert_ok!(Signing::set_parameters(RuntimeOrigin::root(), parameters));
        let running = attempt();
        assert_eq!(
            (running.members.len(), running.threshold, running.deadline),
            (3, 2, 12)
        );
        miss_deadline();
        let next = attempt();
        assert_eq!(
            (next.members.len(), next.threshold, next.deadline),
            (5, 3, 17)
        );
    });
}

#[test]
fn the_largest_committee_makes_a_key() {
    test(40, || {
        let size = 32;
        let parameters = primitives::Parameters {
            committee_size: size,
            threshold: 20,
            ..parameters()
        };
        assert_ok!(Signing::set_parameters(RuntimeOrigin::root(), parameters));
        begin_keygen(1..=40);
        let members = members();
        assert_eq!(members.len(), size as usize);
        for member in members {
            confirm(member, network_key(1));
        }
        assert_eq!(Phase::<Test>::get(), primitives::Phase::Active);
    });
}
