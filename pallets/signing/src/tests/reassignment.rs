//! Block n decides, the beginning of block n+1 names those who are to have the key.

use crate::{mock::*, primitives, Event, Excluded, SeatLoss, Standbys};
use frame_support::{assert_ok, traits::Hooks};
use primitives::Phase;
use sp_core::Pair;

fn standbys() -> Vec<AccountId> {
    Standbys::<Test>::get().into_inner()
}

#[test]
fn a_fault_costs_the_seat_in_the_next_block() {
    test(5, || {
        activate_with_others([4]);
        assert_eq!(standbys(), [4]);
        accuse([1, 2], 3);
        let events = take_events();
        assert!(events.contains(&Event::SeatLost {
            validator: 3,
            cause: SeatLoss::Fault
        }));
        assert!(reassignments(&events).is_empty());
        assert!(committee().expelled.is_empty() && phase() == Phase::Active);

        next_block();
        assert_eq!(
            reassignments(&take_events()),
            [(2, vec![3], vec![4], vec![1, 2, 4])]
        );
        let attempt = resharing();
        assert_eq!((attempt.generation, attempt.threshold), (2, 2));
        assert_eq!(attempt.deadline, System::block_number() + 6);
        assert_eq!(stashes(&attempt.old_holders), [1, 2]);
        assert_eq!(stashes(&attempt.members), [1, 2, 4]);
        // The old committee signs on without it.
        assert_eq!(committee().generation, 1);
        assert_eq!(committee().expelled.to_vec(), [3]);
        assert_eq!(committee().sitting().count(), 2);
        assert!(standbys().is_empty());

        finish_resharing();
        let events = take_events();
        let members = committee().members;
        assert_eq!(stashes(&members), [1, 2, 4]);
        assert!(events.contains(&Event::CommitteeActivated {
            generation: 2,
            members: members.to_vec()
        }));
        assert_eq!((phase(), committee().generation), (Phase::Active, 2));
        assert_eq!(committee().attempt, attempt.attempt);
        assert!(committee().expelled.is_empty());
        run_to(System::block_number() + 3);
        assert!(reassignments(&take_events()).is_empty());
    });
}

#[test]
fn two_faults_in_one_block_are_one_reassignment() {
    test(7, || {
        assert_ok!(Signing::set_parameters(
            RuntimeOrigin::root(),
            primitives::Parameters {
                committee_size: 5,
                threshold: 3,
                standbys: 2,
                ..parameters()
            }
        ));
        begin_keygen(1..=7);
        let all = members();
        for member in &all {
            confirm(*member, network_key(1));
        }
        next_block();
        take_events();
        let (good, bad) = all.split_at(3);
        accuse(good.to_vec(), bad[0]);
        accuse(good.to_vec(), bad[1]);
        next_block();
        let told = reassignments(&take_events());
        assert_eq!(told.len(), 1);
        let mut bad = bad.to_vec();
        let mut removed = told[0].1.clone();
        bad.sort();
        removed.sort();
        assert_eq!((removed, told[0].2.len()), (bad, 2));
        assert_eq!(told[0].3.len(), 5);
        assert_eq!(committee().expelled.len(), 2);
        finish_resharing();
        assert_eq!(committee().generation, 2);
    });
}

#[test]
fn a_fault_during_a_hand_over_gives_it_up() {
    test(6, || {
        activate_with_others([4, 5]);
        accuse([1, 2], 3);
        next_block();
        let first = resharing();
        let joins = stashes(&first.members)[2];
        let other = 9 - joins;
        confirm_reshare(1);
        take_events();
        // The one that is to join is at fault as well.
        accuse([1, 2], joins);
        // From now on the attempt cannot succeed, whoever confirms.
        assert!(submit_reshare(&pair(2), first.attempt, 5).is_err());
        next_block();
        assert_eq!(
            reassignments(&take_events()),
            [(2, vec![joins], vec![other], vec![1, 2, other])]
        );
        let second = resharing();
        assert_eq!(second.generation, 2);
        assert!(second.attempt > first.attempt && second.confirmed.is_empty());
        assert!(submit_reshare(&pair(1), first.attempt, 5).is_err());
        finish_resharing();
        assert_eq!(stashes(&committee().members), {
            let mut members = vec![1, 2, other];
            members.sort();
            members
        });
    });
}

#[test]
fn a_member_that_hands_over_may_be_at_fault() {
    test(7, || {
        activate_with_others([4, 5]);
        accuse([1, 2], 3);
        next_block();
        take_events();
        // Three of seven validators are more than a third.
        accuse([1, 4, 5], 2);
        next_block();
        let events = take_events();
        assert_eq!(phase(), Phase::Degraded);
        // Those who were to have seats have none.
        let (generation, mut removed, added, members) = reassignments(&events).remove(0);
        removed.retain(|validator| *validator != 2);
        assert_eq!(
            (generation, removed.len(), added, members),
            (1, 1, vec![], vec![1])
        );
    });
}

#[test]
fn without_standbys_the_committee_shrinks() {
    test(3, || {
        activate_with_others([]);
        accuse([1, 2], 3);
        next_block();
        assert_eq!(
            reassignments(&take_events()),
            [(2, vec![3], vec![], vec![1, 2])]
        );
        finish_resharing();
        assert_eq!(stashes(&committee().members), [1, 2]);
        assert_eq!((committee().threshold, phase()), (2, Phase::Active));
        // The one that it was has no place in this era, but in the next.
        announce_again(3);
        run_to(System::block_number() + 3);
        assert_eq!(phase(), Phase::Active);
        assert!(standbys().is_empty());
        Era::set(1);
        new_session(&[(1, pair(1)), (2, pair(2)), (3, pair(3))]);
        next_block();
        assert_eq!(
            reassignments(&take_events()),
            [(3, vec![], vec![3], vec![1, 2, 3])]
        );
    });
}

fn announce_again(validator: AccountId) {
    next_block();
    announce(validator);
}

#[test]
fn below_the_threshold_the_network_is_degraded() {
    test(4, || {
        activate_with_others([]);
        accuse([1, 2], 3);
        // 4 has no signer, but it is a validator: two of four are more than a third.
        accuse([1, 4], 2);
        next_block();
        assert_eq!(
            reassignments(&take_events()),
            [(1, vec![2, 3], vec![], vec![1])]
        );
        assert_eq!(phase(), Phase::Degraded);
        run_to(System::block_number() + 20);
        assert_eq!(phase(), Phase::Degraded);
        assert!(reassignments(&take_events()).is_empty());

        // One of them comes back.
        announce(3);
        assert!(take_events().contains(&Event::SeatRegained { validator: 3 }));
        next_block();
        let told = reassignments(&take_events());
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].3, [1, 3]);
        assert_eq!(stashes(&resharing().old_holders), [1, 3]);
        finish_resharing();
        assert_eq!((phase(), committee().generation), (Phase::Active, 2));
    });
}

#[test]
fn an_announcement_gives_no_seat_back_while_the_others_can_sign() {
    test(4, || {
        activate_with_others([]);
        accuse([1, 2], 3);
        next_block();
        announce(3);
        assert_eq!(committee().expelled.to_vec(), [3]);
        next_block();
        assert_eq!(stashes(&resharing().members), [1, 2]);
    });
}

#[test]
fn a_member_that_will_not_be_a_validator_is_replaced_before() {
    test(5, || {
        activate_with_others([4]);
        queue(&[1, 2, 4, 5]);
        assert!(take_events().contains(&Event::SeatLost {
            validator: 3,
            cause: SeatLoss::LeavesValidators
        }));
        next_block();
        assert_eq!(
            reassignments(&take_events()),
            [(2, vec![3], vec![4], vec![1, 2, 4])]
        );
        // It signs, and hands over if need be.
        assert!(committee().expelled.is_empty());
        // The session after it begins before the hand-over is done.
        new_session(&[(1, pair(1)), (2, pair(2)), (4, pair(4)), (5, pair(5))]);
        let state = Signing::network_state();
        let former = state.validators.iter().find(|v| v.account == 3).unwrap();
        assert!(!former.active && former.signer.is_some());
        assert_eq!(former.signing_key, pair(3).public());
        // It is decided already.
        next_block();
        assert!(reassignments(&take_events()).is_empty());
        finish_resharing();
        assert!(take_events().contains(&Event::SignerLeft { validator: 3 }));
        let state = Signing::network_state();
        assert!(state.validators.iter().all(|v| v.account != 3 && v.active));
    });
}

#[test]
fn a_former_member_reports_nobody_without_proof_and_gets_no_seat() {
    test(5, || {
        activate_with_others([4]);
        new_session(&[(1, pair(1)), (2, pair(2)), (4, pair(4)), (5, pair(5))]);
        // It may move to another address, though.
        announce_again(3);
        let its = report(3, 1);
        assert_eq!(
            submit_report(&pair(3), its),
            Err(sp_runtime::transaction_validity::InvalidTransaction::BadSigner.into())
        );
        assert!(stashes(&resharing().members)
            .iter()
            .all(|member| *member != 3));
    });
}

#[test]
fn one_that_comes_back_is_a_validator_again() {
    test(4, || {
        activate_with_others([]);
        new_session(&[(1, pair(1)), (2, pair(2))]);
        new_session(&[(1, pair(1)), (2, pair(2)), (3, rotated_pair(3, 1))]);
        let state = Signing::network_state();
        let again = state.validators.iter().find(|v| v.account == 3).unwrap();
        assert!(again.active && again.signer.is_some());
        assert_eq!(again.signing_key, rotated_pair(3, 1).public());
        assert_eq!(Signing::owner_of(&pair(3).public()), None);
    });
}

#[test]
fn a_session_change_and_a_fault_are_both_carried_out() {
    test(6, || {
        activate_with_others([4, 5]);
        accuse([1, 2], 3);
        queue(&[1, 3, 4, 5, 6]);
        next_block();
        assert_eq!(
            reassignments(&take_events()),
            [(2, vec![2, 3], vec![4, 5], vec![1, 4, 5])]
        );
        // 2 is on its way out, but holds a share and is not at fault.
        assert_eq!(stashes(&resharing().old_holders), [1, 2]);
        finish_resharing();
        assert_eq!(stashes(&committee().members), [1, 4, 5]);
    });
}

#[test]
fn a_session_does_not_put_off_what_the_block_before_decided() {
    test(5, || {
        activate_with_others([4]);
        assert_ok!(Signing::leave_committee(RuntimeOrigin::signed(3)));
        // The next block begins with a session that does without 3.
        System::set_block_number(System::block_number() + 1);
        queue(&[1, 2, 4, 5]);
        Signing::on_initialize(System::block_number());
        assert_eq!(
            reassignments(&take_events()),
            [(2, vec![3], vec![4], vec![1, 2, 4])]
        );
    });
}

#[test]
fn other_parameters_lead_to_another_committee_if_they_can_be_met() {
    test(5, || {
        activate_with_others([4]);
        let set = |committee_size, threshold| {
            assert_ok!(Signing::set_parameters(
                RuntimeOrigin::root(),
                primitives::Parameters {
                    committee_size,
                    threshold,
                    ..parameters()
                }
            ));
        };
        set(5, 5);
        next_block();
        // There are four signers. Until there are five, two sign.
        assert_eq!(
            reassignments(&take_events()),
            [(2, vec![], vec![4], vec![1, 2, 3, 4])]
        );
        assert_eq!(resharing().threshold, 2);
        finish_resharing();
        run_to(System::block_number() + 30);
        assert!(reassignments(&take_events()).is_empty());
        assert_eq!(committee().generation, 2);

        announce(5);
        next_block();
        assert_eq!(reassignments(&take_events()).len(), 1);
        assert_eq!(
            (resharing().threshold, resharing().old_holders.len()),
            (5, 2)
        );
        finish_resharing();
        assert_eq!((committee().threshold, committee().members.len()), (5, 5));

        set(2, 2);
        next_block();
        assert_eq!((resharing().members.len(), resharing().threshold), (2, 2));
        finish_resharing();
        assert_eq!((committee().threshold, committee().members.len()), (2, 2));
    });
}

#[test]
fn excluded_signers_are_told_so() {
    test(4, || {
        activate_with_others([4]);
        accuse([1, 2], 4);
        assert!(Excluded::<Test>::get().contains(&4));
        let state = Signing::network_state();
        let excluded: Vec<_> = state
            .validators
            .iter()
            .filter(|validator| validator.excluded)
            .map(|validator| validator.account)
            .collect();
        assert_eq!(excluded, [4]);
    });
}
