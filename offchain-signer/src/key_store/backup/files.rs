//! The file of a backup.

use super::{BackupError, MAX_BYTES};
use crate::key_store::draft::Draft;
use std::{
    fs::File,
    io::{self, Read, Write},
    path::Path,
};

/// Writes a file that only its owner may read, completely or not at all.
pub(super) fn write(path: &Path, bytes: &[u8], force: bool) -> Result<(), BackupError> {
    let failed = |source| BackupError::Io {
        path: path.to_owned(),
        source,
    };
    // No use in writing all of it first.
    if !force && path.try_exists().map_err(failed)? {
        return Err(exists(path));
    }
    let draft = Draft::beside(path).map_err(failed)?;
    let mut file = draft.open_new().map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    drop(file);
    if force {
        return draft.replace(|| ()).map_err(failed);
    }
    match draft.publish().map_err(failed)? {
        true => Ok(()),
        false => Err(exists(path)),
    }
}

/// Reads a file, or as much of it as it takes to know that it is too large.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, BackupError> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes))
        .map_err(|source: io::Error| BackupError::Io {
            path: path.to_owned(),
            source,
        })?;
    match bytes.len() <= MAX_BYTES {
        true => Ok(bytes),
        false => Err(BackupError::TooLarge),
    }
}

fn exists(path: &Path) -> BackupError {
    BackupError::Exists {
        path: path.to_owned(),
    }
}
