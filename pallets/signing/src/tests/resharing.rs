//! Hand-overs: their confirmations, and what becomes of those that fail.

use crate::{mock::*, primitives, AttemptFailure, Call, Event, Excluded, FruitlessAttempts};
use frame_support::assert_noop;
use frame_system::RawOrigin;
use primitives::{Phase, ReshareConfirmation};
use sp_core::{Pair, H256};
use sp_runtime::{
    transaction_validity::{InvalidTransaction, TransactionValidityError, UnknownTransaction},
    DispatchError,
};

fn invalid(error: InvalidTransaction) -> Submission {
    Err(TransactionValidityError::Invalid(error))
}

fn excluded() -> Vec<AccountId> {
    Excluded::<Test>::get().into_iter().collect()
}

fn confirmation(validator: AccountId, attempt: u32) -> ReshareConfirmation {
    ReshareConfirmation {
        signing_key: pair(validator).public(),
        attempt,
        commitment: H256([5; 32]),
    }
}

/// Dispatches past the pool's checks, as no transaction can.
fn dispatch(confirmation: ReshareConfirmation) -> Result<(), DispatchError> {
    Signing::confirm_reshare(
        RawOrigin::Authorized.into(),
        confirmation,
        pair(1).sign(b""),
    )
}

/// 3 is at fault, and 4 is to take its seat.
fn begin() -> u32 {
    activate_with_others([4]);
    accuse([1, 2], 3);
    next_block();
    take_events();
    resharing().attempt
}

#[test]
fn a_confirmation_needs_its_attempt() {
    test(5, || {
        activate_with_others([4]);
        assert_noop!(dispatch(confirmation(1, 1)), Error::NotResharing);
        assert_eq!(
            submit_reshare(&pair(1), 1, 5),
            invalid(InvalidTransaction::Stale)
        );
        accuse([1, 2], 3);
        next_block();
        let attempt = resharing().attempt;
        assert_noop!(dispatch(confirmation(1, attempt - 1)), Error::WrongAttempt);
        assert_noop!(dispatch(confirmation(1, attempt + 1)), Error::WrongAttempt);
        assert_eq!(
            submit_reshare(&pair(1), attempt - 1, 5),
            invalid(InvalidTransaction::Stale)
        );
        assert_eq!(
            submit_reshare(&pair(1), attempt + 1, 5),
            Err(UnknownTransaction::CannotLookup.into())
        );
    });
}

#[test]
fn only_members_to_be_confirm_and_only_once() {
    test(6, || {
        let attempt = begin();
        // The one that has lost its seat, a validator that is no signer, a stranger.
        for outsider in [3, 5, 9] {
            assert_noop!(dispatch(confirmation(outsider, attempt)), Error::NotAMember);
            assert_eq!(
                submit_reshare(&pair(outsider), attempt, 5),
                invalid(InvalidTransaction::BadSigner)
            );
        }
        confirm_reshare(4);
        for commitment in [5, 6] {
            assert_eq!(
                submit_reshare(&pair(4), attempt, commitment),
                invalid(InvalidTransaction::Stale)
            );
        }
        assert_noop!(dispatch(confirmation(4, attempt)), Error::AlreadyConfirmed);
        assert_eq!(
            take_events(),
            [Event::ReshareConfirmed {
                attempt,
                validator: 4
            }]
        );
        assert_eq!(resharing().confirmed.to_vec(), [4]);
    });
}

/// In the block in which a member to be loses its seat, before the next block gives the
/// attempt up.
#[test]
fn nobody_confirms_what_is_given_up() {
    test(6, || {
        let attempt = begin();
        accuse([1, 2], 4);
        assert_noop!(dispatch(confirmation(1, attempt)), Error::AttemptGivenUp);
    });
}

#[test]
fn a_forged_confirmation_is_refused() {
    test(5, || {
        let attempt = begin();
        let good = confirmation(1, attempt);
        let refused = invalid(InvalidTransaction::BadProof);
        let forge = |confirmation: &ReshareConfirmation, signature| {
            submit(Call::confirm_reshare {
                confirmation: confirmation.clone(),
                signature,
            })
        };
        let payload = primitives::reshare_confirmation_payload(genesis_hash(), &good);
        // Another member's key; another chain; another call; another commitment.
        assert_eq!(forge(&good, pair(2).sign(&payload)), refused);
        let other_chain = primitives::reshare_confirmation_payload(H256([1; 32]), &good);
        assert_eq!(forge(&good, pair(1).sign(&other_chain)), refused);
        let other_call = primitives::aux_info_confirmation_payload(
            genesis_hash(),
            &primitives::AuxInfoConfirmation {
                signing_key: good.signing_key.clone(),
                attempt,
                commitment: good.commitment,
            },
        );
        assert_eq!(forge(&good, pair(1).sign(&other_call)), refused);
        let other = ReshareConfirmation {
            commitment: H256([6; 32]),
            ..good.clone()
        };
        assert_eq!(forge(&other, pair(1).sign(&payload)), refused);
        assert!(resharing().confirmed.is_empty());
        for origin in [RawOrigin::Root, RawOrigin::None, RawOrigin::Signed(1)] {
            assert_noop!(
                Signing::confirm_reshare(origin.into(), good.clone(), pair(1).sign(&payload)),
                DispatchError::BadOrigin
            );
        }
    });
}

#[test]
fn a_rotated_key_is_still_the_party() {
    test(5, || {
        let attempt = begin();
        let rotated: Vec<_> = (1..=5).map(|v| (v, rotated_pair(v, 1))).collect();
        new_session(&rotated);
        assert_eq!(
            submit_reshare(&rotated_pair(1, 1), attempt, 5),
            invalid(InvalidTransaction::BadSigner)
        );
        finish_resharing();
        assert_eq!(committee().generation, 2);
    });
}

#[test]
fn a_missed_deadline_passes_over_those_that_did_not_confirm() {
    test(5, || {
        let attempt = begin();
        let deadline = resharing().deadline;
        confirm_reshare(1);
        confirm_reshare(2);
        run_to(deadline);
        assert_eq!(resharing().attempt, attempt);
        take_events();
        next_block();
        let events = take_events();
        assert_eq!(
            events[0],
            Event::ReshareFailed {
                attempt,
                failure: AttemptFailure::DeadlineMissed,
                excluded: vec![4],
            }
        );
        // In the same block, without 4 and without anybody else.
        assert_eq!(reassignments(&events), [(2, vec![4], vec![], vec![1, 2])]);
        assert_eq!(resharing().attempt, attempt + 1);
        finish_resharing();
        assert_eq!(stashes(&committee().members), [1, 2]);
        assert_eq!(excluded(), [4]);
        // Once it says that it is there, it may have the free seat.
        next_block();
        announce(4);
        next_block();
        assert_eq!(stashes(&resharing().members), [1, 2, 4]);
    });
}

#[test]
fn if_nobody_confirms_others_hand_over() {
    test(4, || {
        activate_with_others([4]);
        assert_eq!(Signing::leave_committee(RuntimeOrigin::signed(3)), Ok(()));
        next_block();
        let first = resharing();
        assert_eq!(stashes(&first.members), [1, 2, 4]);
        // Those that stay hand over.
        assert_eq!(stashes(&first.old_holders), [1, 2]);
        run_to(first.deadline + 1);
        let second = resharing();
        assert_eq!(second.members, first.members);
        assert!(stashes(&second.old_holders).contains(&3));
        assert!(excluded().is_empty());
        finish_resharing();
        assert_eq!(stashes(&committee().members), [1, 2, 4]);
    });
}

/// One that has been given a seat keeps its connections, and takes no part: nobody can confirm, and
/// nobody can tell why.
#[test]
fn a_silent_newcomer_gives_way_to_another() {
    test(5, || {
        activate_with_others([4, 5]);
        assert_eq!(Signing::leave_committee(RuntimeOrigin::signed(3)), Ok(()));
        next_block();
        let first = stashes(&resharing().members);
        let newcomer = [4, 5].into_iter().find(|one| first.contains(one)).unwrap();
        for _ in 0..2 {
            assert_eq!(stashes(&resharing().members), first);
            run_to(resharing().deadline + 1);
        }
        assert_eq!(excluded(), [newcomer]);
        assert_eq!(stashes(&resharing().members), [1, 2, 9 - newcomer]);
        finish_resharing();
        assert_eq!(stashes(&committee().members), [1, 2, 9 - newcomer]);
        assert_eq!(FruitlessAttempts::<Test>::get(), 0);
    });
}

/// The same by a member that stays.
#[test]
fn a_silent_member_gives_way_at_last() {
    test(6, || {
        activate_with_others([4, 5, 6]);
        assert_eq!(Signing::leave_committee(RuntimeOrigin::signed(3)), Ok(()));
        next_block();
        for _ in 0..3 {
            assert!([1, 2]
                .iter()
                .all(|one| stashes(&resharing().members).contains(one)));
            run_to(resharing().deadline + 1);
        }
        let members = stashes(&resharing().members);
        assert_eq!([1, 2].iter().filter(|one| members.contains(one)).count(), 1);
        finish_resharing();
    });
}

/// Those that are passed over are there, and say so; but not the culprit.
fn announce_all_but(culprit: AccountId) {
    next_block();
    let others = excluded().into_iter().filter(|one| *one != culprit);
    others.for_each(announce);
}

/// It gets what it needs of the others, gives them nothing, and confirms: nobody else can.
#[test]
fn who_confirms_alone_does_not_hold_the_key() {
    test(6, || {
        activate_with_others([4, 5, 6]);
        assert_eq!(Signing::leave_committee(RuntimeOrigin::signed(3)), Ok(()));
        next_block();
        let first = stashes(&resharing().members);
        let mut missed = 0;
        while stashes(&resharing().members).contains(&1) {
            confirm_reshare(1);
            run_to(resharing().deadline + 1);
            missed += 1;
            assert_eq!(FruitlessAttempts::<Test>::get(), missed);
            // Not at once those that it has kept from confirming.
            assert!(missed > 1 || stashes(&resharing().members) == first);
            announce_all_but(1);
            assert!(missed < 20, "the key is held where it is");
        }
        assert!(missed >= 3);
        finish_resharing();
        assert_eq!(FruitlessAttempts::<Test>::get(), 0);
    });
}

/// A culprit lets one other down at a time, which the chain takes for the one that is not there.
fn lets_one_down_at_a_time(culprit: impl Fn(&[AccountId]) -> AccountId) {
    test(6, || {
        activate_with_others([4, 5, 6]);
        assert_eq!(Signing::leave_committee(RuntimeOrigin::signed(3)), Ok(()));
        next_block();
        let culprit = culprit(&stashes(&resharing().members));
        let mut missed = 0;
        while stashes(&resharing().members).contains(&culprit) {
            let members = stashes(&resharing().members);
            let victim = *members.iter().rfind(|one| **one != culprit).unwrap();
            members
                .iter()
                .filter(|one| **one != victim)
                .for_each(|one| confirm_reshare(*one));
            run_to(resharing().deadline + 1);
            missed += 1;
            assert!(excluded().contains(&victim));
            announce_all_but(culprit);
            assert!(missed < 20, "the key is held where it is");
        }
        assert!(missed >= 3);
        finish_resharing();
    });
}

#[test]
fn a_member_that_lets_one_down_at_a_time_does_not_hold_the_key() {
    lets_one_down_at_a_time(|_| 1);
}

#[test]
fn a_newcomer_that_lets_one_down_at_a_time_does_not_hold_the_key() {
    lets_one_down_at_a_time(|members| *members.iter().find(|one| **one > 3).unwrap());
}

/// Whoever makes a block can put what fails an attempt into it, and an announcement after that.
#[test]
fn who_is_passed_over_is_no_candidate_again_in_the_same_block() {
    test(5, || {
        let attempt = begin();
        confirm_reshare(1);
        assert_eq!(submit_reshare(&pair(4), attempt, 6), Ok(Ok(())));
        announce(4);
        assert_eq!(excluded(), [1, 4]);
        next_block();
        assert!(!stashes(&resharing().members).contains(&4));
        announce(4);
        assert_eq!(excluded(), [1]);
    });
}

#[test]
fn different_results_end_the_attempt() {
    test(5, || {
        let attempt = begin();
        confirm_reshare(1);
        assert_eq!(submit_reshare(&pair(4), attempt, 6), Ok(Ok(())));
        let events = take_events();
        assert!(events.contains(&Event::ReshareFailed {
            attempt,
            failure: AttemptFailure::ResultsDiffer,
            excluded: vec![1, 4],
        }));
        assert_eq!((phase(), committee().generation), (Phase::Active, 1));
        // Nothing more is counted, not even if it would make them agree.
        assert!(submit_reshare(&pair(2), attempt, 5).is_err());
        next_block();
        // 1 holds a share as it is and is needed; 4 is not.
        assert_eq!(stashes(&resharing().members), [1, 2]);
        assert_eq!(reassignments(&take_events()).len(), 1);
        finish_resharing();
        assert_eq!(excluded(), [4]);
    });
}

#[test]
fn the_pool_keeps_a_confirmation_until_the_deadline() {
    test(5, || {
        let attempt = begin();
        let admit = |validator, commitment| {
            let confirmation = ReshareConfirmation {
                commitment: H256([commitment; 32]),
                ..confirmation(validator, attempt)
            };
            let payload = primitives::reshare_confirmation_payload(genesis_hash(), &confirmation);
            let signature = pair(validator).sign(&payload);
            validate(Call::confirm_reshare {
                confirmation,
                signature,
            })
            .unwrap()
        };
        let (first, again, other) = (admit(1, 5), admit(1, 6), admit(2, 5));
        assert_eq!(first.provides, again.provides);
        assert_ne!(first.provides, other.provides);
        assert_eq!(first.longevity, 7);
    });
}
