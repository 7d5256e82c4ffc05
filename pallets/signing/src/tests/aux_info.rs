//! Auxiliary information, made ahead of time.

use crate::{
    mock::*, primitives, AttemptFailure, AuxInfo, AuxInfoAttempt, Call, Event, Excluded, Standbys,
};
use frame_support::assert_noop;
use frame_system::RawOrigin;
use primitives::{AuxInfoConfirmation, Phase};
use sp_core::{Pair, H256};
use sp_runtime::{
    transaction_validity::{InvalidTransaction, UnknownTransaction},
    DispatchError,
};

fn refused(error: InvalidTransaction) -> Submission {
    Err(error.into())
}

fn covered() -> Vec<AccountId> {
    AuxInfo::<Test>::get()
        .map(|set| stashes(&set.parties))
        .unwrap_or_default()
}

fn confirm(validator: AccountId, commitment: u8) {
    let attempt = aux_info_attempt().attempt;
    assert_eq!(
        submit_aux_info(&pair(validator), attempt, commitment),
        Ok(Ok(()))
    );
}

#[test]
fn members_and_standbys_make_it_once_there_is_a_key() {
    test(4, || {
        activate();
        assert!(!AuxInfoAttempt::<Test>::exists());
        announce(4);
        next_block();
        let attempt = aux_info_attempt();
        assert_eq!(attempt.attempt, 2);
        assert_eq!(stashes(&attempt.parties), [1, 2, 3, 4]);
        assert_eq!(attempt.deadline, System::block_number() + 10);
        assert!(attempt
            .parties
            .windows(2)
            .all(|pair| pair[0].party < pair[1].party));
        take_events();
        finish_aux_info();
        let events = take_events();
        assert_eq!(events.len(), 5);
        assert!(events.contains(&Event::AuxInfoCreated {
            attempt: 2,
            parties: attempt.parties.to_vec()
        }));
        let set = AuxInfo::<Test>::get().unwrap();
        assert_eq!((set.attempt, set.commitment), (2, H256([6; 32])));
        assert_eq!(Signing::network_state().aux_info, Some(set));
        // It is made once.
        run_to(System::block_number() + 30);
        assert!(!AuxInfoAttempt::<Test>::exists());
        // A hand-over uses it.
        accuse([1, 2], 3);
        next_block();
        assert_eq!(resharing().aux_info, Some(2));
        finish_resharing();
        next_block();
        // Those that are left are covered still.
        assert!(!AuxInfoAttempt::<Test>::exists());
    });
}

#[test]
fn others_than_those_covered_need_their_own() {
    test(6, || {
        activate_with_others([4]);
        finish_aux_info();
        accuse([1, 2], 4);
        announce(5);
        next_block();
        assert_eq!(Standbys::<Test>::get().to_vec(), [5]);
        assert_eq!(stashes(&aux_info_attempt().parties), [1, 2, 3, 5]);
        accuse([1, 2], 3);
        next_block();
        // The attempt gives way, and the hand-over brings its own.
        assert!(!AuxInfoAttempt::<Test>::exists());
        assert_eq!((resharing().aux_info, covered()), (None, vec![1, 2, 3, 4]));
    });
}

#[test]
fn a_standby_that_is_covered_is_taken_first() {
    test(7, || {
        activate_with_others([4]);
        finish_aux_info();
        crate::Parameters::<Test>::mutate(|parameters| parameters.standbys = 3);
        announce(5);
        announce(6);
        next_block();
        assert_eq!(Standbys::<Test>::get().len(), 3);
        // Whatever their order.
        Standbys::<Test>::mutate(|standbys| standbys.sort_by(|a, b| b.cmp(a)));
        accuse([1, 2], 3);
        next_block();
        assert_eq!(stashes(&resharing().members), [1, 2, 4]);
    });
}

#[test]
fn a_rotated_key_of_a_standby_is_another_party() {
    test(5, || {
        activate_with_others([4]);
        finish_aux_info();
        let mut session: Vec<_> = (1..=5).map(|v| (v, pair(v))).collect();
        session[3].1 = rotated_pair(4, 1);
        // A member keeps its party id.
        session[0].1 = rotated_pair(1, 1);
        new_session(&session);
        next_block();
        let parties = aux_info_attempt().parties;
        let party = |validator| {
            parties
                .iter()
                .find(|party| party.validator == validator)
                .unwrap()
                .party
                .clone()
        };
        assert_eq!(party(4), rotated_pair(4, 1).public());
        assert_eq!(party(1), pair(1).public());
    });
}

#[test]
fn only_parties_confirm_their_attempt_once() {
    test(6, || {
        let early = AuxInfoConfirmation {
            signing_key: pair(1).public(),
            attempt: 1,
            commitment: H256([6; 32]),
        };
        let dispatch = |confirmation: AuxInfoConfirmation| {
            Signing::confirm_aux_info(
                RawOrigin::Authorized.into(),
                confirmation,
                pair(1).sign(b""),
            )
        };
        assert_noop!(dispatch(early.clone()), Error::NoAuxInfoAttempt);
        activate_with_others([4]);
        assert_eq!(
            submit_aux_info(&pair(1), 1, 6),
            refused(InvalidTransaction::Stale)
        );
        assert_noop!(dispatch(early.clone()), Error::WrongAttempt);
        assert_eq!(
            submit_aux_info(&pair(1), 3, 6),
            Err(UnknownTransaction::CannotLookup.into())
        );
        assert_eq!(
            submit_aux_info(&pair(5), 2, 6),
            refused(InvalidTransaction::BadSigner)
        );
        confirm(1, 6);
        assert_eq!(
            submit_aux_info(&pair(1), 2, 6),
            refused(InvalidTransaction::Stale)
        );
        let good = AuxInfoConfirmation {
            attempt: 2,
            signing_key: pair(2).public(),
            ..early
        };
        let here = primitives::aux_info_confirmation_payload(genesis_hash(), &good);
        let elsewhere = primitives::aux_info_confirmation_payload(H256([1; 32]), &good);
        for signature in [pair(1).sign(&here), pair(2).sign(&elsewhere)] {
            assert_eq!(
                submit(Call::confirm_aux_info {
                    confirmation: good.clone(),
                    signature
                }),
                refused(InvalidTransaction::BadProof)
            );
        }
        for origin in [RawOrigin::Root, RawOrigin::None, RawOrigin::Signed(2)] {
            assert_noop!(
                Signing::confirm_aux_info(origin.into(), good.clone(), pair(2).sign(&here)),
                DispatchError::BadOrigin
            );
        }
        assert_eq!(aux_info_attempt().confirmed.to_vec(), [1]);
    });
}

#[test]
fn a_standby_that_does_not_confirm_loses_its_place() {
    test(6, || {
        activate_with_others([4, 5]);
        let standby = Standbys::<Test>::get()[0];
        let attempt = aux_info_attempt();
        for member in 1..=3 {
            confirm(member, 6);
        }
        run_to(attempt.deadline);
        assert!(AuxInfoAttempt::<Test>::exists());
        take_events();
        next_block();
        assert!(take_events().contains(&Event::AuxInfoFailed {
            attempt: attempt.attempt,
            failure: AttemptFailure::DeadlineMissed,
            excluded: vec![standby],
        }));
        next_block();
        assert_eq!(stashes(&aux_info_attempt().parties), {
            let mut parties = vec![1, 2, 3, 9 - standby];
            parties.sort();
            parties
        });
        assert_eq!((phase(), committee().generation), (Phase::Active, 1));
    });
}

#[test]
fn members_do_not_lose_their_seats_for_it() {
    test(4, || {
        activate_with_others([4]);
        confirm(4, 6);
        confirm(1, 6);
        let deadline = aux_info_attempt().deadline;
        run_to(deadline + 1);
        assert!(Excluded::<Test>::get().is_empty());
        assert_eq!(Standbys::<Test>::get().to_vec(), [4]);
        // The same would only fail again: it waits.
        let waits = System::block_number() + 20;
        run_to(waits - 1);
        assert!(!AuxInfoAttempt::<Test>::exists());
        next_block();
        assert_eq!(stashes(&aux_info_attempt().parties), [1, 2, 3, 4]);
    });
}

#[test]
fn different_results_end_the_attempt() {
    test(4, || {
        activate_with_others([4]);
        confirm(1, 6);
        take_events();
        confirm(4, 7);
        assert!(take_events().contains(&Event::AuxInfoFailed {
            attempt: 2,
            failure: AttemptFailure::ResultsDiffer,
            excluded: vec![4],
        }));
        assert_eq!(AuxInfo::<Test>::get(), None);
        // It may have been a member that lied, and would again.
        let waits = System::block_number() + 20;
        run_to(waits - 1);
        assert!(!AuxInfoAttempt::<Test>::exists());
        next_block();
        assert_eq!(stashes(&aux_info_attempt().parties), [1, 2, 3]);
    });
}
