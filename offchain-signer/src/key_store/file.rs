//! The store's file: made completely or not at all, and opened without ever being replaced.

use super::{draft::Draft, Contents, KeyStoreError, Password, PasswordCost};
use redb::{backends::FileBackend, Builder, Database, DatabaseError, StorageError};
use sp_panic_handler::AbortGuard;
use std::{
    fs,
    io::{self, ErrorKind},
    panic::{catch_unwind, AssertUnwindSafe},
    path::Path,
};

/// The store holds a few hundred kilobytes at most, but for reports, which are read once.
const CACHE_BYTES: usize = 1024 * 1024;

/// Whether there is a file. What may not be looked at is an error, and not absent.
pub(super) fn exists(path: &Path) -> Result<bool, KeyStoreError> {
    path.try_exists()
        .map_err(|source| access_error(path, source))
}

/// Opens the file.
pub(super) fn open(path: &Path) -> Result<Database, KeyStoreError> {
    restrict(path)?;
    // Checks every page: a plain open trusts the file and may panic on a damaged one. The guard is
    // there because "may panic" also holds for what the check itself has not foreseen.
    let opened = {
        let _guard = AbortGuard::force_unwind();
        catch_unwind(AssertUnwindSafe(|| builder().open(path)))
    };
    opened
        .map_err(|_| damaged(path, "the database library gave up on it", None))?
        .map_err(|error| open_error(path, error))
}

fn builder() -> Builder {
    let mut builder = Builder::new();
    builder
        .set_cache_size(CACHE_BYTES)
        .set_check_integrity_on_open(true);
    builder
}

/// Makes a store with these contents: a crash leaves either no store or a complete one. A store that
/// is there already, or that another process makes meanwhile, stays; then the answer is `false`.
pub(super) fn create(
    path: &Path,
    contents: &Contents,
    password: &Password,
    cost: PasswordCost,
) -> Result<bool, KeyStoreError> {
    let draft = filled(path, contents, password, cost)?;
    draft.publish().map_err(|source| access_error(path, source))
}

/// Puts a store with these contents in the place of the one that is there: a crash leaves either.
/// `between` is called after each step.
pub(super) fn replace(
    path: &Path,
    contents: &Contents,
    password: &Password,
    cost: PasswordCost,
    mut between: impl FnMut(),
) -> Result<(), KeyStoreError> {
    let draft = filled(path, contents, password, cost)?;
    between();
    draft
        .replace(between)
        .map_err(|source| access_error(path, source))
}

/// A store with these contents, beside its place.
fn filled(
    path: &Path,
    contents: &Contents,
    password: &Password,
    cost: PasswordCost,
) -> Result<Draft, KeyStoreError> {
    let failed = |source| access_error(path, source);
    let draft = Draft::beside(path).map_err(failed)?;
    let file = draft.open_new().map_err(failed)?;
    let database = FileBackend::new(file)
        .and_then(|backend| builder().create_with_backend(backend))
        .map_err(|error| open_error(path, error))?;
    contents.fill(&database, password, cost)?;
    database.close().map_err(|error| open_error(path, error))?;
    Ok(draft)
}

/// Takes the file away from everybody but its owner.
fn restrict(path: &Path) -> Result<(), KeyStoreError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let failed = |source| access_error(path, source);
        let mode = fs::metadata(path).map_err(failed)?.permissions().mode();
        if mode & 0o077 != 0 {
            fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(failed)?;
        }
    }
    Ok(())
}

fn access_error(path: &Path, source: io::Error) -> KeyStoreError {
    let path = path.to_owned();
    match source.kind() {
        ErrorKind::PermissionDenied => KeyStoreError::NoPermission { path, source },
        _ => KeyStoreError::Io { path, source },
    }
}

fn open_error(path: &Path, error: DatabaseError) -> KeyStoreError {
    match error {
        DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => {
            KeyStoreError::Locked {
                path: path.to_owned(),
            }
        }
        DatabaseError::Storage(StorageError::Io(source)) => match source.kind() {
            ErrorKind::InvalidData | ErrorKind::UnexpectedEof => damaged(
                path,
                "it is not a database",
                Some(StorageError::Io(source).into()),
            ),
            _ => access_error(path, source),
        },
        DatabaseError::Storage(error @ StorageError::Corrupted(_)) => {
            damaged(path, "its checksums are wrong", Some(error.into()))
        }
        error => damaged(path, "the database does not open", Some(error.into())),
    }
}

pub(super) fn damaged(
    path: &Path,
    what: &'static str,
    source: Option<redb::Error>,
) -> KeyStoreError {
    KeyStoreError::Damaged {
        path: path.to_owned(),
        what,
        source: source.map(Box::new),
    }
}
