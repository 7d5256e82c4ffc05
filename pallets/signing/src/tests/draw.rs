//! When a committee is drawn, and from whom.

use crate::{mock::*, primitives, DrawAt, Event, Excluded, LastAttempt, Phase};
use frame_support::{assert_ok, traits::Hooks};
use sp_core::Pair;
use std::collections::BTreeSet;

fn awaiting_signers() -> bool {
    Phase::<Test>::get() == primitives::Phase::AwaitingSigners
}

fn set_committee_size(committee_size: u32) {
    let parameters = primitives::Parameters {
        committee_size,
        ..parameters()
    };
    assert_ok!(Signing::set_parameters(RuntimeOrigin::root(), parameters));
}

/// The committees that `announce` leads to, over many outcomes of the randomness.
fn committees(validators: u64, announce: impl Fn()) -> Vec<Vec<AccountId>> {
    (0..200)
        .map(|seed| {
            let mut committee = Vec::new();
            test(validators, || {
                Seed::set(seed);
                announce();
                committee = members();
            });
            committee
        })
        .collect()
}

#[test]
fn no_announcement_draws() {
    test(3, || {
        announce_all([1, 2, 3]);
        assert!(awaiting_signers());
        assert_eq!(LastAttempt::<Test>::get(), 0);
        next_block();
        assert_eq!(members(), [1, 2, 3]);
    });
}

#[test]
fn a_draw_begins_an_attempt() {
    test(5, || {
        begin_keygen([4, 2, 5]);
        let attempt = attempt();
        assert_eq!(
            (attempt.attempt, attempt.threshold, attempt.deadline),
            (1, 2, System::block_number() + 10)
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
                deadline: attempt.deadline,
            })
        );
    });
}

#[test]
fn the_draw_waits_for_all_validators() {
    test(5, || {
        announce_all([1, 2, 3]);
        next_block();
        announce(4);
        next_block();
        assert!(awaiting_signers());
        announce(5);
        assert!(awaiting_signers());
        // All are there, a block before the delay is over.
        next_block();
        assert_eq!((System::block_number(), attempt().attempt), (4, 1));
    });
}

#[test]
fn absent_validators_hold_nothing_up() {
    test(40, || {
        announce(1);
        announce(2);
        run_to(20);
        assert_eq!(DrawAt::<Test>::get(), None);
        announce(3);
        assert_eq!(DrawAt::<Test>::get(), Some(24));
        run_to(23);
        assert!(awaiting_signers());
        next_block();
        assert_eq!(members(), [1, 2, 3]);
    });
}

#[test]
fn more_announcements_do_not_put_the_draw_off() {
    test(40, || {
        announce_all([1, 2, 3]);
        for validator in [4, 1, 5] {
            next_block();
            announce(validator);
            assert_eq!(DrawAt::<Test>::get(), Some(5));
        }
        next_block();
        assert_eq!(attempt().attempt, 1);
    });
}

#[test]
fn a_second_announcement_of_a_validator_does_not_make_it_n() {
    test(5, || {
        announce(1);
        announce(2);
        next_block();
        announce(2);
        run_to(20);
        assert!(awaiting_signers());
        assert_eq!(
            (DrawAt::<Test>::get(), LastAttempt::<Test>::get()),
            (None, 0)
        );
    });
}

/// An author has three of six validators, as many as a committee, and the first block.
#[test]
fn who_comes_first_has_no_advantage() {
    let author_first = committees(6, || {
        announce_all([1, 2, 3]);
        next_block();
        announce_all([4, 5, 6]);
        next_block();
    });
    let author_last = committees(6, || {
        announce_all([6, 5, 4]);
        next_block();
        announce_all([3, 2, 1]);
        next_block();
    });
    assert_eq!(author_first, author_last);
    // All twenty subsets of three, the author's own no more often than another: 10 times of 200.
    assert_eq!(author_first.iter().collect::<BTreeSet<_>>().len(), 20);
    let own = author_first
        .iter()
        .filter(|committee| **committee == [1, 2, 3])
        .count();
    assert!(own <= 20, "{own} of 200 committees are the author's");
}

/// The same, with a validator that never announces itself.
#[test]
fn who_comes_within_the_delay_counts() {
    let early_and_late = |first: [AccountId; 3], last: [AccountId; 2]| {
        committees(6, || {
            announce_all(first);
            run_to(4);
            announce_all(last);
            assert!(awaiting_signers());
            next_block();
        })
    };
    let drawn = early_and_late([1, 2, 3], [4, 5]);
    assert_eq!(drawn, early_and_late([5, 4, 3], [2, 1]));
    assert_eq!(drawn.iter().collect::<BTreeSet<_>>().len(), 10);
}

#[test]
fn who_comes_after_the_draw_does_not_change_it() {
    test(6, || {
        begin_keygen([1, 2, 3]);
        let drawn = attempt();
        announce_all([4, 5, 6]);
        next_block();
        assert_eq!(attempt(), drawn);
    });
}

#[test]
fn a_session_with_too_few_signers_cancels_the_draw() {
    test(5, || {
        announce_all([1, 2, 3]);
        run_to(4);
        new_session(&[(1, pair(1)), (2, pair(2)), (4, pair(4)), (5, pair(5))]);
        assert_eq!(DrawAt::<Test>::get(), None);
        // One author's block does not make up for it: the delay begins anew.
        announce(4);
        assert_eq!(DrawAt::<Test>::get(), Some(8));
        run_to(7);
        assert!(awaiting_signers());
        next_block();
        assert_eq!(members(), [1, 2, 4]);
    });
}

#[test]
fn a_session_without_the_absent_draws_at_once() {
    test(5, || {
        announce_all([1, 2, 3]);
        next_block();
        new_session(&[(1, pair(1)), (2, pair(2)), (3, pair(3))]);
        assert!(awaiting_signers());
        next_block();
        assert_eq!(members(), [1, 2, 3]);
    });
}

#[test]
fn the_delay_holds_for_later_attempts_that_had_too_few_signers() {
    test(5, || {
        begin_keygen([1, 2, 3]);
        let deadline = attempt().deadline;
        run_to(deadline);
        new_session(&[(1, pair(1)), (2, pair(2)), (4, pair(4)), (5, pair(5))]);
        // The author of the block before the deadline puts in its own, to be drawn at once.
        announce(4);
        next_block();
        assert!(awaiting_signers());
        assert_eq!(DrawAt::<Test>::get(), Some(deadline + 4));
        announce(5);
        next_block();
        assert_eq!(attempt().attempt, 2);
    });
}

#[test]
fn the_draw_after_a_deadline_is_not_delayed() {
    test(5, || {
        begin_keygen([1, 2, 3]);
        let deadline = attempt().deadline;
        run_to(deadline + 1);
        assert_eq!(
            (attempt().attempt, attempt().deadline),
            (2, deadline + 1 + 10)
        );
    });
}

#[test]
fn exclusion_does_not_make_a_signer_absent() {
    test(4, || {
        begin_keygen(1..=4);
        let absent = members()[0];
        for member in &members()[1..] {
            confirm(*member, network_key(1));
        }
        miss_deadline();
        assert_eq!(attempt().attempt, 2);
        assert!(!members().contains(&absent) && Excluded::<Test>::get().contains(&absent));
    });
}

#[test]
fn another_committee_size_sets_and_cancels_the_draw() {
    test(5, || {
        announce_all([1, 2]);
        next_block();
        assert_eq!(DrawAt::<Test>::get(), None);
        set_committee_size(2);
        assert_eq!(DrawAt::<Test>::get(), Some(6));
        next_block();
        set_committee_size(3);
        assert_eq!(DrawAt::<Test>::get(), None);
        run_to(10);
        assert!(awaiting_signers());
        set_committee_size(2);
        run_to(14);
        assert_eq!(members(), [1, 2]);
    });
}

#[test]
fn there_is_no_draw_once_there_is_a_key() {
    test(5, || {
        activate();
        assert_eq!(DrawAt::<Test>::get(), None);
        announce_all([4, 5]);
        set_committee_size(2);
        new_session(&[(4, pair(4)), (5, pair(5)), (6, pair(6))]);
        assert_eq!(DrawAt::<Test>::get(), None);
    });
}

#[test]
fn each_attempt_is_drawn_anew() {
    let mut drawn = BTreeSet::new();
    test(6, || {
        // With two of six left, exclusions are forgotten, so only the attempt's number makes the
        // difference.
        set_committee_size(4);
        begin_keygen(1..=6);
        for _ in 0..20 {
            drawn.insert(members());
            miss_deadline();
            assert!(Excluded::<Test>::get().is_empty());
        }
    });
    assert!(drawn.len() > 5, "{drawn:?}");
}

#[test]
fn the_beginning_of_a_block_costs_a_draw_only_if_there_is_one() {
    test(5, || {
        announce_all([1, 2, 3]);
        let begin = |block| {
            System::set_block_number(block);
            Signing::on_initialize(block)
        };
        let waiting = begin(2);
        assert_eq!(waiting, <() as crate::WeightInfo>::await_signers());
        let drawing = begin(5);
        assert_eq!(attempt().attempt, 1);
        assert!(drawing.ref_time() > waiting.ref_time());
        assert_eq!(begin(6), <() as crate::WeightInfo>::on_initialize());
    });
}
