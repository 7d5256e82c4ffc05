//! What a chain begins with.

use crate::{mock::*, primitives, GenesisConfig, Pallet, Parameters, Paused};
use frame_support::traits::Hooks;
use primitives::Phase;
use sp_runtime::BuildStorage;

#[test]
fn a_chain_begins_awaiting_signers() {
    genesis(parameters()).execute_with(|| {
        let state = Signing::network_state();
        assert_eq!(state.phase, Phase::AwaitingSigners);
        assert_eq!(state.parameters, parameters());
        assert!(state.committee.is_none() && state.verifying_key.is_none());
        assert!(state.validators.is_empty() && !state.paused);
        check();
    });
}

#[test]
fn a_chain_spec_names_parameters_in_camel_case() {
    let json = serde_json::json!({ "parameters": {
        "committeeSize": 5,
        "threshold": 3,
        "keygenDeadline": 7,
        "reshareDeadline": 8,
        "rotationPeriod": 0,
        "standbys": 4,
        "faultQuorum": 3,
        "reportWindow": 50,
        "challengeWindow": 60,
        "cheatingSlash": 100_000_000,
        "silenceSlash": 2_000_000,
        "requestLimit": 9,
        "fuel": 11,
        "freshnessWindow": 13,
    }});
    let config: GenesisConfig<Test> = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(config.parameters.committee_size, 5);
    assert_eq!(config.parameters.freshness_window, 13);
    assert_eq!(serde_json::to_value(&config).unwrap(), json);
}

#[test]
#[should_panic = "ThresholdTooLow"]
fn a_chain_with_impossible_parameters_does_not_begin() {
    let parameters = primitives::Parameters {
        threshold: 1,
        ..parameters()
    };
    let _ = GenesisConfig::<Test> { parameters }.build_storage();
}

#[test]
fn the_defaults_are_valid() {
    GenesisConfig::<Test>::default().build_storage().unwrap();
    Pallet::<Test>::integrity_test();
    // And without any genesis at all.
    sp_io::TestExternalities::default().execute_with(|| {
        assert_eq!(Parameters::<Test>::get().committee_size, 3);
        assert!(!Paused::<Test>::get());
        check();
    });
}
