//! What becomes of those who are convicted, wherever they are by then.

use super::evidence::*;
use crate::{
    mock::*, primitives, Barred, Conviction, Convictions, Event, LastSessions, Offence,
    ProvenCheaters, Reports, SeatLoss, Standbys,
};
use primitives::Phase;
use sp_runtime::{transaction_validity::InvalidTransaction, Perbill};

const SLASH: Perbill = Perbill::from_percent(10);

fn punished() -> Vec<(AccountId, u32, Offence)> {
    Punished::get()
        .into_iter()
        .map(|(offender, session, offence, slash)| {
            assert_eq!(slash, SLASH);
            (offender, session, offence)
        })
        .collect()
}

fn cheated(generation: u32) -> Offence {
    Offence::Cheating { generation }
}

fn lost_seats(events: &[Event<Test>]) -> Vec<AccountId> {
    events
        .iter()
        .filter_map(|event| match event {
            Event::SeatLost {
                validator,
                cause: SeatLoss::Fault,
            } => Some(*validator),
            _ => None,
        })
        .collect()
}

fn leave(member: AccountId) {
    Signing::leave_committee(RuntimeOrigin::signed(member)).unwrap();
    next_block();
}

fn session_of(validators: impl IntoIterator<Item = AccountId>) {
    SessionIndex::mutate(|session| *session += 1);
    new_session(
        &validators
            .into_iter()
            .map(|v| (v, pair(v)))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn two_cheaters_of_one_block_lose_their_seats_together() {
    test(6, || {
        activate_with_others([4]);
        prove(1, 3);
        prove(5, 2);
        assert_eq!(lost_seats(&take_events()), [3, 2]);
        assert_eq!(punished(), [(3, 7, cheated(1)), (2, 7, cheated(1))]);
        next_block();
        // One member is left of two that it takes: nobody can sign or hand over.
        assert_eq!(phase(), Phase::Degraded);
        assert_eq!(reassignments(&take_events()).len(), 1);
        // Announcing oneself does not help.
        for cheater in [2, 3] {
            announce(cheater);
            next_block();
            assert_eq!(phase(), Phase::Degraded);
        }
        // Not in another era, nor session, either.
        Era::set(1);
        session_of(1..=6);
        for cheater in [2, 3] {
            announce(cheater);
            next_block();
        }
        assert_eq!(committee().expelled.to_vec(), [2, 3]);
        assert_eq!(phase(), Phase::Degraded);
    });
}

#[test]
fn of_a_degraded_network_only_those_that_did_not_cheat_come_back() {
    test(6, || {
        activate_with_others([4]);
        prove(1, 3);
        accuse([1, 4, 5], 2);
        next_block();
        assert_eq!(phase(), Phase::Degraded);
        take_events();
        announce(3);
        assert!(!take_events()
            .iter()
            .any(|event| matches!(event, Event::SeatRegained { .. })));
        announce(2);
        assert!(take_events().contains(&Event::SeatRegained { validator: 2 }));
        next_block();
        assert_eq!(stashes(&resharing().members), [1, 2, 4]);
    });
}

#[test]
fn without_a_standby_the_others_go_on() {
    test(3, || {
        activate_with_others([]);
        prove(1, 3);
        next_block();
        assert_eq!(
            reassignments(&take_events()),
            [(2, vec![3], vec![], vec![1, 2])]
        );
        finish_resharing();
        assert_eq!(stashes(&committee().members), [1, 2]);
    });
}

#[test]
fn a_proof_and_a_quorum_of_one_block_are_one_loss() {
    test(6, || {
        activate_with_others([4]);
        accuse([1], 3);
        prove(1, 3);
        assert_eq!(
            Reports::<Test>::iter_keys().count(),
            0,
            "they are of no use any more"
        );
        let late = report(2, 3);
        assert_eq!(
            submit_report(&pair(2), late),
            Err(InvalidTransaction::Stale.into())
        );
        assert_eq!(lost_seats(&take_events()), [3]);
        next_block();
        assert_eq!(reassignments(&take_events()).len(), 1);
    });
    test(6, || {
        activate_with_others([4]);
        accuse([1, 2], 3);
        prove(1, 3);
        assert_eq!(lost_seats(&take_events()), [3]);
        assert_eq!(punished(), [(3, 7, cheated(1))]);
        // It must answer the challenge as well.
        assert_eq!(Signing::network_state().challenges.len(), 1);
        next_block();
        assert_eq!(reassignments(&take_events()).len(), 1);
    });
}

#[test]
fn one_that_has_lost_its_seat_already_is_punished_all_the_same() {
    test(6, || {
        activate_with_others([4]);
        accuse([1, 2], 3);
        next_block();
        take_events();
        prove(1, 3);
        assert!(lost_seats(&take_events()).is_empty());
        assert_eq!(punished(), [(3, 7, cheated(1))]);
        // Nothing new is decided: the hand-over goes on.
        let attempt = resharing().attempt;
        next_block();
        assert_eq!(resharing().attempt, attempt);
        finish_resharing();
        assert_eq!(stashes(&committee().members), [1, 2, 4]);
    });
}

#[test]
fn a_cheater_that_is_to_stay_is_left_out_of_the_hand_over() {
    test(6, || {
        activate_with_others([4, 5]);
        accuse([1, 2], 3);
        next_block();
        take_events();
        let first = resharing();
        assert!(stashes(&first.members).contains(&2));
        prove(1, 2);
        // From now on the attempt cannot succeed.
        assert!(submit_reshare(&pair(1), first.attempt, 5).is_err());
        next_block();
        assert_eq!(phase(), Phase::Degraded, "one of three sits");
        assert_eq!(committee().expelled.to_vec(), [3, 2]);
    });
}

#[test]
fn what_was_done_in_the_generation_before_can_be_proved_still() {
    test(7, || {
        activate_with_others([4, 5]);
        let (first, second) = (cheating(3, 1), cheating(2, 1));
        leave(3);
        finish_resharing();
        next_block();
        assert_eq!(committee().generation, 2);
        take_events();
        // 3 has no place any more.
        submit_proof(1, 3, &first);
        assert!(lost_seats(&take_events()).is_empty());
        // 2 has a seat in the next generation.
        submit_proof(1, 2, &second);
        assert_eq!(lost_seats(&take_events()), [2]);
        assert_eq!(punished(), [(3, 7, cheated(1)), (2, 7, cheated(1))]);
        next_block();
        finish_resharing();
        assert_eq!(committee().generation, 3);
        assert!(ProvenCheaters::<Test>::get().is_empty());
        // Now it is too late.
        let report = proof(4, 1, &{
            let mut evidence = cheating(1, 2);
            evidence.subject.generation = 1;
            evidence
        });
        assert_eq!(
            submit_report(&pair(4), report),
            Err(InvalidTransaction::Stale.into())
        );
        // Cheating in two generations is two offences.
        submit_proof(4, 1, &cheating(1, 2));
        next_block();
        assert_eq!(
            submit_report(&pair(4), proof(4, 1, &cheating(1, 2))),
            Err(InvalidTransaction::Stale.into())
        );
        submit_proof(4, 1, &cheating(1, 3));
        assert_eq!(punished()[2..], [(1, 7, cheated(2)), (1, 7, cheated(3))]);
    });
}

#[test]
fn a_standby_that_has_cheated_as_a_member_loses_its_place() {
    test(6, || {
        activate_with_others([4]);
        let evidence = cheating(3, 1);
        leave(3);
        finish_resharing();
        Era::set(1);
        session_of(1..=6);
        next_block();
        assert_eq!(Standbys::<Test>::get().to_vec(), [3]);
        take_events();
        submit_proof(1, 3, &evidence);
        assert_eq!(
            take_events(),
            [
                Event::StandbyDismissed { validator: 3 },
                Event::CheatingProven {
                    reporter: 1,
                    accused: 3,
                    generation: 1,
                    slash: SLASH
                }
            ]
        );
        announce_next(3);
        next_block();
        assert!(Standbys::<Test>::get().is_empty(), "it is barred");
        Era::set(2);
        session_of(1..=6);
        next_block();
        assert_eq!(Standbys::<Test>::get().to_vec(), [3]);
    });
}

/// In a block in which it has not yet announced itself.
fn announce_next(validator: AccountId) {
    next_block();
    announce(validator);
}

#[test]
fn who_has_left_the_validators_answers_with_its_last_stake() {
    test(6, || {
        activate_with_others([4, 5]);
        let evidence = cheating(3, 1);
        // It is a former member for as long as it holds a share in force.
        session_of([1, 2, 4, 5, 6]);
        session_of([1, 2, 4, 5, 6]);
        assert_eq!(SessionIndex::get(), 9);
        submit_proof(1, 3, &evidence);
        assert_eq!(punished(), [(3, 7, cheated(1))]);
        next_block();
        assert_eq!(committee().expelled.to_vec(), [3]);
    });
    // And after another generation is in force.
    test(6, || {
        activate_with_others([4, 5]);
        let evidence = cheating(3, 1);
        leave(3);
        finish_resharing();
        session_of([1, 2, 4, 5, 6]);
        session_of([1, 2, 4, 5, 6]);
        next_block();
        submit_proof(1, 3, &evidence);
        assert_eq!(punished(), [(3, 7, cheated(1))]);
    });
    // If it comes back, with the stake that it has now.
    test(6, || {
        activate_with_others([4, 5]);
        let evidence = cheating(3, 1);
        leave(3);
        finish_resharing();
        session_of([1, 2, 4, 5, 6]);
        session_of(1..=6);
        assert!(LastSessions::<Test>::get().is_empty());
        submit_proof(1, 3, &evidence);
        assert_eq!(punished(), [(3, 9, cheated(1))]);
    });
    // Once it can be shown nothing any more, it is forgotten.
    test(6, || {
        activate_with_others([4, 5]);
        leave(3);
        finish_resharing();
        session_of([1, 2, 4, 5, 6]);
        next_block();
        assert_eq!(LastSessions::<Test>::get()[&3], 7);
        leave(2);
        finish_resharing();
        assert!(LastSessions::<Test>::get().is_empty());
    });
}

#[test]
fn a_member_to_be_that_leaves_before_it_is_one_is_known_by_its_last_session() {
    test(6, || {
        begin_keygen([1, 2, 3]);
        let members = attempt().members;
        session_of([2, 3, 4, 5, 6]);
        assert_eq!(LastSessions::<Test>::get()[&1], 7);
        for member in members {
            confirm(member.validator, network_key(1));
        }
        next_block();
        session_of([2, 3, 4, 5, 6]);
        submit_proof(2, 1, &cheating(1, 1));
        assert_eq!(punished(), [(1, 7, cheated(1))]);
    });
}

#[test]
fn a_convict_makes_no_blocks_in_the_era() {
    test(6, || {
        activate_with_others([4]);
        prove(1, 3);
        submit_proof(5, 2, &honesty(2, 1));
        // A session begins in the same block, in which all could make blocks again.
        session_of(1..=6);
        let mut disabled = Disabled::take();
        disabled.sort();
        assert_eq!(disabled, [3, 5]);
        next_block();
        // Not of those who have left.
        session_of(1..=4);
        assert_eq!(Disabled::take(), [3]);
        Era::set(1);
        session_of(1..=4);
        assert!(Disabled::take().is_empty());
    });
}

#[test]
fn a_convict_proves_nothing_while_its_era_or_the_generation_lasts() {
    test(9, || {
        activate_with_others([4]);
        submit_proof(5, 2, &honesty(2, 1));
        let is_refused = || {
            let evidence = cheating(1, committee().generation);
            let refused = submit_report(&pair(5), proof(5, 1, &evidence));
            assert_eq!(refused, Err(InvalidTransaction::BadSigner.into()));
        };
        is_refused();
        // Another era, the same generation.
        Era::set(1);
        session_of(1..=9);
        is_refused();
        // Another generation, the same era.
        next_block();
        submit_proof(6, 2, &honesty(2, 1));
        leave(3);
        finish_resharing();
        let refused = submit_report(&pair(6), proof(6, 1, &cheating(1, 2)));
        assert_eq!(refused, Err(InvalidTransaction::BadSigner.into()));
        // Neither for 5 any more, and then not for 6 either.
        next_block();
        submit_proof(5, 1, &cheating(1, 2));
        Era::set(2);
        session_of(1..=9);
        next_block();
        submit_proof(6, 2, &cheating(2, 2));
        assert!(!Convictions::<Test>::get().contains_key(&6));
    });
}

/// A cheater cannot keep others from proving it by accusing them first.
#[test]
fn the_accused_gains_nothing_by_accusing_its_accuser() {
    test(6, || {
        activate_with_others([4]);
        submit_proof(3, 1, &honesty(1, 1));
        prove(1, 3);
        let generation = 1;
        assert_eq!(
            punished(),
            [
                (3, 7, Offence::FalseEvidence { generation }),
                (3, 7, cheated(1))
            ]
        );
        assert_eq!(lost_seats(&take_events()), [3]);
        next_block();
        assert_eq!(stashes(&resharing().members), [1, 2, 4]);
    });
    // One that is convicted shows nothing of others. Others can.
    test(6, || {
        activate_with_others([4]);
        prove(3, 1);
        let refused = submit_report(&pair(1), proof(1, 3, &cheating(3, 1)));
        assert_eq!(refused, Err(InvalidTransaction::BadSigner.into()));
        prove(2, 3);
        assert_eq!(punished(), [(1, 7, cheated(1)), (3, 7, cheated(1))]);
    });
}

#[test]
fn a_reporter_that_is_a_standby_or_nobody_is_punished_too() {
    test(6, || {
        activate_with_others([4]);
        submit_proof(4, 1, &honesty(1, 1));
        assert!(take_events().contains(&Event::StandbyDismissed { validator: 4 }));
        submit_proof(6, 1, &honesty(1, 1));
        let offence = Offence::FalseEvidence { generation: 1 };
        assert_eq!(punished(), [(4, 7, offence), (6, 7, offence)]);
        next_block();
        announce(6);
        next_block();
        assert!(Standbys::<Test>::get().is_empty());
        assert_eq!(Barred::<Test>::get().validators.len(), 2);
        assert_eq!(phase(), Phase::Active);
    });
}

#[test]
fn convictions_are_bounded() {
    test(6, || {
        activate_with_others([4]);
        let earlier = Conviction {
            era: 0,
            generation: 1,
            slash: SLASH,
        };
        Era::set(1);
        Convictions::<Test>::mutate(|all| {
            for validator in 100..140 {
                all.try_insert(validator, earlier.clone()).unwrap();
            }
        });
        prove(1, 3);
        let all = Convictions::<Test>::get();
        assert_eq!(all.len(), 40);
        assert_eq!((all[&3].era, all[&3].slash), (1, SLASH));
        assert!(!all.contains_key(&100));
    });
}
