//! The store's file: made completely or not at all, and opened without ever being replaced.

use super::{KeyStoreError, Password, PasswordCost};
use rand_core::{OsRng, RngCore};
use redb::{backends::FileBackend, Builder, Database, DatabaseError, StorageError};
use sp_core::H256;
use sp_panic_handler::AbortGuard;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind},
    panic::{catch_unwind, AssertUnwindSafe},
    path::{Path, PathBuf},
};

/// The store holds a few hundred kilobytes at most, but for reports, which are read once.
const CACHE_BYTES: usize = 1024 * 1024;

/// Opens the file, or makes it if there is none.
pub(super) fn open_or_create(
    path: &Path,
    password: &Password,
    genesis_hash: H256,
    cost: PasswordCost,
) -> Result<Database, KeyStoreError> {
    // `exists` takes what may not be looked at for absent; this does not.
    let exists = path
        .try_exists()
        .map_err(|source| access_error(path, source))?;
    if !exists {
        create(path, password, genesis_hash, cost)?;
    }
    open(path)
}

fn open(path: &Path) -> Result<Database, KeyStoreError> {
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

/// Makes a store beside its place, syncs it, and links it into its place: a crash leaves either no
/// store or a complete one, and a store that another process has made meanwhile stays.
fn create(
    path: &Path,
    password: &Password,
    genesis_hash: H256,
    cost: PasswordCost,
) -> Result<(), KeyStoreError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let failed = |source| access_error(path, source);
    fs::create_dir_all(folder).map_err(failed)?;
    let draft = Draft::new(path).map_err(failed)?;
    let file = draft.open_new().map_err(failed)?;
    let database = FileBackend::new(file)
        .and_then(|backend| builder().create_with_backend(backend))
        .map_err(|error| open_error(path, error))?;
    super::initialise(&database, password, genesis_hash, cost)?;
    database.close().map_err(|error| open_error(path, error))?;
    File::open(&draft.0)
        .and_then(|file| file.sync_all())
        .map_err(failed)?;
    draft.publish(path).map_err(failed)?;
    drop(draft);
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(failed)
}

/// A store in the making, under a name of its own. Removed when dropped.
struct Draft(PathBuf);

impl Draft {
    fn new(path: &Path) -> io::Result<Self> {
        let mut name = path
            .file_name()
            .ok_or_else(|| io::Error::from(ErrorKind::IsADirectory))?
            .to_owned();
        name.push(format!(".new-{:016x}", OsRng.next_u64()));
        Ok(Self(path.with_file_name(name)))
    }

    fn open_new(&self) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&self.0)
    }

    /// Gives the draft its name, unless something of that name exists. A hard link never replaces
    /// anything; where there are none, a look before the renaming has to do.
    fn publish(&self, path: &Path) -> io::Result<()> {
        match fs::hard_link(&self.0, path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            Err(_) if !path.try_exists()? => fs::rename(&self.0, path),
            other => other,
        }
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
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
