//! `genesis`: from validators that share no keys to the chain specification that all of them start
//! from. docs/operator/genesis.md is the guide.
//!
//! ```text
//! each operator    genesis validator    session keys ─► its key store
//!                                       public halves ─► a file for the others
//! each operator    genesis chain-spec   settings + everybody's files ─► the same specification
//! ```

mod spec;
mod validator;

use spec::SpecErrors;
use validator::ValidatorError;

/// The sub-commands of `genesis`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum GenesisCommand {
    /// Make a validator's session keys, and the file that tells the others of them.
    ///
    /// The secret halves stay in the key store.
    Validator(validator::ValidatorCmd),

    /// Make the chain specification that the settings and the validators' files come to.
    ///
    /// The same files and the same binary give the same specification, byte by byte, so every
    /// operator can make it and compare. Prints what is in it as one JSON object, with the hash of
    /// the genesis block.
    ChainSpec(spec::ChainSpecCmd),
}

/// Why a sub-command of `genesis` failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum GenesisError {
    /// `genesis validator` failed.
    #[error(transparent)]
    Validator(#[from] ValidatorError),
    /// `genesis chain-spec` failed.
    #[error(transparent)]
    Spec(#[from] SpecErrors),
}

impl GenesisCommand {
    pub(crate) fn run(&self) -> sc_cli::Result<()> {
        let done = match self {
            Self::Validator(command) => command.run().map_err(GenesisError::from),
            Self::ChainSpec(command) => command.run().map_err(GenesisError::from),
        };
        done.map_err(|error| sc_cli::Error::Application(Box::new(error)))
    }
}
