//! The chains that the node knows by name. Others come from files.

use sc_service::{ChainType, GenericChainSpec, NoExtension, Properties};
use signing_evidence::signing_evidence_verifier;
use signing_runtime::{genesis_presets, FAST_WASM_BINARY, WASM_BINARY};
use std::path::PathBuf;

/// A chain specification without extensions of our own, whose runtime may have evidence checked.
pub(crate) type ChainSpec = GenericChainSpec<NoExtension, signing_evidence_verifier::HostFunctions>;

/// A chain that is built into the node.
struct BuiltIn {
    /// What `--chain` calls it.
    id: &'static str,
    name: &'static str,
    chain_type: ChainType,
    /// The genesis preset of the runtime.
    preset: &'static str,
    /// Whether its runtime is the fast one.
    fast: bool,
}

/// All of them. Their keys are public: none is for production.
const BUILT_IN: [BuiltIn; 3] = [
    BuiltIn {
        id: "dev",
        name: "Signing Network Development",
        chain_type: ChainType::Development,
        preset: genesis_presets::DEVELOPMENT,
        fast: false,
    },
    BuiltIn {
        id: "local",
        name: "Signing Network Local",
        chain_type: ChainType::Local,
        preset: genesis_presets::LOCAL,
        fast: false,
    },
    BuiltIn {
        id: "local-fast",
        name: "Signing Network Local, fast runtime",
        chain_type: ChainType::Local,
        preset: genesis_presets::LOCAL,
        fast: true,
    },
];

/// The chain that `--chain` names: one that is built in, or a file.
pub(crate) fn load(id: &str) -> Result<ChainSpec, String> {
    if id.is_empty() {
        return Err(format!(
            "which chain? Name it with --chain: a file, or one of {}",
            built_in_ids()
        ));
    }
    if let Some(chain) = BUILT_IN.iter().find(|chain| chain.id == id) {
        return chain.spec();
    }
    let path = PathBuf::from(id);
    if !path.is_file() {
        return Err(format!(
            "no chain `{id}`: neither a file nor one of {}",
            built_in_ids()
        ));
    }
    ChainSpec::from_json_file(path)
}

/// Whether this chain is built in.
pub(crate) fn knows(id: &str) -> bool {
    BUILT_IN.iter().any(|chain| chain.id == id)
}

fn built_in_ids() -> String {
    BUILT_IN
        .iter()
        .map(|chain| chain.id)
        .collect::<Vec<_>>()
        .join(", ")
}

impl BuiltIn {
    fn spec(&self) -> Result<ChainSpec, String> {
        let wasm = if self.fast {
            FAST_WASM_BINARY
        } else {
            WASM_BINARY
        };
        let wasm = wasm.ok_or("this node was built without a runtime (SKIP_WASM_BUILD)")?;
        Ok(ChainSpec::builder(wasm, None)
            .with_name(self.name)
            .with_id(self.id)
            .with_chain_type(self.chain_type.clone())
            .with_genesis_config_preset_name(self.preset)
            .with_properties(properties())
            .build())
    }
}

/// How wallets show amounts and addresses.
pub(crate) fn properties() -> Properties {
    let mut properties = Properties::new();
    properties.insert("tokenSymbol".into(), "UNIT".into());
    properties.insert("tokenDecimals".into(), 12.into());
    properties.insert("ss58Format".into(), 42.into());
    properties
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn a_chain_must_be_named() {
        let error = load("").err().unwrap();
        assert!(error.contains("--chain"), "{error}");
        assert!(error.contains("local-fast"), "{error}");
    }

    #[test]
    fn an_unknown_name_is_told_from_a_file() {
        let error = load("no-such-chain").err().unwrap();
        assert!(error.contains("no-such-chain"), "{error}");
        assert!(error.contains("local-fast"), "{error}");
    }

    #[test]
    fn a_file_that_is_no_chain_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(load(file.path().to_str().unwrap()).is_err());
    }

    #[test]
    fn no_built_in_chain_is_for_production() {
        for chain in &BUILT_IN {
            assert!(matches!(
                chain.chain_type,
                ChainType::Development | ChainType::Local
            ));
        }
    }

    #[test]
    fn built_in_chains_become_specifications() {
        for chain in &BUILT_IN {
            let spec = load(chain.id).unwrap();
            assert_eq!(spec.id(), chain.id);
            assert!(spec.as_json(true).is_ok());
        }
        let genesis = |id| load(id).unwrap().as_json(false).unwrap();
        assert_ne!(genesis("local"), genesis("local-fast"));
    }
}
