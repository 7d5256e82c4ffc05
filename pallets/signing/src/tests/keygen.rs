//! Every change of phase.

use crate::{
    mock::*, primitives, Call, Committee, Event, Excluded, KeygenFailure, LastAttempt,
    NetworkVerifyingKey, Phase, Signers,
};
use frame_support::{assert_noop, assert_ok};
use frame_system::RawOrigin;
use primitives::KeygenConfirmation;
use sp_core::{Pair, H256};
use sp_runtime::{
    transaction_validity::{InvalidTransaction, TransactionValidityError, UnknownTransaction},
    DispatchError,
};
use std::collections::BTreeSet;

fn invalid(error: InvalidTransaction) -> Submission {
    Err(TransactionValidityError::Invalid(error))
}

/// Dispatches past the pool's checks, as no transaction can.
fn dispatch(confirmation: KeygenConfirmation) -> Result<(), DispatchError> {
    let signature = pair(1).sign(b"");
    Signing::confirm_keygen(RawOrigin::Authorized.into(), confirmation, signature)
}

fn awaiting_signers() -> bool {
    Phase::<Test>::get() == primitives::Phase::AwaitingSigners
}

fn excluded() -> Vec<AccountId> {
    Excluded::<Test>::get().into_iter().collect()
}

#[test]
fn the_announcement_that_makes_it_n_begins_the_keygen() {
    test(5, || {
        announce(4);
        announce(2);
        next_block();
        assert!(awaiting_signers());
        announce(5);
        let attempt = attempt();
        assert_eq!(
            (attempt.attempt, attempt.threshold, attempt.deadline),
            (1, 2, 12)
        );
        assert_eq!(members(), [2, 4, 5]);
        assert!(attempt.confirmed.is_empty() && attempt.result.is_none());
        assert!(attempt
            .members
            .windows(2)
            .all(|pair| pair[0].party < pair[1].party));
        for member in &attempt.members {
            assert_eq!(member.party, pair(member.validator).public());
        }
        assert_eq!(
            take_events().last(),
            Some(&Event::KeygenStarted {
                attempt: 1,
                members: attempt.members.to_vec(),
                threshold: 2,
                deadline: 12,
            })
        );
    });
}

#[test]
fn a_second_announcement_of_a_validator_does_not_make_it_n() {
    test(5, || {
        announce(1);
        announce(2);
        next_block();
        announce(2);
        next_block();
        assert!(awaiting_signers());
        assert_eq!(LastAttempt::<Test>::get(), 0);
    });
}

#[test]
fn randomness_chooses_the_committee() {
    let mut committees = BTreeSet::new();
    for seed in 0..60 {
        test(5, || {
            // Three announce in the same block as the parameters still ask for five.
            crate::Parameters::<Test>::mutate(|parameters| parameters.committee_size = 5);
            announce_all(1..=4);
            crate::Parameters::<Test>::mutate(|parameters| parameters.committee_size = 3);
            Seed::set(seed);
            announce(5);
            committees.insert(members());
        });
    }
    // All ten subsets of three.
    assert_eq!(committees.len(), 10);
}

#[test]
fn all_members_confirm_and_there_is_a_key() {
    test(5, || {
        announce_all([1, 2, 3]);
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
        assert_eq!(Phase::<Test>::get(), primitives::Phase::Active);
        assert_eq!(LastAttempt::<Test>::get(), 1);
        assert_eq!(NetworkVerifyingKey::<Test>::get(), Some(network_key(1)));
        assert_eq!(
            stashes(&Committee::<Test>::get().unwrap().members),
            [1, 2, 3]
        );
    });
}

#[test]
fn a_confirmation_needs_a_keygen() {
    test(5, || {
        let early = confirmation(&pair(1), 1, network_key(1));
        assert_noop!(dispatch(early.clone()), Error::NotInKeygen);
        // The attempt may have begun in a block that this node has not seen.
        assert_eq!(
            submit_confirmation(&pair(1), early.clone()),
            Err(TransactionValidityError::Unknown(
                UnknownTransaction::CannotLookup
            ))
        );
        activate();
        assert_noop!(dispatch(early.clone()), Error::NotInKeygen);
        assert_eq!(
            submit_confirmation(&pair(1), early),
            invalid(InvalidTransaction::Stale)
        );
    });
}

#[test]
fn a_confirmation_is_for_its_attempt() {
    test(3, || {
        announce_all([1, 2, 3]);
        let first = confirmation(&pair(1), 1, network_key(1));
        run_to(12);
        assert_eq!(attempt().attempt, 2);
        assert_noop!(dispatch(first.clone()), Error::WrongAttempt);
        assert_eq!(
            submit_confirmation(&pair(1), first),
            invalid(InvalidTransaction::Stale)
        );
        let third = confirmation(&pair(1), 3, network_key(1));
        assert_noop!(dispatch(third.clone()), Error::WrongAttempt);
        assert_eq!(
            submit_confirmation(&pair(1), third),
            Err(TransactionValidityError::Unknown(
                UnknownTransaction::CannotLookup
            ))
        );
    });
}

#[test]
fn only_members_confirm() {
    test(5, || {
        announce_all([1, 2, 3]);
        announce(4);
        // A signer that is not in the committee, a validator that is no signer, a stranger.
        for outsider in [4, 5, 9] {
            let confirmation = confirmation(&pair(outsider), 1, network_key(1));
            assert_noop!(dispatch(confirmation.clone()), Error::NotAMember);
            assert_eq!(
                submit_confirmation(&pair(outsider), confirmation),
                invalid(InvalidTransaction::BadSigner)
            );
        }
    });
}

#[test]
fn nobody_confirms_twice() {
    test(3, || {
        announce_all([1, 2, 3]);
        confirm(1, network_key(1));
        for key in [1, 2] {
            let again = confirmation(&pair(1), 1, network_key(key));
            assert_noop!(dispatch(again.clone()), Error::AlreadyConfirmed);
            assert_eq!(
                submit_confirmation(&pair(1), again),
                invalid(InvalidTransaction::Stale)
            );
        }
        assert_eq!(attempt().confirmed.len(), 1);
    });
}

#[test]
fn a_forged_confirmation_is_refused() {
    test(3, || {
        announce_all([1, 2, 3]);
        let refused = invalid(InvalidTransaction::BadProof);
        let good = confirmation(&pair(1), 1, network_key(1));
        assert_eq!(submit_confirmation(&pair(2), good.clone()), refused);

        let payload = primitives::keygen_confirmation_payload(genesis_hash(), &good);
        let signature = pair(1).sign(&payload);
        let mut confirmation = good.clone();
        confirmation.commitment = H256([8; 32]);
        assert_eq!(
            submit(Call::confirm_keygen {
                confirmation,
                signature
            }),
            refused
        );

        let other_chain = primitives::keygen_confirmation_payload(H256([1; 32]), &good);
        let signature = pair(1).sign(&other_chain);
        assert_eq!(
            submit(Call::confirm_keygen {
                confirmation: good,
                signature
            }),
            refused
        );
        assert!(attempt().confirmed.is_empty());
    });
}

#[test]
fn a_key_must_be_a_compressed_point() {
    test(3, || {
        announce_all([1, 2, 3]);
        // Not on the curve; the identity; a tag that other encodings of this length use.
        let mut off_curve = [0xff; 33];
        off_curve[0] = 2;
        let mut compact = network_key(1);
        compact[0] = 5;
        for key in [off_curve, [0; 33], compact] {
            let confirmation = confirmation(&pair(1), 1, key);
            assert_noop!(dispatch(confirmation.clone()), Error::InvalidVerifyingKey);
            assert_eq!(
                submit_confirmation(&pair(1), confirmation),
                invalid(InvalidTransaction::Call)
            );
        }
    });
}

#[test]
fn no_other_origin_can_confirm() {
    test(3, || {
        announce_all([1, 2, 3]);
        let confirmation = confirmation(&pair(1), 1, network_key(1));
        for origin in [RawOrigin::Root, RawOrigin::None, RawOrigin::Signed(1)] {
            assert_noop!(
                Signing::confirm_keygen(origin.into(), confirmation.clone(), pair(1).sign(b"")),
                DispatchError::BadOrigin
            );
        }
    });
}

#[test]
fn the_pool_keeps_a_confirmation_until_the_deadline() {
    test(3, || {
        announce_all([1, 2, 3]);
        next_block();
        let admit = |validator, key| {
            let confirmation = confirmation(&pair(validator), 1, network_key(key));
            let payload = primitives::keygen_confirmation_payload(genesis_hash(), &confirmation);
            let signature = pair(validator).sign(&payload);
            validate(Call::confirm_keygen {
                confirmation,
                signature,
            })
            .unwrap()
        };
        let (first, again, other) = (admit(1, 1), admit(1, 2), admit(2, 1));
        assert_eq!(first.provides, again.provides);
        assert_ne!(first.provides, other.provides);
        // Block 11 is the last in which it counts, and this is block 2.
        assert_eq!(first.longevity, 10);
    });
}

#[test]
fn a_rotated_key_is_still_the_party() {
    test(3, || {
        announce_all([1, 2, 3]);
        let rotated: Vec<_> = (1..=3).map(|v| (v, rotated_pair(v, 1))).collect();
        new_session(&rotated);
        let new_key = confirmation(&rotated_pair(1, 1), 1, network_key(1));
        assert_noop!(dispatch(new_key), Error::NotAMember);
        confirm_all([1, 2, 3], network_key(1));
        assert_eq!(Phase::<Test>::get(), primitives::Phase::Active);
        let members = Committee::<Test>::get().unwrap().members;
        assert!(members
            .iter()
            .all(|member| member.party == pair(member.validator).public()));
    });
}

#[test]
fn a_member_that_left_the_validators_may_still_confirm() {
    test(3, || {
        announce_all([1, 2, 3]);
        new_session(&[(1, pair(1)), (2, pair(2)), (4, pair(4))]);
        assert_eq!(members(), [1, 2, 3]);
        confirm_all([1, 2, 3], network_key(1));
        assert_eq!(Phase::<Test>::get(), primitives::Phase::Active);
    });
}

#[test]
fn the_deadline_is_the_last_block_that_counts() {
    test(3, || {
        announce_all([1, 2, 3]);
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
        announce_all([1, 2, 3]);
        announce(4);
        confirm(1, network_key(1));
        confirm(3, network_key(1));
        run_to(11);
        take_events();
        next_block();
        let attempt = attempt();
        assert_eq!((attempt.attempt, attempt.deadline), (2, 22));
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
        announce_all([1, 2, 3]);
        announce(4);
        confirm(1, network_key(1));
        confirm(3, network_key(1));
        run_to(12);
        assert_eq!(excluded(), [2]);
        announce(2);
        assert!(excluded().is_empty());
        // 1 stays away this time, so 2 is needed.
        confirm(3, network_key(1));
        confirm(4, network_key(1));
        run_to(23);
        assert_eq!((attempt().attempt, members()), (3, vec![2, 3, 4]));
        assert_eq!(excluded(), [1]);
    });
}

#[test]
fn exclusions_are_forgotten_when_too_few_remain() {
    test(4, || {
        announce_all([1, 2, 3]);
        announce(4);
        // Nobody confirms: three are excluded, one remains, three are needed.
        run_to(12);
        assert_eq!(attempt().attempt, 2);
        assert!(excluded().is_empty());
        assert_eq!(members().len(), 3);
        // And so on, as long as it takes.
        run_to(12 + 11 * 5);
        assert_eq!(attempt().attempt, 7);
    });
}

#[test]
fn without_enough_signers_the_network_awaits_them() {
    test(3, || {
        announce_all([1, 2, 3]);
        new_session(&[(1, pair(1)), (2, pair(2)), (5, pair(5))]);
        confirm(2, network_key(1));
        run_to(12);
        assert!(awaiting_signers());
        // 3 has left, so there is no exclusion to remember.
        assert_eq!(excluded(), [1]);
        run_to(20);
        assert!(awaiting_signers());
        announce(5);
        // Two others are too few for three, so 1 is taken again.
        assert_eq!((attempt().attempt, members()), (2, vec![1, 2, 5]));
        assert_eq!(attempt().deadline, 30);
        assert!(excluded().is_empty());
    });
}

#[test]
fn who_leaves_takes_its_exclusion_along() {
    test(5, || {
        announce_all([1, 2, 3]);
        announce(4);
        confirm(1, network_key(1));
        confirm(3, network_key(1));
        run_to(12);
        assert_eq!(excluded(), [2]);
        new_session(&[(1, pair(1)), (3, pair(3)), (4, pair(4))]);
        assert!(excluded().is_empty());
        assert!(!Signers::<Test>::contains_key(2));
    });
}

#[test]
fn different_results_end_the_attempt_at_once() {
    test(6, || {
        announce_all([1, 2, 3]);
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
        announce_all([1, 2, 3]);
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
        announce_all([1, 2, 3]);
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
        announce_all(1..=5);
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
            (3, 2, 11)
        );
        run_to(12);
        let next = attempt();
        assert_eq!(
            (next.members.len(), next.threshold, next.deadline),
            (5, 3, 16)
        );
    });
}

#[test]
fn a_smaller_committee_may_be_chosen_at_once() {
    test(5, || {
        announce_all([1, 2]);
        assert!(awaiting_signers());
        let parameters = primitives::Parameters {
            committee_size: 2,
            ..parameters()
        };
        assert_ok!(Signing::set_parameters(RuntimeOrigin::root(), parameters));
        next_block();
        assert_eq!(members(), [1, 2]);
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
        announce_all(1..=40);
        let members = members();
        assert_eq!(members.len(), size as usize);
        for member in members {
            confirm(member, network_key(1));
        }
        assert_eq!(Phase::<Test>::get(), primitives::Phase::Active);
    });
}
