//! Why a command did not do what was asked.

use crate::signer::password::PasswordFileError;
use offchain_signer::key_store::{BackupError, KeyStoreError, SessionKeyError};
use sp_core::H256;
use std::{io, path::PathBuf};

/// Why a command did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum CommandError {
    /// There is no such chain.
    #[error("{0}")]
    Chain(String),
    /// The chain specification makes no genesis block.
    #[error("the chain specification cannot be used")]
    Genesis(#[from] sc_client_api::blockchain::Error),
    /// The store.
    #[error(transparent)]
    KeyStore(#[from] KeyStoreError),
    /// The backup.
    #[error("{}", path.display())]
    Backup {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: BackupError,
    },
    /// The session keys.
    #[error(transparent)]
    SessionKey(#[from] SessionKeyError),
    /// The backup is another chain's.
    #[error(
        "{path} is a backup of a node on the chain with genesis {found:?}, not {expected:?}: name its \
         chain with --chain. Nothing was changed", path = path.display()
    )]
    OtherChain {
        /// The file.
        path: PathBuf,
        /// The backup's.
        found: H256,
        /// That of `--chain`.
        expected: H256,
    },
    /// A share would be restored that nobody could sign with.
    #[error(
        "the store's shares are those of the session key 0x{party}, which is not in {keystore}: name the \
         keystore with --keystore-path; or, if the key is backed up elsewhere, give \
         --without-session-keys", keystore = keystore.display()
    )]
    NoSessionKey {
        /// The key, hexadecimal.
        party: String,
        /// Where it was looked for.
        keystore: PathBuf,
    },
    /// Nobody to ask.
    #[error("no password for {what}: give {flag} FILE, or call this on a terminal, where it asks")]
    NoPassword {
        /// What it is for.
        what: &'static str,
        /// The flag that names a file.
        flag: &'static str,
    },
    /// The password in the file is not taken.
    #[error("the password file {}", path.display())]
    PasswordFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: PasswordFileError,
    },
    /// The terminal does not answer.
    #[error("the password cannot be asked for")]
    Prompt(#[source] io::Error),
    /// The second answer differs.
    #[error("the two passwords differ. Nothing was changed")]
    Mistyped,
    /// Too short.
    #[error("the password for {what} is too short: it must have 8 bytes or more")]
    ShortPassword {
        /// What it is for.
        what: &'static str,
    },
    /// Everybody knows it.
    #[error("the password for {what} is the one of development chains, which everybody knows")]
    DevelopmentPassword {
        /// What it is for.
        what: &'static str,
    },
    /// Standard output is closed.
    #[error("the result cannot be written")]
    Output(#[from] io::Error),
}
