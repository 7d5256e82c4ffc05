use crate::chain::{apply, balance, begin_block, end_block, genesis, signed};
use codec::Encode;
use frame_support::{
    dispatch::{DispatchClass, GetDispatchInfo},
    traits::Get,
};
use signing_primitives::{MaxBytecode, ProgramDefinition};
use signing_runtime::{
    constants::UNIT, genesis_presets::LOCAL, Balances, Runtime, RuntimeCall, Session, Signing,
    TransactionPayment,
};
use sp_keyring::Sr25519Keyring;

/// A program of the largest size. It only looks like WebAssembly.
fn largest_program() -> RuntimeCall {
    let mut bytecode = b"\0asm\x01\0\0\0".to_vec();
    bytecode.resize(<MaxBytecode as Get<u32>>::get() as usize, 0);
    RuntimeCall::Signing(pallet_signing::Call::set_program {
        definition: ProgramDefinition {
            bytecode: bytecode.try_into().unwrap(),
            config_schema: Default::default(),
            auxiliary_data_schema: Default::default(),
            oracle_keys: Default::default(),
            abi_version: signing_primitives::ABI_VERSION,
        },
    })
}

#[test]
fn fees_and_tips_go_to_the_author() {
    genesis(LOCAL).execute_with(|| {
        // The author of the test's blocks is the first validator; the election decides which.
        let author = Session::validators()[0].clone();
        let (bob, charlie) = (Sr25519Keyring::Bob, Sr25519Keyring::Charlie.to_account_id());
        let before = (
            balance(&author),
            balance(&bob.to_account_id()),
            balance(&charlie),
        );
        let issuance = Balances::total_issuance();

        begin_block();
        let transfer = pallet_balances::Call::transfer_keep_alive {
            dest: charlie.clone().into(),
            value: UNIT,
        };
        apply(signed(bob, RuntimeCall::Balances(transfer)))
            .unwrap()
            .unwrap();
        end_block();

        let fee = before.1 - UNIT - balance(&bob.to_account_id());
        assert!(fee > 0);
        assert!(fee < UNIT / 100, "a transfer costs {fee}");
        assert_eq!(balance(&charlie), before.2 + UNIT);
        assert_eq!(balance(&author), before.0 + fee);
        assert_eq!(Balances::total_issuance(), issuance);
    });
}

#[test]
fn the_largest_program_fits_into_a_block_and_a_purse() {
    genesis(LOCAL).execute_with(|| {
        let call = largest_program();
        let info = call.get_dispatch_info();
        let length = signed(Sr25519Keyring::Bob, call.clone()).encoded_size() as u32;

        let lengths = <Runtime as frame_system::Config>::BlockLength::get();
        assert!(length < *lengths.max.get(DispatchClass::Normal));
        let weights = <Runtime as frame_system::Config>::BlockWeights::get();
        let most = weights
            .get(DispatchClass::Normal)
            .max_extrinsic
            .unwrap()
            .ref_time();
        // The fast runtime's blocks have a third of the time.
        let weight = info.total_weight().ref_time();
        assert!(weight < most / 3, "{weight} of {most}");
        let fee = TransactionPayment::compute_fee(length, &info, 0);
        assert!(fee < 10 * UNIT, "{fee}");

        let deployer = Sr25519Keyring::Bob;
        let before = balance(&deployer.to_account_id());
        begin_block();
        apply(signed(deployer, call)).unwrap().unwrap();
        end_block();
        assert_eq!(Signing::programs().len(), 1);
        let paid = before - balance(&deployer.to_account_id());
        assert!(
            (100 * UNIT..110 * UNIT).contains(&paid),
            "deposit and fee: {paid}"
        );
    });
}
