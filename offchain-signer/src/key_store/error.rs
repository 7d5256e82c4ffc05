//! Why the key store does not do what was asked, and what the operator can do about it.

use crate::protocol::{KeyMaterialError, PartyId};
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
    /// There is no such file, and none is to be made.
    #[error("there is no key store {path}", path = path.display())]
    NoStore {
        /// The file.
        path: PathBuf,
    },
    /// The store has shares as new as those of a backup, or newer.
    #[error("the key store {path} holds a share of generation {held}; the backup's of generation {given} is older, and stays out. Nothing was changed", path = path.display())]
    NewerShares {
        /// The file.
        path: PathBuf,
        /// The newest generation that it has.
        held: u32,
        /// The backup's.
        given: u32,
    },
    /// A backup has something else in the place of what the store has.
    #[error("the key store {path} and the backup differ in {slot}/{number}: they belong to different nodes, or to two lives of one. Nothing was changed", path = path.display())]
    OtherShare {
        /// The file.
        path: PathBuf,
        /// `active`, `pending` or `aux_info`.
        slot: &'static str,
        /// The generation or attempt.
        number: u32,
    },
    /// A backup is another party's.
    #[error("the key store {path} holds shares of the party {held:?}, the backup those of {given:?}: restore into an empty folder. Nothing was changed", path = path.display())]
    OtherParty {
        /// The file.
        path: PathBuf,
        /// Whose the store's newest share is.
        held: PartyId,
        /// Whose the backup's newest share is.
        given: PartyId,
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
    #[error("{path} is damaged or no key store ({what}): move it away and restore a backup of it. It has been left in its place", path = path.display())]
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
        "the key store's record {table}/{name} has been altered: move the store away and restore a backup of it"
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
