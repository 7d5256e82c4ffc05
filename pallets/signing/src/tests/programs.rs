//! Programs: deploying and removing.

use crate::{mock::*, Bytecodes, Event, HoldReason, ProgramDeposits, Programs};
use codec::{Decode, Encode};
use frame_support::{
    assert_noop, assert_ok,
    traits::fungible::{InspectHold, MutateHold},
};
use primitives::{MaxBytecode, ProgramDefinition};
use signing_primitives as primitives;
use sp_core::Get;
use sp_runtime::{DispatchError, TokenError};

fn held(who: AccountId) -> u64 {
    Balances::balance_on_hold(&HoldReason::ProgramDeposit.into(), &who)
}

fn set(definition: ProgramDefinition) -> Result<(), DispatchError> {
    Signing::set_program(RuntimeOrigin::signed(ALICE), definition)
}

#[test]
fn a_program_is_stored_against_a_deposit() {
    test(0, || {
        let definition = definition(1000, 1);
        let key = definition.key();
        let deposit = 100 + 2 * definition.encoded_size() as u64;
        assert_ok!(set(definition.clone()));
        assert_eq!(held(ALICE), deposit);
        assert_eq!(Balances::free_balance(ALICE), ENDOWMENT - deposit);
        assert_eq!(
            take_events(),
            [Event::ProgramSet {
                program: key,
                deployer: ALICE,
                deposit
            }]
        );

        let program = Signing::program(key).unwrap();
        assert_eq!(program.bytecode, definition.bytecode.into_inner());
        assert_eq!(
            (program.summary.deployer, program.summary.bytecode_len),
            (ALICE, 1000)
        );
        assert_eq!(program.summary.references, 0);
        assert_eq!(program.summary.config_schema, definition.config_schema);
        assert_eq!(Signing::programs(), [(key, program.summary)]);
    });
}

#[test]
fn every_part_of_a_definition_makes_another_program() {
    test(0, || {
        let mut definitions = vec![definition(20, 1), definition(20, 2)];
        let mut with_schema = definition(20, 1);
        with_schema.auxiliary_data_schema = b"{}".to_vec().try_into().unwrap();
        definitions.push(with_schema);
        let mut moved = definition(20, 1);
        (moved.config_schema, moved.auxiliary_data_schema) =
            (moved.auxiliary_data_schema, moved.config_schema);
        definitions.push(moved);
        let mut with_oracle = definition(20, 1);
        let price = b"price".to_vec().try_into().unwrap();
        with_oracle.oracle_keys = vec![price].try_into().unwrap();
        definitions.push(with_oracle);
        for definition in &definitions {
            assert_ok!(set(definition.clone()));
        }
        assert_eq!(Signing::programs().len(), definitions.len());
    });
}

#[test]
fn the_same_program_again_is_refused() {
    test(0, || {
        deploy(1);
        assert_noop!(set(definition(20, 1)), Error::ProgramAlreadyExists);
        assert_noop!(
            Signing::set_program(RuntimeOrigin::signed(BOB), definition(20, 1)),
            Error::ProgramAlreadyExists
        );
    });
}

#[test]
fn what_is_no_program_is_refused() {
    test(0, || {
        let with = |bytecode: &[u8]| {
            let bytecode = bytecode.to_vec().try_into().unwrap();
            ProgramDefinition {
                bytecode,
                ..definition(8, 0)
            }
        };
        assert_noop!(set(with(b"")), Error::EmptyBytecode);
        assert_noop!(set(with(b"\0as")), Error::NotWasm);
        assert_noop!(set(with(b"#!/bin/sh")), Error::NotWasm);
        for abi_version in [0, 2, 255] {
            let definition = ProgramDefinition {
                abi_version,
                ..definition(8, 0)
            };
            assert_noop!(set(definition), Error::UnknownAbiVersion);
        }
        for origin in [RuntimeOrigin::none(), RuntimeOrigin::root()] {
            let set = Signing::set_program(origin, definition(8, 0));
            assert_noop!(set, DispatchError::BadOrigin);
        }
    });
}

#[test]
fn a_program_over_the_limit_does_not_decode() {
    let limit = <MaxBytecode as Get<u32>>::get() as usize;
    let fields = |len: usize| {
        (
            vec![0u8; len],
            vec![0u8; 0],
            vec![0u8; 0],
            vec![vec![0u8; 0]; 0],
            1u8,
        )
    };
    assert_ok!(ProgramDefinition::decode(&mut &fields(limit).encode()[..]));
    assert!(ProgramDefinition::decode(&mut &fields(limit + 1).encode()[..]).is_err());
}

#[test]
fn the_largest_program_fits() {
    test(0, || {
        let definition = definition(<MaxBytecode as Get<u32>>::get() as usize, 1);
        let key = definition.key();
        assert_ok!(set(definition));
        assert_eq!(Signing::program(key).unwrap().bytecode.len(), 1_000_000);
    });
}

#[test]
fn a_program_needs_its_deposit() {
    test(0, || {
        assert_noop!(
            Signing::set_program(RuntimeOrigin::signed(PAUPER), definition(20, 1)),
            DispatchError::Token(TokenError::FundsUnavailable)
        );
    });
}

#[test]
fn its_deployer_removes_a_program_and_gets_the_deposit_back() {
    test(0, || {
        let (first, second) = (deploy(1), deploy(2));
        let deposits = held(ALICE);
        take_events();
        assert_ok!(Signing::remove_program(RuntimeOrigin::signed(ALICE), first));
        assert_eq!(take_events(), [Event::ProgramRemoved { program: first }]);
        assert_eq!(held(ALICE), deposits / 2);
        assert_eq!(Signing::program(first), None);
        assert!(!Bytecodes::<Test>::contains_key(first));
        assert!(Programs::<Test>::contains_key(second));
        assert_ok!(Signing::remove_program(
            RuntimeOrigin::signed(ALICE),
            second
        ));
        assert_eq!((held(ALICE), Balances::free_balance(ALICE)), (0, ENDOWMENT));
        // It can be deployed anew, by anybody.
        assert_ok!(Signing::set_program(
            RuntimeOrigin::signed(BOB),
            definition(20, 1)
        ));
    });
}

#[test]
fn nobody_else_removes_it() {
    test(0, || {
        let program = deploy(1);
        assert_noop!(
            Signing::remove_program(RuntimeOrigin::signed(BOB), program),
            Error::NotDeployer
        );
        assert_noop!(
            Signing::remove_program(RuntimeOrigin::root(), program),
            DispatchError::BadOrigin
        );
        let unknown = sp_core::H256([1; 32]);
        assert_noop!(
            Signing::remove_program(RuntimeOrigin::signed(ALICE), unknown),
            Error::ProgramNotFound
        );
    });
}

#[test]
fn nobody_removes_a_program_in_use() {
    test(3, || {
        activate();
        let program = deploy(1);
        assert_ok!(Signing::register(
            RuntimeOrigin::signed(BOB),
            instances(&[program]),
            BOB
        ));
        assert_noop!(
            Signing::remove_program(RuntimeOrigin::signed(ALICE), program),
            Error::ProgramInUse
        );
    });
}

#[test]
fn what_was_deposited_is_what_is_released() {
    test(0, || {
        let program = deploy(1);
        let deposit = held(ALICE);
        assert_eq!(ProgramDeposits::<Test>::get(program), Some(deposit));
        // Something else has cut the hold: the program can be removed nevertheless.
        assert_ok!(Balances::burn_held(
            &HoldReason::ProgramDeposit.into(),
            &ALICE,
            deposit - 1,
            frame_support::traits::tokens::Precision::Exact,
            frame_support::traits::tokens::Fortitude::Force,
        ));
        assert_ok!(Signing::remove_program(
            RuntimeOrigin::signed(ALICE),
            program
        ));
        assert_eq!(held(ALICE), 0);
    });
}
