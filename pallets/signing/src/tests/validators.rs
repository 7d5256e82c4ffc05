//! Sessions change the set of validators and their keys.

use crate::{mock::*, primitives, Event, KeyOwners, Signers, SigningKeys};
use frame_support::traits::OneSessionHandler;
use sp_core::Pair;

#[test]
fn the_genesis_session_tells_validators_and_keys() {
    test(3, || {
        assert_eq!(SigningKeys::<Test>::iter().count(), 3);
        for validator in 1..=3 {
            let key = pair(validator).public();
            assert_eq!(SigningKeys::<Test>::get(validator), Some(key.clone()));
            assert_eq!(KeyOwners::<Test>::get(key), Some(validator));
        }
    });
}

#[test]
fn a_rotated_key_replaces_the_old_one() {
    test(2, || {
        announce(1);
        new_session(&[(1, rotated_pair(1, 1)), (2, pair(2))]);
        assert_eq!(KeyOwners::<Test>::get(pair(1).public()), None);
        assert_eq!(KeyOwners::<Test>::get(rotated_pair(1, 1).public()), Some(1));
        assert!(
            Signers::<Test>::contains_key(1),
            "the announcement is the validator's"
        );
    });
}

#[test]
fn keys_may_change_hands() {
    test(2, || {
        new_session(&[(1, pair(2)), (2, pair(1))]);
        assert_eq!(KeyOwners::<Test>::get(pair(1).public()), Some(2));
        assert_eq!(KeyOwners::<Test>::get(pair(2).public()), Some(1));
        new_session(&[(2, pair(2))]);
        assert_eq!(KeyOwners::<Test>::get(pair(1).public()), None);
    });
}

#[test]
fn who_leaves_takes_its_announcement_along() {
    test(3, || {
        announce(1);
        announce(2);
        take_events();
        new_session(&[(2, pair(2)), (4, pair(4))]);
        assert_eq!(take_events(), [Event::SignerLeft { validator: 1 }]);
        assert!(!Signers::<Test>::contains_key(1));
        assert!(Signers::<Test>::contains_key(2));
        assert_eq!(Signers::<Test>::count(), 1);
        assert_eq!(SigningKeys::<Test>::iter().count(), 2);
    });
}

#[test]
fn an_unchanged_session_changes_nothing() {
    test(2, || {
        let nobody = core::iter::empty::<(&AccountId, primitives::SignerId)>;
        Signing::on_new_session(false, nobody(), nobody());
        Signing::on_disabled(0);
        assert_eq!(SigningKeys::<Test>::iter().count(), 2);
    });
}

#[test]
fn there_are_no_more_validators_than_the_limit() {
    test(0, || {
        let session: Vec<_> = (1..=50)
            .map(|validator| (validator, pair(validator)))
            .collect();
        new_session(&session);
        assert_eq!(
            SigningKeys::<Test>::iter().count(),
            MaxValidators::get() as usize
        );
        assert!(SigningKeys::<Test>::contains_key(40) && !SigningKeys::<Test>::contains_key(41));
    });
}

#[test]
fn a_key_or_validator_that_comes_twice_counts_once() {
    test(0, || {
        new_session(&[(1, pair(1)), (2, pair(1)), (1, pair(2))]);
        assert_eq!(
            SigningKeys::<Test>::iter().collect::<Vec<_>>(),
            [(1, pair(1).public())]
        );
    });
}

#[test]
fn the_network_state_shows_validators_with_their_announcements() {
    test(2, || {
        announce(2);
        let mut validators = Signing::network_state().validators;
        validators.sort_by_key(|validator| validator.account);
        assert_eq!(validators.len(), 2);
        assert_eq!(validators[0].signing_key, pair(1).public());
        assert_eq!(validators[0].signer, None);
        let signer = validators[1].signer.clone().unwrap();
        assert_eq!(
            (&signer.endpoint[..], signer.announced_at),
            (&b"signer.example:3001"[..], 1)
        );
    });
}
