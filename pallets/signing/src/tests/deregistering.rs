//! The end of registrations.

use crate::{mock::*, Event, NextIndex, Programs, RegistrationDeposits, Registrations};
use frame_support::{assert_noop, assert_ok};
use primitives::{derive_child_key, ProgramKey, VerifyingKey};
use signing_primitives as primitives;
use sp_runtime::DispatchError;

/// Has `who` register a key for `owner`.
fn register(who: AccountId, owner: AccountId, programs: &[ProgramKey]) -> (u32, VerifyingKey) {
    assert_ok!(Signing::register(
        RuntimeOrigin::signed(who),
        instances(programs),
        owner
    ));
    match take_events().pop() {
        Some(Event::Registered {
            index,
            verifying_key,
            ..
        }) => (index, verifying_key),
        event => panic!("{event:?}"),
    }
}

fn deregister(who: AccountId, verifying_key: VerifyingKey) -> Result<(), DispatchError> {
    Signing::deregister(RuntimeOrigin::signed(who), verifying_key)
}

#[test]
fn the_owner_deregisters() {
    test(3, || {
        activate();
        let (first, second) = (deploy(1), deploy(2));
        let (index, verifying_key) = register(BOB, BOB, &[first, first, second]);
        assert_ok!(deregister(BOB, verifying_key));
        assert_eq!(
            take_events(),
            [Event::Deregistered {
                index,
                verifying_key
            }]
        );
        assert_eq!(Signing::registration(verifying_key), None);
        assert_eq!(Signing::registration_deposit(verifying_key), None);
        assert_eq!(Registrations::<Test>::iter().count(), 0);
        assert_eq!(RegistrationDeposits::<Test>::iter().count(), 0);
        assert_eq!(Balances::free_balance(BOB), ENDOWMENT);
        // Nobody uses the programs any more, so that their deployer gets its deposits back too.
        for program in [first, second] {
            assert_eq!(Programs::<Test>::get(program).unwrap().references, 0);
            assert_ok!(Signing::remove_program(
                RuntimeOrigin::signed(ALICE),
                program
            ));
        }
        assert_eq!(Balances::free_balance(ALICE), ENDOWMENT);
    });
}

#[test]
fn the_owner_deregisters_while_signing_is_paused() {
    test(3, || {
        activate();
        let (_, verifying_key) = register(BOB, BOB, &[deploy(1)]);
        assert_ok!(Signing::pause(RuntimeOrigin::root()));
        assert_ok!(deregister(BOB, verifying_key));
        assert_eq!(Signing::registration(verifying_key), None);
    });
}

#[test]
fn a_key_is_never_given_to_a_second_user() {
    test(3, || {
        activate();
        let program = deploy(1);
        let (index, verifying_key) = register(BOB, BOB, &[program]);
        assert_ok!(deregister(BOB, verifying_key));

        let (next_index, next_key) = register(ALICE, ALICE, &[program]);
        assert_eq!((index, next_index), (0, 1));
        assert_eq!(next_key, derive_child_key(&network_key(1), 1).unwrap());
        assert_ne!(next_key, verifying_key);
        assert_eq!(NextIndex::<Test>::get(), 2);
        assert_eq!(Signing::registration(verifying_key), None);

        // Neither the last registration's end nor that of all gives an index back.
        assert_ok!(deregister(ALICE, next_key));
        assert_eq!(register(BOB, BOB, &[program]).0, 2);
    });
}

#[test]
fn what_is_gone_cannot_be_changed_back() {
    test(3, || {
        activate();
        let program = deploy(1);
        let (_, verifying_key) = register(BOB, BOB, &[program]);
        let (_, other) = register(BOB, BOB, &[program]);
        assert_ok!(deregister(BOB, verifying_key));
        assert_noop!(deregister(BOB, verifying_key), Error::NotRegistered);
        let bob = RuntimeOrigin::signed(BOB);
        assert_noop!(
            Signing::change_programs(bob.clone(), verifying_key, instances(&[program])),
            Error::NotRegistered
        );
        assert_noop!(
            Signing::change_owner(bob, verifying_key, ALICE),
            Error::NotRegistered
        );
        // The other one is as it was.
        assert_eq!(Signing::registration(other).unwrap().index, 1);
        assert_eq!(Programs::<Test>::get(program).unwrap().references, 1);
    });
}

#[test]
fn nobody_else_deregisters() {
    test(3, || {
        activate();
        let program = deploy(1);
        // Not ALICE, though she deployed the program and the deposit is hers.
        let (_, verifying_key) = register(ALICE, BOB, &[program]);
        assert_noop!(deregister(ALICE, verifying_key), Error::NotOwner);
        for origin in [RuntimeOrigin::root(), RuntimeOrigin::none()] {
            assert_noop!(
                Signing::deregister(origin, verifying_key),
                DispatchError::BadOrigin
            );
        }
        // Nor a former owner.
        assert_ok!(Signing::change_owner(
            RuntimeOrigin::signed(BOB),
            verifying_key,
            PAUPER
        ));
        assert_noop!(deregister(BOB, verifying_key), Error::NotOwner);
        // The network key itself is no registration.
        for key in [network_key(1), network_key(2), [0; 33]] {
            assert_noop!(deregister(BOB, key), Error::NotRegistered);
        }
    });
}
