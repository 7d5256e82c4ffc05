//! The genesis block of a chain specification, and whether a database is that chain's.

use sc_client_api::{backend::Backend, blockchain, in_mem, BlockImportOperation};
use sc_service::{construct_genesis_block, ChainSpec, Configuration, Error as ServiceError};
use signing_runtime::OpaqueBlock as Block;
use sp_core::{
    storage::{StateVersion, Storage},
    H256,
};
use sp_runtime::traits::Block as _;

/// The state version of all of this network's runtimes: asking each for its own would compile it.
const STATE_VERSION: StateVersion = StateVersion::V1;

/// The hash of the genesis block.
pub(crate) fn hash_of(chain: &dyn ChainSpec) -> Result<H256, blockchain::Error> {
    hash_with(storage_of(chain)?)
}

/// The genesis state. Unless the specification is raw, the runtime has to work it out, which takes
/// seconds.
pub(super) fn storage_of(chain: &dyn ChainSpec) -> Result<Storage, blockchain::Error> {
    chain
        .as_storage_builder()
        .build_storage()
        .map_err(blockchain::Error::Storage)
}

/// The hash of the genesis block with this state.
pub(super) fn hash_with(storage: Storage) -> Result<H256, blockchain::Error> {
    let mut operation = in_mem::Backend::<Block>::new().begin_operation()?;
    let root = operation.set_genesis_state(storage, false, STATE_VERSION)?;
    Ok(construct_genesis_block::<Block>(root, STATE_VERSION)
        .header()
        .hash())
}

/// The database belongs to another chain of the same name.
#[derive(Debug, thiserror::Error)]
#[error(
    "the database in {folder} belongs to the chain with genesis {found:?}, but --chain names one with \
     genesis {expected:?}: name that chain, or use another --base-path"
)]
pub(crate) struct OtherChain {
    folder: String,
    found: H256,
    expected: H256,
}

/// Refuses a database that another chain was written into: its blocks would be taken for this one's.
pub(super) fn check(
    config: &Configuration,
    found: H256,
    expected: H256,
) -> Result<(), ServiceError> {
    if found == expected {
        return Ok(());
    }
    Err(ServiceError::Application(Box::new(OtherChain {
        folder: config.data_path.display().to_string(),
        found,
        expected,
    })))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn runtimes_have_the_state_version() {
        assert_eq!(signing_runtime::VERSION.state_version(), STATE_VERSION);
    }

    #[test]
    fn chains_differ_and_a_raw_specification_is_the_same_chain() {
        let hash = |id: &str| hash_of(&crate::chain_spec::load(id).unwrap()).unwrap();
        assert_ne!(hash("local"), hash("local-fast"));
        let raw = crate::chain_spec::load("local").unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), raw.as_json(true).unwrap()).unwrap();
        assert_eq!(hash(file.path().to_str().unwrap()), hash("local"));
    }
}
