//! Why the key store does not do what was asked, and what the operator can do about it.

use crate::protocol::KeyMaterialError;
use sp_core::H256;
use std::path::PathBuf;

/// Why the key store does not do what was asked. None of these ever leads to a fresh store in the
/// place of one that exists.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyStoreError {
    /// Another process has the file open.
    #[error("the key store {path} is in use: is another node running on the same folder? Stop it first", path = path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// The file or its folder may not be read or written.
    #[error("no permission to use the key store {path}: it must belong to the user that the node runs as, with mode 0600", path = path.display())]
    NoPermission {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The password is wrong.
    #[error("the password does not open the key store {path}: give the one it was created with", path = path.display())]
    WrongPassword {
        /// The file.
        path: PathBuf,
    },
    /// The store holds keys of another chain.
    #[error("the key store {path} belongs to the chain with genesis {found:?}, not {expected:?}: use another folder for this chain", path = path.display())]
    OtherChain {
        /// The file.
        path: PathBuf,
        /// The genesis hash that the store names.
        found: H256,
        /// The genesis hash of this chain.
        expected: H256,
    },
    /// A newer program wrote the store.
    #[error("the key store {path} has format {found}, this version reads {known}: use the version that wrote it", path = path.display())]
    UnknownFormat {
        /// The file.
        path: PathBuf,
        /// The format of the file.
        found: u8,
        /// The format that this program reads.
        known: u8,
    },
    /// The file is damaged, or no key store at all.
    #[error("{path} is damaged or no key store ({what}): put back a copy that was made with the node stopped. It has been left in its place", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: &'static str,
        /// What the database says.
        #[source]
        source: Option<Box<redb::Error>>,
    },
    /// A record is not what was stored in that place: altered, moved, or cut off.
    #[error(
        "the key store's record {table}/{name} has been altered: put back a copy of the store that was made with the node stopped"
    )]
    RecordAltered {
        /// The table.
        table: &'static str,
        /// The record.
        name: String,
    },
    /// What a record holds cannot be used.
    #[error("a record of the key store cannot be used")]
    KeyMaterial(#[from] KeyMaterialError),
    /// Other key material is pending for this attempt. It may have been confirmed, so it stays.
    #[error("other key material is already stored for attempt {attempt}")]
    AlreadyPending {
        /// The attempt.
        attempt: u32,
    },
    /// There is no key material for this attempt.
    #[error("no key material is stored for attempt {attempt}")]
    NotPending {
        /// The attempt.
        attempt: u32,
    },
    /// The generation is active with the key material of another attempt.
    #[error("generation {generation} came from attempt {held}, not {attempt}")]
    GenerationTaken {
        /// The generation.
        generation: u32,
        /// The attempt that its key material came from.
        held: u32,
        /// The attempt that should have been promoted.
        attempt: u32,
    },
    /// The password cannot be turned into a key with these parameters.
    #[error("the password cannot be turned into a key: {0}")]
    Derivation(argon2::Error),
    /// Sealing failed: the record is too long for the cipher.
    #[error("a record cannot be sealed")]
    Sealing,
    /// The file system failed.
    #[error("the key store {path} cannot be used", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The database failed. After a failed write it refuses all others until the node restarts.
    #[error("the key store's database failed")]
    Database(#[source] Box<redb::Error>),
}

impl KeyStoreError {
    pub(super) fn database(error: impl Into<redb::Error>) -> Self {
        Self::Database(Box::new(error.into()))
    }
}
