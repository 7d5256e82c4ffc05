//! A registration from its beginning to its end, with what it costs.

use crate::chain::{apply, balance, begin_block, end_unsound_block, genesis, signed};
use frame_support::traits::fungible::InspectHold;
use pallet_signing::{Call, HoldReason, NetworkVerifyingKey};
use signing_primitives::{
    derive_child_key, MaxConfig, ProgramDefinition, ProgramInstance, RegistrationDeposit,
    VerifyingKey, ABI_VERSION,
};
use signing_runtime::{
    constants::{MILLIUNIT, UNIT},
    genesis_presets::LOCAL,
    AccountId, Balances, Block, BlockNumber, Runtime, RuntimeCall,
};
use signing_runtime_api::runtime_decl_for_signing_api::SigningApi;
use sp_core::Get;
use sp_keyring::Sr25519Keyring;
use sp_runtime::{DispatchError, TokenError};

/// The generator of secp256k1, which is as good a network key as any.
const NETWORK_KEY: VerifyingKey = [
    0x02, 0x79, 0xbe, 0x66, 0x7e, 0xf9, 0xdc, 0xbb, 0xac, 0x55, 0xa0, 0x62, 0x95, 0xce, 0x87, 0x0b,
    0x07, 0x02, 0x9b, 0xfc, 0xdb, 0x2d, 0xce, 0x28, 0xd9, 0x59, 0xf2, 0x81, 0x5b, 0x16, 0xf8, 0x17,
    0x98,
];

fn definition() -> ProgramDefinition {
    ProgramDefinition {
        bytecode: b"\0asm\x01\0\0\0".to_vec().try_into().unwrap(),
        config_schema: Default::default(),
        auxiliary_data_schema: Default::default(),
        oracle_keys: Default::default(),
        abi_version: ABI_VERSION,
    }
}

/// So many instances, with configurations of that length.
fn instances(count: usize, config: usize) -> pallet_signing::ProgramInstances {
    let instance = ProgramInstance {
        program: definition().key(),
        config: vec![b' '; config].try_into().unwrap(),
    };
    vec![instance; count].try_into().unwrap()
}

fn submit(who: Sr25519Keyring, call: Call<Runtime>) -> Result<(), DispatchError> {
    apply(signed(who, RuntimeCall::Signing(call))).unwrap()
}

fn held(who: Sr25519Keyring) -> u128 {
    Balances::balance_on_hold(
        &HoldReason::RegistrationDeposit.into(),
        &who.to_account_id(),
    )
}

fn deposit(key: VerifyingKey) -> Option<RegistrationDeposit<AccountId, u128>> {
    <Runtime as SigningApi<Block, AccountId, BlockNumber>>::registration_deposit(key)
}

/// Deploys a program and registers two users with it, in the current block. There must be a network key.
#[cfg(feature = "try-runtime")]
pub(crate) fn register_two() {
    let definition = definition();
    submit(Sr25519Keyring::Charlie, Call::set_program { definition }).unwrap();
    for user in [Sr25519Keyring::Bob, Sr25519Keyring::Dave] {
        let register = Call::register {
            programs: instances(1, 150),
            owner: user.to_account_id(),
        };
        submit(user, register).unwrap();
    }
}

#[test]
fn a_registration_costs_a_deposit_until_it_is_removed() {
    let (bob, charlie) = (Sr25519Keyring::Bob, Sr25519Keyring::Charlie);
    let key = derive_child_key(&NETWORK_KEY, 0).unwrap();
    genesis(LOCAL).execute_with(|| {
        NetworkVerifyingKey::<Runtime>::put(NETWORK_KEY);
        begin_block();
        let definition = definition();
        submit(charlie, Call::set_program { definition }).unwrap();

        // What a user writes: a list of two or three addresses.
        let register = Call::register {
            programs: instances(1, 150),
            owner: bob.to_account_id(),
        };
        let before = balance(&bob.to_account_id());
        submit(bob, register).unwrap();
        let amount = held(bob);
        assert!(
            (100 * MILLIUNIT..200 * MILLIUNIT).contains(&amount),
            "{amount}"
        );
        let depositor = bob.to_account_id();
        assert_eq!(
            deposit(key),
            Some(RegistrationDeposit { depositor, amount })
        );

        // The largest there can be.
        let largest = Call::change_programs {
            verifying_key: key,
            programs: instances(8, <MaxConfig as Get<u32>>::get() as usize),
        };
        submit(bob, largest).unwrap();
        assert!((3 * UNIT..4 * UNIT).contains(&held(bob)), "{}", held(bob));

        let verifying_key = key;
        submit(bob, Call::deregister { verifying_key }).unwrap();
        assert_eq!((held(bob), deposit(key)), (0, None));
        let fees = before - balance(&bob.to_account_id());
        assert!(fees < UNIT, "all but the fees is there again: {fees}");
        // Nothing keeps the program any more.
        let program = self::definition().key();
        submit(charlie, Call::remove_program { program }).unwrap();
        end_unsound_block();
    });
}

#[test]
fn who_has_the_fee_but_not_the_deposit_is_told_so() {
    let (bob, charlie) = (Sr25519Keyring::Bob, Sr25519Keyring::Charlie);
    let poor = Sr25519Keyring::One;
    genesis(LOCAL).execute_with(|| {
        NetworkVerifyingKey::<Runtime>::put(NETWORK_KEY);
        begin_block();
        let definition = definition();
        submit(charlie, Call::set_program { definition }).unwrap();
        let transfer = pallet_balances::Call::transfer_keep_alive {
            dest: poor.to_account_id().into(),
            value: 100 * MILLIUNIT,
        };
        apply(signed(bob, RuntimeCall::Balances(transfer)))
            .unwrap()
            .unwrap();
        let register = Call::register {
            programs: instances(1, 150),
            owner: poor.to_account_id(),
        };
        // Clients go by this error.
        assert_eq!(
            submit(poor, register),
            Err(DispatchError::Token(TokenError::FundsUnavailable))
        );
        assert_eq!(held(poor), 0);
        end_unsound_block();
    });
}
