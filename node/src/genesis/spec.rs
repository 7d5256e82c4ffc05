//! `genesis chain-spec`: settings and validators become a chain specification.

use super::validator::ValidatorFile;
use crate::chain_spec::{self, ChainSpec};
use sc_chain_spec::{construct_genesis_block, json_merge};
use sc_service::ChainType;
use serde::{de::DeserializeOwned, Deserialize};
use serde_json::{json, Value};
use signing_primitives::Parameters;
use signing_runtime::{
    constants::UNIT, genesis_presets, AccountId, BlockNumber, OpaqueBlock as Block,
    RuntimeGenesisConfig, VERSION, WASM_BINARY,
};
use sp_core::{hexdisplay::HexDisplay, H256};
use sp_runtime::{
    traits::{BlakeTwo256, Block as _, Hash},
    BuildStorage,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs, io,
    path::{Path, PathBuf},
};

/// Longest identifier of a chain: it names a folder and network protocols.
const MAX_ID_LEN: usize = 32;

/// Parts of the genesis state that have fields of their own in the settings, or come from the
/// validators' files.
const NOT_IN_PATCH: [&str; 3] = ["balances", "session", "sudo"];

/// What all operators have agreed on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The chain's name, for people.
    name: String,
    /// Its identifier: names its folder, and its network protocols.
    id: String,
    /// `Live`, unless the chain is to be tried on one machine.
    #[serde(default = "live")]
    chain_type: ChainType,
    /// Who may do everything; null for nobody. It must be said.
    #[serde(deserialize_with = "Option::deserialize")]
    root: Option<AccountId>,
    /// What each validator has at stake, in whole coins.
    stake: u64,
    /// What accounts have, in whole coins; the stashes' stake included.
    balances: BTreeMap<AccountId, u64>,
    /// What else differs from the runtime's preset `local`, as in its JSON.
    #[serde(default)]
    patch: serde_json::Map<String, Value>,
}

fn live() -> ChainType {
    ChainType::Live
}

/// Arguments of `genesis chain-spec`.
#[derive(Debug, clap::Parser)]
pub(crate) struct ChainSpecCmd {
    /// The settings that all have agreed on, JSON.
    #[arg(long, value_name = "FILE")]
    settings: PathBuf,

    /// Where the specification goes, raw, as nodes take it. A file that is there is replaced.
    #[arg(long, value_name = "FILE")]
    output: PathBuf,

    /// The validators' files, in any order.
    #[arg(required = true, value_name = "VALIDATOR")]
    validators: Vec<PathBuf>,
}

/// Why there is no chain specification.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum SpecError {
    /// A file cannot be read or written.
    #[error("{}: {reason}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// Why not.
        #[source]
        reason: io::Error,
    },
    /// A file does not say what it should.
    #[error("{}: {reason}", path.display())]
    Malformed {
        /// Which one.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        reason: serde_json::Error,
    },
    /// The identifier cannot name folders and protocols, or is one of the chains built in.
    #[error(
        "id `{0}`: it takes 1 to {MAX_ID_LEN} lower-case letters, digits, `-` and `_`, and must \
         not be one of the chains that are built in"
    )]
    Id(String),
    /// The chain has no name.
    #[error("name: it must not be empty")]
    Nameless,
    /// An account that would have nothing.
    #[error("balances.{0}: 0 coins are no balance; leave the account out")]
    Nothing(AccountId),
    /// The patch is of another form than the runtime's genesis state.
    #[error("patch: {0}")]
    Form(String),
    /// The patch says what is said elsewhere.
    #[error("patch.{0}: the settings' other fields and the validators' files say that")]
    Patch(&'static str),
    /// Two validators have an account or a key in common.
    #[error("{first} and {second} have the same {what}")]
    Shared {
        /// The one.
        first: String,
        /// The other.
        second: String,
        /// What they share.
        what: &'static str,
    },
    /// The same validator twice.
    #[error("{0} is given twice")]
    Twice(String),
    /// A validator has one key for two purposes.
    #[error("{0} has the same key for two purposes")]
    KeyTwice(String),
    /// A stash has too little.
    #[error("{name}: its stash {stash} needs a balance above the stake of {stake} coins")]
    Poor {
        /// Whose.
        name: String,
        /// Which account.
        stash: AccountId,
        /// What it must put at stake.
        stake: u64,
    },
    /// More than the format can say.
    #[error("{0} coins are more than one account can begin with: at most {max}", max = max_coins())]
    TooRich(u64),
    /// Nobody would relay.
    #[error(
        "{validators} validators are too few for a committee of {members}: users ask validators \
         outside it"
    )]
    TooFew {
        /// How many there are.
        validators: usize,
        /// How many are in the committee.
        members: u32,
    },
    /// The node has no runtime.
    #[error("this node was built without a runtime (SKIP_WASM_BUILD)")]
    NoRuntime,
    /// The preset is not what this code knows.
    #[error("the runtime has no usable preset `{}`", genesis_presets::LOCAL)]
    NoPreset,
    /// The network could not work with these parameters.
    #[error("patch.signing.parameters: {0}")]
    Parameters(String),
    /// The runtime takes no such genesis state.
    #[error("the runtime refuses this genesis state: {0}")]
    Refused(String),
}

/// All that must be changed.
#[derive(Debug)]
pub(crate) struct SpecErrors(Vec<SpecError>);

impl fmt::Display for SpecErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no chain specification:")?;
        for error in &self.0 {
            write!(f, "\n- {error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for SpecErrors {}

impl From<SpecError> for SpecErrors {
    fn from(error: SpecError) -> Self {
        Self(vec![error])
    }
}

impl SpecErrors {
    /// Nothing, if there are none.
    fn check(errors: Vec<SpecError>) -> Result<(), Self> {
        match errors.is_empty() {
            true => Ok(()),
            false => Err(Self(errors)),
        }
    }
}

/// The most coins that one account can begin with: JSON numbers have 64 bits here.
fn max_coins() -> u64 {
    u64::try_from(u128::from(u64::MAX) / UNIT).unwrap_or(u64::MAX)
}

/// An amount in the smallest unit.
fn amount(coins: u64) -> Result<u64, SpecError> {
    u64::try_from(u128::from(coins).saturating_mul(UNIT)).map_err(|_| SpecError::TooRich(coins))
}

impl ChainSpecCmd {
    pub(super) fn run(&self) -> Result<(), SpecErrors> {
        let (settings, validators) = self.read()?;
        let genesis = genesis(&settings, &validators)?;
        let spec = spec(&settings, &validators, genesis)?;
        let raw = spec.as_json(true).map_err(SpecError::Refused)?;
        let told = told(&settings, &validators, genesis_hash(&spec)?);
        fs::write(&self.output, raw).map_err(|reason| SpecError::File {
            path: self.output.clone(),
            reason,
        })?;
        println!("{told:#}");
        Ok(())
    }

    /// The settings and the validators, whose order in the arguments does not matter.
    fn read(&self) -> Result<(Settings, Vec<ValidatorFile>), SpecErrors> {
        let mut errors = Vec::new();
        let settings = read(&self.settings).map_err(|error| errors.push(error));
        let mut validators: Vec<ValidatorFile> = Vec::new();
        for path in &self.validators {
            match read(path) {
                Ok(validator) => validators.push(validator),
                Err(error) => errors.push(error),
            }
        }
        validators.sort_by(|one, other| one.stash.cmp(&other.stash));
        match settings {
            Ok(settings) if errors.is_empty() => Ok((settings, validators)),
            _ => Err(SpecErrors(errors)),
        }
    }
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T, SpecError> {
    let text = fs::read_to_string(path).map_err(|reason| SpecError::File {
        path: path.into(),
        reason,
    })?;
    serde_json::from_str(&text).map_err(|reason| SpecError::Malformed {
        path: path.into(),
        reason,
    })
}

/// The genesis state: the preset `local`, with other validators, accounts and root, and the patch.
///
/// # Errors
/// All that cannot be, at once.
fn genesis(settings: &Settings, validators: &[ValidatorFile]) -> Result<Value, SpecErrors> {
    let mut errors = contradictions(settings, validators);
    let preset = genesis_presets::get_preset(&genesis_presets::LOCAL.into());
    let mut genesis: Value = preset
        .and_then(|json| serde_json::from_slice(&json).ok())
        .ok_or(SpecError::NoPreset)?;

    let mut amount = |coins: u64| {
        let amount = amount(coins).map_err(|error| errors.push(error));
        amount.unwrap_or_default()
    };
    let stake = amount(settings.stake);
    let balances = settings.balances.iter();
    let balances: Vec<_> = balances
        .map(|(account, coins)| json!([account, amount(*coins)]))
        .collect();
    let keys: Vec<_> = validators
        .iter()
        .map(|one| json!([one.stash, one.stash, one.session_keys]))
        .collect();
    let stakers: Vec<_> = validators
        .iter()
        .map(|one| json!([one.stash, one.stash, stake, "Validator"]))
        .collect();
    let ours = json!({
        "balances": { "balances": balances },
        "session": { "keys": keys },
        "staking": { "stakers": stakers, "validatorCount": validators.len() },
    });
    json_merge(&mut genesis, ours);
    json_merge(&mut genesis, Value::Object(settings.patch.clone()));
    // Not merged: there, null would mean that the preset's key stays out, whatever is the default.
    let sudo = genesis.get_mut("sudo").ok_or(SpecError::NoPreset)?;
    *sudo = json!({ "key": settings.root });

    let parameters = genesis.pointer("/signing/parameters");
    match Parameters::<BlockNumber>::deserialize(parameters.unwrap_or(&Value::Null)) {
        Ok(parameters) => {
            if let Err(reason) = parameters.check() {
                errors.push(SpecError::Parameters(reason.to_string()));
            }
            if validators.len() as u64 <= u64::from(parameters.committee_size) {
                errors.push(SpecError::TooFew {
                    validators: validators.len(),
                    members: parameters.committee_size,
                });
            }
        }
        Err(reason) => errors.push(SpecError::Parameters(reason.to_string())),
    }
    SpecErrors::check(errors)?;
    check_form(&genesis)?;
    Ok(genesis)
}

/// Whether the runtime's genesis state has such a form. The runtime itself would say it with a backtrace, and
/// all of the state.
fn check_form(genesis: &Value) -> Result<(), SpecError> {
    let mut whole = json!(RuntimeGenesisConfig::default());
    json_merge(&mut whole, genesis.clone());
    let read = RuntimeGenesisConfig::deserialize(whole);
    read.map_err(|reason| SpecError::Form(reason.to_string()))?;
    Ok(())
}

/// What the settings and the validators' files say that cannot be true together.
fn contradictions(settings: &Settings, validators: &[ValidatorFile]) -> Vec<SpecError> {
    let mut errors = Vec::new();
    if !is_usable(&settings.id) {
        errors.push(SpecError::Id(settings.id.clone()));
    }
    if settings.name.trim().is_empty() {
        errors.push(SpecError::Nameless);
    }
    let nothing = settings.balances.iter().filter(|(_, coins)| **coins == 0);
    errors.extend(nothing.map(|(account, _)| SpecError::Nothing(account.clone())));
    let elsewhere = NOT_IN_PATCH.into_iter();
    errors.extend(
        elsewhere
            .filter(|part| settings.patch.contains_key(*part))
            .map(SpecError::Patch),
    );
    errors.extend(shared(validators));
    for validator in validators {
        let balance = settings.balances.get(&validator.stash).copied();
        if balance.unwrap_or(0) <= settings.stake {
            errors.push(SpecError::Poor {
                name: validator.name.clone(),
                stash: validator.stash.clone(),
                stake: settings.stake,
            });
        }
    }
    errors
}

/// Whether this can be the identifier of a chain.
fn is_usable(id: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
    (1..=MAX_ID_LEN).contains(&id.len()) && id.chars().all(plain) && !chain_spec::knows(id)
}

/// What validators have in common that should be one's alone.
fn shared(validators: &[ValidatorFile]) -> Vec<SpecError> {
    let mut errors = Vec::new();
    let mut owners: BTreeMap<(&str, Vec<u8>), &str> = BTreeMap::new();
    for (index, validator) in validators.iter().enumerate() {
        let keys = &validator.session_keys;
        let mut before = validators.iter().take(index);
        if before.any(|one| one.stash == validator.stash && one.session_keys == *keys) {
            errors.push(SpecError::Twice(validator.name.clone()));
            continue;
        }
        let sr25519: [&[u8]; 3] = [
            keys.babe.as_ref(),
            keys.authority_discovery.as_ref(),
            keys.signing.as_ref(),
        ];
        let different: BTreeSet<_> = sr25519.into_iter().collect();
        if different.len() != sr25519.len() {
            errors.push(SpecError::KeyTwice(validator.name.clone()));
        }
        let stash: &[u8] = validator.stash.as_ref();
        let grandpa: &[u8] = keys.grandpa.as_ref();
        let own = [
            ("stash", stash),
            ("name", validator.name.as_bytes()),
            ("session key", grandpa),
        ];
        let own = own
            .into_iter()
            .chain(different.into_iter().map(|key| ("session key", key)));
        for (what, bytes) in own {
            if let Some(first) = owners.insert((what, bytes.to_vec()), &validator.name) {
                errors.push(SpecError::Shared {
                    first: first.into(),
                    second: validator.name.clone(),
                    what,
                });
            }
        }
    }
    errors
}

fn spec(
    settings: &Settings,
    validators: &[ValidatorFile],
    genesis: Value,
) -> Result<ChainSpec, SpecError> {
    let id = settings.id.as_str();
    let wasm = WASM_BINARY.ok_or(SpecError::NoRuntime)?;
    Ok(ChainSpec::builder(wasm, None)
        .with_name(&settings.name)
        .with_id(id)
        .with_protocol_id(id)
        .with_chain_type(settings.chain_type.clone())
        .with_boot_nodes(
            validators
                .iter()
                .filter_map(|one| one.bootnode.clone())
                .collect(),
        )
        .with_properties(chain_spec::properties())
        .with_genesis_config_patch(genesis)
        .build())
}

/// The hash of the block that a node with this specification begins with: it names the chain.
fn genesis_hash(spec: &ChainSpec) -> Result<H256, SpecError> {
    let storage = spec.build_storage().map_err(SpecError::Refused)?;
    // The state has no child tries: nothing in this runtime makes any.
    let version = VERSION.state_version();
    let root = BlakeTwo256::trie_root(storage.top.into_iter().collect(), version);
    let block: Block = construct_genesis_block(root, version);
    Ok(block.header().hash())
}

/// What is in the specification, for people and for comparing.
fn told(settings: &Settings, validators: &[ValidatorFile], genesis_hash: H256) -> Value {
    let runtime = WASM_BINARY.map(|wasm| {
        let hash = BlakeTwo256::hash(wasm);
        format!("0x{}", HexDisplay::from(&hash.as_bytes()))
    });
    json!({
        "id": settings.id,
        "name": settings.name,
        "genesis_hash": genesis_hash,
        "runtime_hash": runtime,
        "runtime_version": VERSION.spec_version,
        "root": settings.root,
        "validators": validators.iter().map(|one| json!({
            "name": one.name,
            "stash": one.stash,
            "stake": settings.stake,
        })).collect::<Vec<_>>(),
        "coins": settings.balances.values().fold(0, |sum: u64, coins| sum.saturating_add(*coins)),
    })
}

#[cfg(test)]
mod tests;
