use crate::chain::genesis;
use signing_primitives::Phase;
use signing_runtime::{
    constants::UNIT, genesis_presets, AccountId, AuthorityDiscovery, Babe, Grandpa, Runtime,
    Session, Signing, Staking,
};
use sp_keyring::Sr25519Keyring;
use std::collections::BTreeSet;

fn stashes() -> Vec<AccountId> {
    [
        Sr25519Keyring::AliceStash,
        Sr25519Keyring::BobStash,
        Sr25519Keyring::CharlieStash,
        Sr25519Keyring::DaveStash,
        Sr25519Keyring::EveStash,
    ]
    .map(|key| key.to_account_id())
    .to_vec()
}

fn has_validators(preset: &str, expected: &[AccountId]) {
    let expected: BTreeSet<_> = expected.iter().cloned().collect();
    genesis(preset).execute_with(|| {
        let validators: BTreeSet<_> = Session::validators().into_iter().collect();
        assert_eq!(validators, expected);
        assert_eq!(Babe::authorities().len(), expected.len());
        assert_eq!(Grandpa::grandpa_authorities().len(), expected.len());
        assert_eq!(AuthorityDiscovery::authorities().len(), expected.len());
        assert_eq!(
            pallet_staking::ValidatorCount::<Runtime>::get() as usize,
            expected.len()
        );
        for stash in &expected {
            assert!(Staking::ledger(stash.clone().into()).is_ok());
        }

        let network = Signing::network_state();
        let signers: BTreeSet<_> = network
            .validators
            .iter()
            .map(|validator| validator.account.clone())
            .collect();
        assert_eq!(signers, expected);
        assert!(network.validators.iter().all(|v| v.signer.is_none()));
        assert!(matches!(network.phase, Phase::AwaitingSigners));
        assert_eq!(network.committee, None);
        assert_eq!(network.verifying_key, None);
        assert!(!network.paused);
        assert_eq!(network.parameters.committee_size, 3);
        assert_eq!(network.parameters.threshold, 2);

        assert_eq!(
            pallet_sudo::Key::<Runtime>::get(),
            Some(Sr25519Keyring::Alice.to_account_id())
        );
    });
}

#[test]
fn development_has_one_validator() {
    has_validators(genesis_presets::DEVELOPMENT, &stashes()[..1]);
}

#[test]
fn local_has_five_validators() {
    has_validators(genesis_presets::LOCAL, &stashes());
}

#[test]
fn development_accounts_have_money() {
    genesis(genesis_presets::LOCAL).execute_with(|| {
        for key in Sr25519Keyring::well_known() {
            assert!(crate::chain::balance(&key.to_account_id()) > 1_000 * UNIT);
        }
    });
}

#[test]
fn all_names_and_no_others_are_known() {
    for name in genesis_presets::preset_names() {
        assert!(genesis_presets::get_preset(&name).is_some(), "{name}");
    }
    assert_eq!(genesis_presets::get_preset(&"production".into()), None);
}
