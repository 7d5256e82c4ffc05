//! What is held for registrations: of whom, how much, and who gets it back.

use crate::{mock::*, primitives, Event, HoldReason, ProgramInstances, Registrations};
use frame_support::{
    assert_noop, assert_ok,
    traits::{
        fungible::{Inspect, Mutate, MutateHold},
        tokens::{Fortitude, Precision},
    },
};
use primitives::{ProgramKey, RegistrationDeposit, VerifyingKey};
use sp_runtime::{DispatchError, TokenError};

const TOO_POOR: DispatchError = DispatchError::Token(TokenError::FundsUnavailable);

/// One instance of a program, with a configuration of this length.
fn instance(program: ProgramKey, config: usize) -> ProgramInstances {
    let mut instances = instances(&[program]);
    instances[0].config = vec![b' '; config].try_into().unwrap();
    instances
}

fn register(
    who: AccountId,
    programs: ProgramInstances,
    owner: AccountId,
) -> Result<VerifyingKey, DispatchError> {
    Signing::register(RuntimeOrigin::signed(who), programs, owner)?;
    match take_events().pop() {
        Some(Event::Registered { verifying_key, .. }) => Ok(verifying_key),
        event => panic!("{event:?}"),
    }
}

fn change(
    who: AccountId,
    verifying_key: VerifyingKey,
    programs: ProgramInstances,
) -> Result<(), DispatchError> {
    Signing::change_programs(RuntimeOrigin::signed(who), verifying_key, programs)
}

fn deregister(who: AccountId, verifying_key: VerifyingKey) -> Result<(), DispatchError> {
    Signing::deregister(RuntimeOrigin::signed(who), verifying_key)
}

fn deposit(depositor: AccountId, amount: u64) -> Option<RegistrationDeposit<AccountId, u64>> {
    Some(RegistrationDeposit { depositor, amount })
}

#[test]
fn the_deposit_is_the_callers_and_not_the_owners() {
    test(3, || {
        activate();
        let programs = instance(deploy(1), 100);
        let before = Balances::free_balance(ALICE);
        let key = register(ALICE, programs.clone(), BOB).unwrap();
        let amount = registration_deposit(&programs);
        // Base, and index, owner, count, program, length of the configuration, configuration.
        assert_eq!(amount, 50 + 3 * (4 + 8 + 1 + 32 + 2 + 100));
        assert_eq!(held_for_registrations(ALICE), amount);
        assert_eq!(Balances::free_balance(ALICE), before - amount);
        assert_eq!(Balances::free_balance(BOB), ENDOWMENT);
        assert_eq!(Signing::registration_deposit(key), deposit(ALICE, amount));
        assert_eq!(Signing::registration_deposit(network_key(1)), None);
    });
}

#[test]
fn a_registration_needs_its_deposit() {
    test(3, || {
        activate();
        let programs = instance(deploy(1), 0);
        let amount = registration_deposit(&programs);
        // One has to be left for the account to live on.
        for balance in [0, 1, amount] {
            Balances::set_balance(&PAUPER, balance);
            let root = sp_io::storage::root(sp_core::storage::StateVersion::V1);
            assert_eq!(register(PAUPER, programs.clone(), PAUPER), Err(TOO_POOR));
            // No index is lost, and no reference counted.
            assert_eq!(
                sp_io::storage::root(sp_core::storage::StateVersion::V1),
                root
            );
        }
        Balances::set_balance(&PAUPER, amount + 1);
        assert_ok!(register(PAUPER, programs.clone(), PAUPER));
        assert_eq!(register(PAUPER, programs, PAUPER), Err(TOO_POOR));
    });
}

/// Whoever pins a program, or fills the state, pays for each time.
#[test]
fn every_registration_holds_its_own_deposit() {
    test(3, || {
        activate();
        let program = deploy(1);
        let (short, long) = (instance(program, 0), instance(program, 4096));
        let (first, second) = (
            register(BOB, short.clone(), BOB).unwrap(),
            register(BOB, long.clone(), BOB).unwrap(),
        );
        let (cheap, dear) = (registration_deposit(&short), registration_deposit(&long));
        assert_eq!(held_for_registrations(BOB), cheap + dear);
        assert_ok!(deregister(BOB, second));
        assert_eq!(held_for_registrations(BOB), cheap);
        assert_ok!(deregister(BOB, first));
        assert_eq!(Balances::free_balance(BOB), ENDOWMENT);
    });
}

#[test]
fn an_owner_who_is_the_depositor_pays_the_difference() {
    test(3, || {
        activate();
        let program = deploy(1);
        let (short, long) = (instance(program, 0), instance(program, 40));
        let (cheap, dear) = (registration_deposit(&short), registration_deposit(&long));
        Balances::set_balance(&PAUPER, cheap + 1);
        let key = register(PAUPER, short.clone(), PAUPER).unwrap();
        assert_eq!(Balances::free_balance(PAUPER), 1);

        Balances::set_balance(&PAUPER, dear - cheap);
        assert_noop!(change(PAUPER, key, long.clone()), TOO_POOR);
        assert_eq!(Signing::registration_deposit(key), deposit(PAUPER, cheap));
        // Enough for the difference, far from enough for the whole.
        Balances::set_balance(&PAUPER, dear - cheap + 1);
        assert_ok!(change(PAUPER, key, long));
        assert_eq!(
            take_events(),
            [Event::ProgramsChanged {
                verifying_key: key,
                deposit: dear
            }]
        );
        assert_eq!(Signing::registration_deposit(key), deposit(PAUPER, dear));

        assert_ok!(change(PAUPER, key, short));
        assert_eq!(held_for_registrations(PAUPER), cheap);
        assert_eq!(Balances::free_balance(PAUPER), dear - cheap + 1);
    });
}

/// Were it not so, an owner could have 33 kB stored at the expense of whoever registered.
#[test]
fn an_owner_who_changes_the_programs_becomes_the_depositor() {
    test(3, || {
        activate();
        let program = deploy(1);
        for config in [0, 100, 4096] {
            let key = register(ALICE, instance(program, 100), BOB).unwrap();
            let programs = instance(program, config);
            assert_ok!(change(BOB, key, programs.clone()));
            let amount = registration_deposit(&programs);
            assert_eq!(Signing::registration_deposit(key), deposit(BOB, amount));
            assert_eq!(held_for_registrations(ALICE), 0);
            assert_eq!(held_for_registrations(BOB), amount);
            assert_ok!(deregister(BOB, key));
            assert_eq!(Balances::free_balance(BOB), ENDOWMENT);
        }
    });
}

#[test]
fn an_owner_too_poor_for_a_deposit_can_still_deregister() {
    test(3, || {
        activate();
        let programs = instance(deploy(1), 10);
        let before = Balances::free_balance(ALICE);
        let key = register(ALICE, programs.clone(), PAUPER).unwrap();
        let amount = registration_deposit(&programs);
        // Not even for the same programs: that would make PAUPER the depositor.
        assert_noop!(change(PAUPER, key, programs), TOO_POOR);
        assert_eq!(Signing::registration_deposit(key), deposit(ALICE, amount));
        assert_ok!(deregister(PAUPER, key));
        assert_eq!(Balances::free_balance(ALICE), before);
        assert_eq!(Balances::total_balance(&PAUPER), 0);
    });
}

#[test]
fn a_handover_moves_no_money() {
    test(3, || {
        activate();
        let program = deploy(1);
        let before = Balances::free_balance(ALICE);
        let programs = instance(program, 10);
        let key = register(BOB, programs.clone(), BOB).unwrap();
        let amount = registration_deposit(&programs);
        assert_ok!(Signing::change_owner(
            RuntimeOrigin::signed(BOB),
            key,
            ALICE
        ));
        // Nobody is made to pay by being made an owner.
        assert_eq!(Signing::registration_deposit(key), deposit(BOB, amount));
        assert_eq!(Balances::free_balance(ALICE), before);
        // The former owner can neither take the deposit back nor add to what ALICE would inherit.
        assert_noop!(deregister(BOB, key), Error::NotOwner);
        assert_noop!(change(BOB, key, programs.clone()), Error::NotOwner);
        // ALICE takes it over by setting the same programs.
        assert_ok!(change(ALICE, key, programs.clone()));
        assert_eq!(Signing::registration_deposit(key), deposit(ALICE, amount));
        assert_eq!(Balances::free_balance(BOB), ENDOWMENT);
        assert_eq!(Signing::registration(key).unwrap().programs, programs);
    });
}

/// A registration that goes from hand to hand, and back, and ends: whose it is in the end does not
/// get what somebody else paid.
#[test]
fn the_last_owner_does_not_get_the_depositors_money() {
    test(3, || {
        activate();
        let program = deploy(1);
        let before = Balances::free_balance(ALICE);
        let key = register(ALICE, instance(program, 4096), ALICE).unwrap();
        for (from, to) in [(ALICE, BOB), (BOB, PAUPER), (PAUPER, BOB)] {
            let handover = Signing::change_owner(RuntimeOrigin::signed(from), key, to);
            assert_ok!(handover);
        }
        assert_ok!(deregister(BOB, key));
        assert_eq!(Balances::free_balance(ALICE), before);
        assert_eq!(Balances::free_balance(BOB), ENDOWMENT);
        assert_eq!(Balances::total_balance(&PAUPER), 0);
    });
}

#[test]
fn what_was_held_is_released_whatever_the_price_is_now() {
    test(3, || {
        activate();
        let program = deploy(1);
        let programs = instance(program, 10);
        let (first, second) = (
            register(BOB, programs.clone(), BOB).unwrap(),
            register(BOB, programs.clone(), BOB).unwrap(),
        );
        let amount = registration_deposit(&programs);
        RegistrationDepositPerByte::set(1000);
        assert_ok!(deregister(BOB, first));
        assert_eq!(held_for_registrations(BOB), amount);
        // A change is made at the new price.
        assert_ok!(change(BOB, second, programs.clone()));
        let bytes = Registrations::<Test>::get(second)
            .map(|registration| codec::Encode::encoded_size(&registration))
            .unwrap();
        let dear = 50 + 1000 * bytes as u64;
        assert_eq!(Signing::registration_deposit(second), deposit(BOB, dear));
        RegistrationDepositPerByte::set(0);
        assert_ok!(deregister(BOB, second));
        assert_eq!(Balances::free_balance(BOB), ENDOWMENT);
    });
}

#[test]
fn a_cut_hold_stops_nobody() {
    test(3, || {
        activate();
        let program = deploy(1);
        let programs = instance(program, 10);
        let amount = registration_deposit(&programs);
        let cut = |by| {
            Balances::burn_held(
                &HoldReason::RegistrationDeposit.into(),
                &ALICE,
                by,
                Precision::Exact,
                Fortitude::Force,
            )
        };
        let before = Balances::free_balance(ALICE);
        let key = register(ALICE, programs.clone(), BOB).unwrap();
        assert_ok!(cut(amount - 1));
        assert_ok!(deregister(BOB, key));
        assert_eq!(Balances::free_balance(ALICE), before - amount + 1);
        let key = register(ALICE, programs.clone(), BOB).unwrap();
        assert_ok!(cut(amount));
        assert_ok!(change(BOB, key, programs));
        assert_eq!(Signing::registration_deposit(key), deposit(BOB, amount));
    });
}
