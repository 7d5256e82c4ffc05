//! Rotations, refreshes, and members that want to leave.

use crate::{mock::*, primitives, Event, Parameters, Retiring, SeatLoss};
use frame_support::{assert_noop, assert_ok};
use primitives::Phase;
use sp_runtime::DispatchError;

fn rotate_every(rotation_period: u64) {
    Parameters::<Test>::mutate(|parameters| parameters.rotation_period = rotation_period);
}

fn leave(validator: AccountId) -> Result<(), DispatchError> {
    Signing::leave_committee(RuntimeOrigin::signed(validator))
}

#[test]
fn one_member_leaves_and_a_standby_joins() {
    test(4, || {
        rotate_every(30);
        activate_with_others([4]);
        let begun = System::block_number() - 1;
        finish_aux_info();
        run_to(begun + 29);
        assert_eq!(phase(), Phase::Active);
        take_events();
        next_block();
        let events = take_events();
        let leaves = events.iter().find_map(|event| match event {
            Event::SeatLost {
                validator,
                cause: SeatLoss::Rotated,
            } => Some(*validator),
            _ => None,
        });
        let leaves = leaves.expect("the period is over");
        assert!(reassignments(&events).is_empty());
        next_block();
        let told = reassignments(&take_events());
        assert_eq!(told.len(), 1);
        assert_eq!((&told[0].1, &told[0].2), (&vec![leaves], &vec![4]));
        // It signs until the others do, and what they need is there.
        assert!(committee().expelled.is_empty());
        assert!(resharing().aux_info.is_some());
        finish_resharing();
        assert!(Retiring::<Test>::get().is_empty());
        assert!(stashes(&committee().members)
            .iter()
            .all(|member| *member != leaves));
        // It is next in line again.
        next_block();
        assert_eq!(Signing::network_state().standbys, [leaves]);
        // And the period begins anew.
        let activated = System::block_number() - 1;
        if crate::AuxInfoAttempt::<Test>::exists() {
            finish_aux_info();
        }
        run_to(activated + 31);
        assert!(matches!(phase(), Phase::Resharing(_)));
    });
}

#[test]
fn chance_decides_who_leaves() {
    let mut who = std::collections::BTreeSet::new();
    for seed in 0..40 {
        test(4, || {
            rotate_every(5);
            activate_with_others([4]);
            Seed::set(seed);
            finish_aux_info();
            run_to(System::block_number() + 6);
            who.extend(Retiring::<Test>::get());
        });
    }
    assert_eq!(who.into_iter().collect::<Vec<_>>(), [1, 2, 3]);
}

#[test]
fn without_standbys_the_members_hand_over_to_themselves() {
    test(3, || {
        rotate_every(30);
        activate_with_others([]);
        finish_aux_info();
        run_to(System::block_number() + 30);
        let events = take_events();
        assert!(events.contains(&Event::RefreshDue));
        assert_eq!(reassignments(&events), [(2, vec![], vec![], vec![1, 2, 3])]);
        finish_resharing();
        assert_eq!((committee().generation, phase()), (2, Phase::Active));
        // Once.
        run_to(System::block_number() + 20);
        assert_eq!((committee().generation, phase()), (2, Phase::Active));
    });
}

#[test]
fn a_period_of_zero_is_never() {
    test(4, || {
        activate_with_others([4]);
        finish_aux_info();
        run_to(1_000);
        assert_eq!((committee().generation, phase()), (1, Phase::Active));
        assert!(reassignments(&take_events()).is_empty());
    });
}

#[test]
fn a_member_may_leave_if_there_is_somebody_for_its_seat() {
    test(4, || {
        activate_with_others([4]);
        assert_ok!(leave(2));
        assert!(take_events().contains(&Event::SeatLost {
            validator: 2,
            cause: SeatLoss::Requested
        }));
        assert_noop!(leave(2), Error::SeatAlreadyLost);
        next_block();
        assert_noop!(leave(2), Error::SeatAlreadyLost);
        assert_eq!(
            reassignments(&take_events()),
            [(2, vec![2], vec![4], vec![1, 3, 4])]
        );
        finish_resharing();
        assert_noop!(leave(2), Error::NotAMember);
        // It gets no other seat in this era.
        run_to(System::block_number() + 3);
        assert!(Signing::network_state().standbys.is_empty());
    });
}

#[test]
fn who_is_no_member_has_no_seat_to_leave() {
    test(5, || {
        assert_noop!(leave(1), Error::NotAMember);
        activate_with_others([4]);
        assert_noop!(leave(4), Error::NotAMember);
        assert_noop!(leave(ALICE), Error::NotAMember);
        assert_noop!(
            Signing::leave_committee(RuntimeOrigin::root()),
            DispatchError::BadOrigin
        );
        accuse([1, 2], 3);
        assert_noop!(leave(3), Error::SeatAlreadyLost);
        next_block();
        assert_noop!(leave(3), Error::NotAMember);
    });
}

#[test]
fn the_last_that_can_sign_must_stay() {
    test(3, || {
        activate_with_others([]);
        assert_ok!(leave(3));
        next_block();
        finish_resharing();
        assert_noop!(leave(1), Error::NobodyToReplace);
        assert_noop!(leave(2), Error::NobodyToReplace);
    });
}

#[test]
fn two_cannot_leave_at_once_if_too_few_would_stay() {
    test(3, || {
        activate_with_others([]);
        assert_ok!(leave(3));
        assert_noop!(leave(2), Error::NobodyToReplace);
    });
}
