//! Registrations: keys, programs and owners.

use crate::{mock::*, Event, NextIndex, ProgramInstances, Programs, Registrations};
use codec::{Decode, Encode};
use frame_support::{assert_noop, assert_ok};
use primitives::{derive_child_key, ProgramInstance, ProgramKey, VerifyingKey, INDEX_LIMIT};
use signing_primitives as primitives;
use sp_core::H256;
use sp_runtime::DispatchError;

fn references(program: ProgramKey) -> u32 {
    Programs::<Test>::get(program).unwrap().references
}

/// Has BOB register a key that BOB owns.
fn register(programs: &[ProgramKey]) -> VerifyingKey {
    assert_ok!(Signing::register(
        RuntimeOrigin::signed(BOB),
        instances(programs),
        BOB
    ));
    match take_events().pop() {
        Some(Event::Registered { verifying_key, .. }) => verifying_key,
        event => panic!("{event:?}"),
    }
}

fn change(verifying_key: VerifyingKey, programs: &[ProgramKey]) -> Result<(), DispatchError> {
    Signing::change_programs(
        RuntimeOrigin::signed(BOB),
        verifying_key,
        instances(programs),
    )
}

#[test]
fn a_registration_is_a_child_of_the_network_key() {
    test(3, || {
        activate();
        let program = deploy(1);
        take_events();
        for index in 0..3 {
            let verifying_key = derive_child_key(&network_key(1), index).unwrap();
            let programs = instances(&[program]);
            assert_ok!(Signing::register(
                RuntimeOrigin::signed(ALICE),
                programs.clone(),
                BOB
            ));
            assert_eq!(
                take_events(),
                [Event::Registered {
                    index,
                    verifying_key,
                    owner: BOB,
                    who: ALICE,
                    deposit: registration_deposit(&programs),
                }]
            );
            let registration = Signing::registration(verifying_key).unwrap();
            assert_eq!((registration.index, registration.owner), (index, BOB));
            assert_eq!(registration.programs, programs);
            assert_eq!(references(program), index + 1);
        }
        assert_eq!(Signing::registration(network_key(1)), None);
    });
}

#[test]
fn registering_needs_a_network_key() {
    test(3, || {
        let program = deploy(1);
        let register = || Signing::register(RuntimeOrigin::signed(BOB), instances(&[program]), BOB);
        assert_noop!(register(), Error::NoNetworkKey);
        begin_keygen([1, 2, 3]);
        assert_noop!(register(), Error::NoNetworkKey);
    });
}

#[test]
fn nobody_registers_while_signing_is_paused() {
    test(3, || {
        activate();
        let program = deploy(1);
        let verifying_key = register(&[program]);
        assert_ok!(Signing::pause(RuntimeOrigin::root()));
        assert_noop!(
            Signing::register(RuntimeOrigin::signed(BOB), instances(&[program]), BOB),
            Error::SigningPaused
        );
        // Whoever must revoke can.
        assert_ok!(change(verifying_key, &[deploy(2)]));
        assert_ok!(Signing::change_owner(
            RuntimeOrigin::signed(BOB),
            verifying_key,
            ALICE
        ));
        assert_ok!(Signing::resume(RuntimeOrigin::root()));
        register(&[program]);
    });
}

#[test]
fn a_registration_has_known_programs() {
    test(3, || {
        activate();
        let program = deploy(1);
        let register = |programs: &[ProgramKey]| {
            Signing::register(RuntimeOrigin::signed(BOB), instances(programs), BOB)
        };
        assert_noop!(register(&[]), Error::NoPrograms);
        assert_noop!(register(&[H256([1; 32])]), Error::ProgramNotFound);
        // What was counted before the unknown one is not.
        assert_noop!(register(&[program, H256([1; 32])]), Error::ProgramNotFound);
        assert_eq!((references(program), NextIndex::<Test>::get()), (0, 0));
        for origin in [RuntimeOrigin::none(), RuntimeOrigin::root()] {
            let register = Signing::register(origin, instances(&[program]), BOB);
            assert_noop!(register, DispatchError::BadOrigin);
        }
    });
}

#[test]
fn too_many_programs_do_not_decode() {
    let instance = ProgramInstance {
        program: H256::zero(),
        config: Default::default(),
    };
    let encoded = |count| vec![instance.clone(); count].encode();
    assert_ok!(ProgramInstances::decode(&mut &encoded(8)[..]));
    assert!(ProgramInstances::decode(&mut &encoded(9)[..]).is_err());
}

#[test]
fn every_instance_is_a_reference() {
    test(3, || {
        activate();
        let (first, second) = (deploy(1), deploy(2));
        register(&[first, first, second]);
        assert_eq!((references(first), references(second)), (2, 1));
        register(&[first; 8]);
        assert_eq!(references(first), 10);
    });
}

#[test]
fn references_do_not_overflow() {
    test(3, || {
        activate();
        let program = deploy(1);
        Programs::<Test>::mutate(program, |summary| {
            summary.as_mut().unwrap().references = u32::MAX - 1;
        });
        assert_noop!(
            Signing::register(RuntimeOrigin::signed(BOB), instances(&[program; 2]), BOB),
            Error::TooManyReferences
        );
        Programs::<Test>::mutate(program, |summary| summary.as_mut().unwrap().references = 0);
    });
}

#[test]
fn hardened_indexes_are_never_used() {
    test(3, || {
        activate();
        let program = deploy(1);
        NextIndex::<Test>::put(INDEX_LIMIT - 1);
        let verifying_key = register(&[program]);
        assert_eq!(
            Registrations::<Test>::get(verifying_key).unwrap().index,
            INDEX_LIMIT - 1
        );
        assert_noop!(
            Signing::register(RuntimeOrigin::signed(BOB), instances(&[program]), BOB),
            Error::IndexesExhausted
        );
    });
}

#[test]
fn the_owner_changes_the_programs() {
    test(3, || {
        activate();
        let (first, second, third) = (deploy(1), deploy(2), deploy(3));
        let verifying_key = register(&[first, first, second]);
        take_events();
        assert_ok!(change(verifying_key, &[second, third]));
        assert_eq!(
            take_events(),
            [Event::ProgramsChanged {
                verifying_key,
                deposit: registration_deposit(&instances(&[second, third])),
            }]
        );
        assert_eq!(
            (references(first), references(second), references(third)),
            (0, 1, 1)
        );
        let registration = Signing::registration(verifying_key).unwrap();
        assert_eq!(registration.programs, instances(&[second, third]));
        assert_eq!((registration.index, registration.owner), (0, BOB));
        // Nobody uses the first one any more.
        assert_ok!(Signing::remove_program(RuntimeOrigin::signed(ALICE), first));
    });
}

#[test]
fn a_configuration_can_change_alone() {
    test(3, || {
        activate();
        let program = deploy(1);
        let verifying_key = register(&[program]);
        let mut programs = instances(&[program]);
        programs[0].config = b"{\"allow\":[]}".to_vec().try_into().unwrap();
        assert_ok!(Signing::change_programs(
            RuntimeOrigin::signed(BOB),
            verifying_key,
            programs.clone()
        ));
        assert_eq!(
            Signing::registration(verifying_key).unwrap().programs,
            programs
        );
        assert_eq!(references(program), 1);
    });
}

#[test]
fn programs_change_to_known_ones_only() {
    test(3, || {
        activate();
        let program = deploy(1);
        let verifying_key = register(&[program]);
        assert_noop!(change(verifying_key, &[]), Error::NoPrograms);
        assert_noop!(
            change(verifying_key, &[program, H256([1; 32])]),
            Error::ProgramNotFound
        );
        assert_eq!(references(program), 1);
    });
}

#[test]
fn the_owner_hands_a_registration_over() {
    test(3, || {
        activate();
        let program = deploy(1);
        let verifying_key = register(&[program]);
        take_events();
        assert_ok!(Signing::change_owner(
            RuntimeOrigin::signed(BOB),
            verifying_key,
            ALICE
        ));
        assert_eq!(
            take_events(),
            [Event::OwnerChanged {
                verifying_key,
                owner: ALICE
            }]
        );
        assert_noop!(change(verifying_key, &[program]), Error::NotOwner);
        assert_ok!(Signing::change_programs(
            RuntimeOrigin::signed(ALICE),
            verifying_key,
            instances(&[program])
        ));
    });
}

#[test]
fn a_stranger_changes_nothing() {
    test(3, || {
        activate();
        let program = deploy(1);
        let verifying_key = register(&[program]);
        // Not even the one that deployed the program, or root.
        let alice = RuntimeOrigin::signed(ALICE);
        let programs = instances(&[program]);
        assert_noop!(
            Signing::change_programs(alice.clone(), verifying_key, programs.clone()),
            Error::NotOwner
        );
        assert_noop!(
            Signing::change_owner(alice, verifying_key, ALICE),
            Error::NotOwner
        );
        let root = RuntimeOrigin::root();
        assert_noop!(
            Signing::change_programs(root.clone(), verifying_key, programs.clone()),
            DispatchError::BadOrigin
        );
        assert_noop!(
            Signing::change_owner(root, verifying_key, ALICE),
            DispatchError::BadOrigin
        );
    });
}

#[test]
fn only_a_registration_can_change() {
    test(3, || {
        activate();
        let program = deploy(1);
        // The network key itself is no registration.
        for key in [network_key(1), network_key(2), [0; 33]] {
            assert_noop!(change(key, &[program]), Error::NotRegistered);
            assert_noop!(
                Signing::change_owner(RuntimeOrigin::signed(BOB), key, ALICE),
                Error::NotRegistered
            );
        }
    });
}
