//! What `try-runtime` checks of the runtime: that all pallets' state is as they say it must be, and that
//! an upgrade to this runtime leaves it so. With the feature of that name (`scripts/test try-runtime`).

use crate::{
    chain::{begin_block, end_block, genesis},
    punishment::{accuse, activate},
    registrations::register_two,
};
use frame_support::traits::{TryState, TryStateSelect};
use frame_try_runtime::UpgradeCheckSelect;
use pallet_signing::RegistrationDeposits;
use signing_primitives::RegistrationDeposit;
use signing_runtime::{
    genesis_presets::{DEVELOPMENT, LOCAL},
    AllPalletsWithSystem, BlockNumber, Executive, Runtime, Signing, System,
};
use sp_keyring::Sr25519Keyring;

/// Has every pallet look at its state after the block of this number.
pub(crate) fn try_state(number: BlockNumber) {
    // It says what it has found. Of the others that is in a log.
    Signing::do_try_state().unwrap();
    AllPalletsWithSystem::try_state(number, TryStateSelect::All).unwrap();
}

/// A committee, users, and a member that has lost its seat and is challenged. Between two blocks.
fn in_use() {
    activate();
    begin_block();
    register_two();
    end_block();
    accuse(100);
    let state = Signing::network_state();
    assert_eq!(state.challenges.len(), 1);
    assert_eq!(RegistrationDeposits::<Runtime>::iter().count(), 2);
}

#[test]
fn the_state_of_a_network_in_use_stays_sound_in_an_upgrade() {
    genesis(LOCAL).execute_with(|| {
        in_use();
        let before = Signing::network_state();
        let weight = Executive::try_runtime_upgrade(UpgradeCheckSelect::All).unwrap();
        let limit = <Runtime as frame_system::Config>::BlockWeights::get().max_block;
        assert!(weight.all_lte(limit), "{weight} of {limit}");
        assert_eq!(Signing::network_state(), before);
        try_state(System::block_number());
    });
}

#[test]
fn the_state_of_every_preset_is_sound_and_stays_so_in_an_upgrade() {
    for preset in [DEVELOPMENT, LOCAL] {
        genesis(preset).execute_with(|| {
            begin_block();
            end_block();
            let weight = Executive::try_runtime_upgrade(UpgradeCheckSelect::All).unwrap();
            let limit = <Runtime as frame_system::Config>::BlockWeights::get().max_block;
            assert!(weight.all_lte(limit), "{preset}: {weight} of {limit}");
            try_state(System::block_number());
        });
    }
}

/// With the feature `upgrade-test`, an upgrade has something to do.
#[cfg(feature = "upgrade-test")]
#[test]
fn a_migration_leaves_sound_state_behind() {
    use codec::Encode;
    use frame_support::traits::StorageVersion;
    use pallet_signing::NextIndex;

    genesis(LOCAL).execute_with(|| {
        in_use();
        // As the runtime before it stored it.
        let key = NextIndex::<Runtime>::hashed_key();
        sp_io::storage::set(&key, &2u32.encode());
        StorageVersion::new(1).put::<Signing>();

        let weight = Executive::try_runtime_upgrade(UpgradeCheckSelect::All).unwrap();
        assert!(weight.ref_time() > 0, "nothing was done");
        assert_eq!(NextIndex::<Runtime>::get(), 2);
        assert_eq!(StorageVersion::get::<Signing>(), 2);
        try_state(System::block_number());
    });
}

#[test]
#[should_panic(expected = "a deposit has a registration")]
fn unsound_state_is_found() {
    genesis(LOCAL).execute_with(|| {
        begin_block();
        // Damage that nothing in a block stumbles over.
        let deposit = RegistrationDeposit {
            depositor: Sr25519Keyring::Alice.to_account_id(),
            amount: 1,
        };
        RegistrationDeposits::<Runtime>::insert([2; 33], deposit);
        let all = AllPalletsWithSystem::try_state(System::block_number(), TryStateSelect::All);
        assert!(all.is_err());
        end_block();
    });
}
