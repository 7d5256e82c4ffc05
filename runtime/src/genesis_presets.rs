//! The genesis states that come with the runtime.
//!
//! Their keys are the well-known development keys: everybody can sign with them.

use crate::{
    apis::BABE_GENESIS_EPOCH_CONFIG,
    constants::{
        CHALLENGE_WINDOW, FRESHNESS_WINDOW, KEYGEN_DEADLINE, REPORT_WINDOW, RESHARE_DEADLINE,
        ROTATION_PERIOD, UNIT,
    },
    AccountId, BabeConfig, Balance, BalancesConfig, BlockNumber, RuntimeGenesisConfig,
    SessionConfig, SessionKeys, SigningConfig, StakingConfig, SudoConfig,
};
use alloc::{vec, vec::Vec};
use frame_support::build_struct_json_patch;
use serde_json::Value;
use signing_primitives::Parameters;
use sp_genesis_builder::PresetId;
use sp_keyring::{Ed25519Keyring, Sr25519Keyring};
use sp_runtime::Perbill;

/// One validator, alice: for work on the chain alone.
pub const DEVELOPMENT: &str = sp_genesis_builder::DEV_RUNTIME_PRESET;
/// Five validators, alice to eve: a whole signing network on one machine.
pub const LOCAL: &str = "local";

/// What every development account has.
const ENDOWMENT: Balance = 1_000_000 * UNIT;
/// What every validator has at stake.
const STAKE: Balance = 100_000 * UNIT;

/// A validator of a preset: its stash account and its session keys.
struct GenesisValidator {
    stash: AccountId,
    keys: SessionKeys,
}

impl GenesisValidator {
    /// The validator whose node is started with the flag of that name (`--alice`): all its session
    /// keys come from the same seed.
    fn new(stash: Sr25519Keyring, sr25519: Sr25519Keyring, ed25519: Ed25519Keyring) -> Self {
        Self {
            stash: stash.to_account_id(),
            keys: SessionKeys {
                grandpa: ed25519.public().into(),
                babe: sr25519.public().into(),
                authority_discovery: sr25519.public().into(),
                signing: sr25519.public().into(),
            },
        }
    }

    /// alice to eve.
    fn all() -> Vec<Self> {
        vec![
            Self::new(
                Sr25519Keyring::AliceStash,
                Sr25519Keyring::Alice,
                Ed25519Keyring::Alice,
            ),
            Self::new(
                Sr25519Keyring::BobStash,
                Sr25519Keyring::Bob,
                Ed25519Keyring::Bob,
            ),
            Self::new(
                Sr25519Keyring::CharlieStash,
                Sr25519Keyring::Charlie,
                Ed25519Keyring::Charlie,
            ),
            Self::new(
                Sr25519Keyring::DaveStash,
                Sr25519Keyring::Dave,
                Ed25519Keyring::Dave,
            ),
            Self::new(
                Sr25519Keyring::EveStash,
                Sr25519Keyring::Eve,
                Ed25519Keyring::Eve,
            ),
        ]
    }
}

/// A committee of 3, of which 2 sign. With fewer validators than 3 there is none.
fn signing_parameters() -> Parameters<BlockNumber> {
    Parameters {
        keygen_deadline: KEYGEN_DEADLINE,
        reshare_deadline: RESHARE_DEADLINE,
        rotation_period: ROTATION_PERIOD,
        report_window: REPORT_WINDOW,
        challenge_window: CHALLENGE_WINDOW,
        freshness_window: FRESHNESS_WINDOW,
        ..Parameters::default()
    }
}

/// alice to ferdie, and their stashes.
fn endowed_accounts() -> Vec<AccountId> {
    Sr25519Keyring::well_known()
        .map(|key| key.to_account_id())
        .collect()
}

fn genesis(validators: Vec<GenesisValidator>, endowed: Vec<AccountId>, root: AccountId) -> Value {
    let stakers = validators
        .iter()
        .map(|validator| {
            (
                validator.stash.clone(),
                validator.stash.clone(),
                STAKE,
                pallet_staking::StakerStatus::Validator,
            )
        })
        .collect::<Vec<_>>();
    let validator_count = u32::try_from(validators.len()).unwrap_or(u32::MAX);
    build_struct_json_patch!(RuntimeGenesisConfig {
        balances: BalancesConfig {
            balances: endowed
                .into_iter()
                .map(|account| (account, ENDOWMENT))
                .collect::<Vec<_>>(),
        },
        babe: BabeConfig {
            epoch_config: BABE_GENESIS_EPOCH_CONFIG
        },
        session: SessionConfig {
            keys: validators
                .into_iter()
                .map(|validator| (validator.stash.clone(), validator.stash, validator.keys))
                .collect::<Vec<_>>(),
        },
        staking: StakingConfig {
            validator_count,
            minimum_validator_count: 1,
            slash_reward_fraction: Perbill::from_percent(10),
            stakers,
        },
        signing: SigningConfig {
            parameters: signing_parameters()
        },
        sudo: SudoConfig { key: Some(root) },
    })
}

/// The preset of that name, as JSON: a patch of the default genesis state.
pub fn get_preset(id: &PresetId) -> Option<Vec<u8>> {
    let validators = GenesisValidator::all().into_iter();
    let validators: Vec<_> = match id.as_str() {
        DEVELOPMENT => validators.take(1).collect(),
        LOCAL => validators.collect(),
        _ => return None,
    };
    let root = Sr25519Keyring::Alice.to_account_id();
    serde_json::to_vec(&genesis(validators, endowed_accounts(), root)).ok()
}

/// The names that [`get_preset`] knows.
pub fn preset_names() -> Vec<PresetId> {
    vec![DEVELOPMENT.into(), LOCAL.into()]
}
