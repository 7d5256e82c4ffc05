//! Why a backup cannot be made or used.

use crate::key_store::KeyStoreError;
use std::path::PathBuf;

/// Why a backup cannot be made or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The file begins otherwise.
    #[error("this is no backup of a key store")]
    NoBackup,
    /// Another version wrote it.
    #[error(
        "the backup has format {found}, this version reads {known}: use the version that wrote it"
    )]
    UnknownFormat {
        /// The format of the file.
        found: u8,
        /// The format that this program reads.
        known: u8,
    },
    /// The password is wrong.
    #[error("the password does not open the backup: give the one that it was made with")]
    WrongPassword,
    /// It is not what was written.
    #[error("the backup is cut off or has been altered: use another copy of it")]
    Damaged,
    /// It was written so, by another program.
    #[error("the backup opens, but it is not what this version writes")]
    Malformed,
    /// Larger than any that could be read.
    #[error("the backup is too large: it may have 64 MiB")]
    TooLarge,
    /// There is a file of that name.
    #[error("{path} exists: choose another name, or replace it with --force", path = path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// What it holds cannot be used, or sealed.
    #[error(transparent)]
    KeyStore(#[from] KeyStoreError),
    /// The file system failed.
    #[error("{path} cannot be read or written", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
}
