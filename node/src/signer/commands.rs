//! `signing-node signer`: what an operator does with the signer's key store while the node is stopped.
//!
//! ```text
//! export           store, session keys ──► one encrypted file
//! import           the file ──► what store and keystore lack; nothing is replaced
//! inspect          a store or a file, without its secrets
//! change-password  store ──► the same, sealed anew
//!
//! place            which store, of which chain
//! ask              passwords
//! ```
//! Whatever one of them refuses, it has changed nothing.

mod ask;
mod change_password;
mod error;
mod export;
mod import;
mod inspect;
mod place;
#[cfg(test)]
mod tests;

use super::{
    password::{PromptPassword, TerminalPrompt},
    WithSources,
};
use error::CommandError;
use sc_cli::SubstrateCli;
use sc_service::config::KeystoreConfig;
use std::{
    fmt,
    io::{self, Write},
    path::Path,
};

/// The session keys of this network's validators, by type.
const SESSION_KEYS: [[u8; 4]; 4] = [*b"audi", *b"babe", *b"gran", *b"sign"];

/// Look after the signer's key store. Stop the node first.
#[derive(Debug, clap::Subcommand)]
// One value of this type exists per process.
#[allow(clippy::large_enum_variant)]
pub(crate) enum SignerCmd {
    Export(export::ExportCmd),
    Import(import::ImportCmd),
    Inspect(inspect::InspectCmd),
    ChangePassword(change_password::ChangePasswordCmd),
}

impl SignerCmd {
    pub(crate) fn run<N: SubstrateCli>(&self, node: &N) -> sc_cli::Result<()> {
        self.run_with(node, &TerminalPrompt, &mut io::stdout().lock())
            .map_err(|error| sc_cli::Error::Application(Box::new(Failure(error))))
    }

    fn run_with<N: SubstrateCli>(
        &self,
        node: &N,
        prompt: &dyn PromptPassword,
        out: &mut dyn Write,
    ) -> Result<(), CommandError> {
        match self {
            Self::Export(command) => command.run(node, prompt, out),
            Self::Import(command) => command.run(node, prompt, out),
            Self::Inspect(command) => command.run(node, prompt, out),
            Self::ChangePassword(command) => command.run(node, prompt, out),
        }
    }
}

/// What `purge-chain` says of what it does not remove.
pub(crate) fn kept_by_purge(chain_dir: &Path, keystore: &KeystoreConfig) -> Vec<String> {
    let store = chain_dir
        .join(super::cli::DEFAULT_DIR)
        .join(super::STORE_FILE);
    let session_keys = keystore.path().filter(|path| path.exists());
    let kept = [
        ("the signer's key store", Some(store.as_path())),
        ("the session keys", session_keys),
    ];
    let mut lines: Vec<String> = kept
        .into_iter()
        .filter_map(|(what, path)| Some((what, path?)))
        .filter(|(_, path)| path.exists())
        .map(|(what, path)| format!("Kept: {what} in {}.", path.display()))
        .collect();
    if !lines.is_empty() {
        lines.push(
            "They are good for a chain with the same genesis only: for another one, move them away."
                .into(),
        );
    }
    lines
}

/// An error with all that led to it.
#[derive(Debug)]
struct Failure(CommandError);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", WithSources(&self.0))
    }
}

impl std::error::Error for Failure {}
