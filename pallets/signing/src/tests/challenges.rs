//! Challenges, their answers, and what it costs not to answer.

use crate::{
    challenges::silence_slash, mock::*, primitives, Call, Challenges, Event, Offence, WeightInfo,
};
use frame_support::{assert_noop, weights::Weight};
use frame_system::RawOrigin;
use primitives::ChallengeAnswer;
use sp_core::{Pair, H256};
use sp_runtime::{transaction_validity::InvalidTransaction, DispatchError, Perbill};

fn refused(error: InvalidTransaction) -> Submission {
    Err(error.into())
}

/// 3 is reported and challenged. Returns the last block for the answer.
fn challenge_3() -> u64 {
    activate_with_others([4]);
    accuse([1, 2], 3);
    Signing::network_state().challenges[0].1
}

#[test]
fn the_quorum_opens_a_challenge_that_an_answer_closes() {
    test(5, || {
        let deadline = challenge_3();
        assert_eq!(deadline, System::block_number() + 15);
        assert!(take_events().contains(&Event::Challenged {
            validator: 3,
            deadline
        }));
        assert_eq!(Signing::network_state().challenges, [(3, deadline)]);
        run_to(deadline);
        take_events();
        assert_eq!(submit_answer(&pair(3), deadline), Ok(Ok(())));
        assert_eq!(take_events(), [Event::ChallengeAnswered { validator: 3 }]);
        assert_eq!(
            submit_answer(&pair(3), deadline),
            refused(InvalidTransaction::Stale)
        );
        run_to(deadline + 5);
        assert_eq!(Punished::get(), []);
        assert!(Challenges::<Test>::get().is_empty());
        // The seat is another's, though.
        assert!(committee().expelled.contains(&3));
    });
}

#[test]
fn an_unanswered_challenge_is_punished_once() {
    test(5, || {
        let deadline = challenge_3();
        SessionIndex::set(9);
        run_to(deadline);
        assert_eq!(Punished::get(), []);
        next_block();
        let slash = Perbill::from_parts(1_000_000);
        assert!(take_events().contains(&Event::ChallengeUnanswered {
            validator: 3,
            slash
        }));
        // The stake of the session in which it was silent is liable.
        assert_eq!(Punished::get(), [(3, 7, Offence::Silence, slash)]);
        assert_eq!(
            submit_answer(&pair(3), deadline),
            refused(InvalidTransaction::Stale)
        );
        run_to(deadline + 40);
        assert_eq!(Punished::get().len(), 1);
    });
}

/// After a failure of the network all validators may be challenged at once, and a block has no room for all of
/// their punishments.
#[test]
fn one_is_punished_in_a_block_however_many_are_overdue() {
    test(5, || {
        activate_with_others([4]);
        Signing::challenge(&4);
        next_block();
        for validator in [1, 2, 3, 5] {
            Signing::challenge(&validator);
        }
        let deadlines: Vec<_> = Signing::network_state().challenges;
        let (first, last) = (deadlines[3].1, deadlines[0].1);
        assert_eq!((deadlines[3].0, last), (4, first + 1));
        run_to(last);
        // The first to be overdue is the first to be punished.
        assert_eq!(Punished::get().len(), 1);
        assert_eq!(Punished::get()[0].0, 4);
        for punished in 2..=5 {
            assert_eq!(Challenges::<Test>::get().len(), 6 - punished);
            let weight = crate::Pallet::<Test>::end_challenges(last + 1);
            assert_eq!(weight, <() as WeightInfo>::punish());
            assert_eq!(Punished::get().len(), punished);
        }
        let mut all: Vec<_> = Punished::get().iter().map(|one| one.0).collect();
        all.sort();
        assert_eq!(all, [1, 2, 3, 4, 5]);
        next_block();
        assert_eq!(Punished::get().len(), 5);
        assert!(Challenges::<Test>::get().is_empty());
        let weight = crate::Pallet::<Test>::end_challenges(last + 1);
        assert_eq!(weight, Weight::zero());
    });
}

#[test]
fn who_waits_for_its_punishment_cannot_answer_any_more_nor_take_its_stake_away() {
    test(5, || {
        activate_with_others([4]);
        for validator in [4, 5] {
            Signing::challenge(&validator);
        }
        let deadline = Signing::network_state().challenges[0].1;
        run_to(deadline + 1);
        assert_eq!(Punished::get().len(), 1);
        assert_eq!(Punished::get()[0].0, 4);
        assert_eq!(
            submit_answer(&pair(5), deadline),
            refused(InvalidTransaction::Stale)
        );
        assert_eq!(
            Signing::stake_tie(&5),
            Some(primitives::StakeTie::Challenged)
        );
        next_block();
        assert_eq!(Punished::get()[1].0, 5);
        assert_eq!(Signing::stake_tie(&5), None);
    });
}

#[test]
fn only_the_accused_answers_and_only_its_challenge() {
    test(5, || {
        let deadline = challenge_3();
        for (who, at) in [(1, deadline), (9, deadline), (3, deadline + 1), (3, 0)] {
            assert_eq!(
                submit_answer(&pair(who), at),
                refused(InvalidTransaction::Stale)
            );
            let answer = ChallengeAnswer {
                signing_key: pair(who).public(),
                deadline: at,
            };
            assert_noop!(
                Signing::answer_challenge(
                    RawOrigin::Authorized.into(),
                    answer,
                    pair(who).sign(b"")
                ),
                Error::NotChallenged
            );
        }
        let answer = ChallengeAnswer {
            signing_key: pair(3).public(),
            deadline,
        };
        let here = primitives::challenge_answer_payload(genesis_hash(), &answer);
        let elsewhere = primitives::challenge_answer_payload(H256([1; 32]), &answer);
        for signature in [pair(1).sign(&here), pair(3).sign(&elsewhere)] {
            assert_eq!(
                submit(Call::answer_challenge {
                    answer: answer.clone(),
                    signature
                }),
                refused(InvalidTransaction::BadProof)
            );
        }
        for origin in [RawOrigin::Root, RawOrigin::None, RawOrigin::Signed(3)] {
            assert_noop!(
                Signing::answer_challenge(origin.into(), answer.clone(), pair(3).sign(&here)),
                DispatchError::BadOrigin
            );
        }
        assert_eq!(Challenges::<Test>::get().len(), 1);
    });
}

#[test]
fn one_that_has_left_or_rotated_its_key_can_answer() {
    test(5, || {
        let deadline = challenge_3();
        next_block();
        finish_resharing();
        // Not a validator, not a member, and without any key but the one it had.
        new_session(&[(1, pair(1)), (2, pair(2)), (4, pair(4))]);
        assert_eq!(submit_answer(&pair(3), deadline), Ok(Ok(())));
    });
    test(5, || {
        let deadline = challenge_3();
        let rotated: Vec<_> = (1..=5).map(|v| (v, rotated_pair(v, 1))).collect();
        new_session(&rotated);
        assert_eq!(submit_answer(&rotated_pair(3, 1), deadline), Ok(Ok(())));
    });
}

#[test]
fn nobody_takes_over_anothers_challenge_with_its_old_key() {
    test(5, || {
        let deadline = challenge_3();
        // 5 has the key that 3 had, and is challenged for nothing. Whoever can sign with it was 3.
        new_session(&[
            (1, pair(1)),
            (2, pair(2)),
            (3, rotated_pair(3, 1)),
            (5, pair(3)),
        ]);
        assert_eq!(submit_answer(&rotated_pair(3, 1), deadline), Ok(Ok(())));
        assert!(Challenges::<Test>::get().is_empty());
    });
}

#[test]
fn one_whose_old_key_is_anothers_can_answer_although_that_one_is_challenged_too() {
    test(5, || {
        let deadline = challenge_3();
        new_session(&[(1, pair(1)), (2, pair(2)), (4, pair(3)), (5, pair(5))]);
        next_block();
        Signing::challenge(&4);
        let later = Challenges::<Test>::get()[&4].deadline;
        assert_ne!(deadline, later);
        assert_eq!(submit_answer(&pair(3), deadline), Ok(Ok(())));
        assert_eq!(Signing::network_state().challenges, [(4, later)]);
        assert_eq!(submit_answer(&pair(3), later), Ok(Ok(())));
    });
}

#[test]
fn silence_costs_twice_as_much_each_time_up_to_a_limit() {
    let first = Perbill::from_parts(1_000_000);
    assert_eq!(silence_slash(first, 0), first);
    assert_eq!(silence_slash(first, 1), Perbill::from_parts(2_000_000));
    assert_eq!(silence_slash(first, 5), Perbill::from_parts(32_000_000));
    for times in [6, 7, 31, 32, u32::MAX] {
        assert_eq!(silence_slash(first, times), primitives::MOST_FOR_SILENCE);
    }
    assert_eq!(silence_slash(Perbill::zero(), 40), Perbill::zero());
    // Root may think otherwise of the first.
    assert_eq!(
        silence_slash(Perbill::from_percent(20), 3),
        Perbill::from_percent(20)
    );
    test(5, || {
        activate_with_others([4]);
        for _ in 0..3 {
            Signing::challenge(&3);
            run_to(System::block_number() + 16);
        }
        let slashes: Vec<_> = Punished::get()
            .into_iter()
            .map(|(validator, _, _, slash)| (validator, slash.deconstruct()))
            .collect();
        assert_eq!(slashes, [(3, 1_000_000), (3, 2_000_000), (3, 4_000_000)]);
        // Another one's silence is its own.
        Signing::challenge(&2);
        run_to(System::block_number() + 16);
        assert_eq!(Punished::get()[3].3, first);
    });
}

#[test]
fn who_is_challenged_is_not_challenged_again() {
    test(5, || {
        activate_with_others([4]);
        accuse([1, 2], 4);
        let deadline = Signing::network_state().challenges[0].1;
        next_block();
        announce(4);
        next_block();
        accuse([1, 2], 4);
        assert_eq!(Signing::network_state().challenges, [(4, deadline)]);
    });
}
