//! What a node must never lose and never show: its x25519 key and its shares of the network key. And
//! what it must not forget: who has cheated.
//!
//! ```text
//! keygen, ──put_pending──► pending: by attempt ──promote──► active: by generation ──► signing
//! reshare        │ synced                 one transaction        │ erase_below: when a newer
//!                └──► only now is the result confirmed on chain  ▼ generation is final
//!
//! members and standbys ──put_aux_info──► aux_info: by attempt ──► reshare
//! what others did ──put_report──► reports ──► until the chain has them for good
//!
//! all of it ──contents──► Backup, sealed under a password of its own ──restore──► a store
//! ```
//!
//! One file, a [redb](https://docs.rs/redb) database of sealed records (see [`Password`]; a header
//! with the salt and the chain's genesis hash is in the clear). Whatever a method has done when it
//! returns is on disk, and a crash in the middle of it leaves the state before it or the state
//! after it. Several attempts can be pending: forks may disagree on which of them succeeded. Several
//! generations can be active: requests name the one that their relayer saw.
//!
//! Methods block, on the disk and, when the store is opened, on purpose for a tenth of a second or
//! more (the password): call them where blocking is fine.
//!
//! # What is not protected
//! Whoever can write the file can put an older version of it back. Erased records may be found in
//! free parts of the file or the disk, sealed.

mod backup;
mod contents;
mod draft;
mod error;
mod file;
mod reports;
mod restore;
mod seal;
mod session_keys;
mod slots;
mod summary;
#[cfg(test)]
mod tests;

pub use backup::{Backup, BackupError, SessionKey, MAX_SESSION_KEY_BYTES};
pub use contents::Contents;
pub use error::KeyStoreError;
pub use restore::Restored;
pub use seal::{Password, PasswordCost};
pub use session_keys::SessionKeyError;
pub use summary::{AuxInfoSummary, Overview, Summary};

use crate::{
    conduct::{Conduct, Step},
    protocol::KeyMaterial,
};
use codec::DecodeAll;
use core::fmt;
use redb::{Database, Durability, ReadableDatabase, TableDefinition};
use seal::{Header, Name, Place, Sealer};
use signing_primitives::X25519PublicKey;
use slots::Slot;
use sp_core::H256;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};
use x25519_dalek::{PublicKey, StaticSecret};

/// In the clear: the header. Sealed: a record that tells a wrong password from an altered record.
const HEADER: TableDefinition<&str, &[u8]> = TableDefinition::new("header");
/// The node's own keys, by name.
const NODE: TableDefinition<&str, &[u8]> = TableDefinition::new("node");

const HEADER_NAME: &str = "header";
const CHECK: Place = Place {
    table: "header",
    name: Name::Word("check"),
};
const CHECK_NAME: &str = "check";
const X25519: Place = Place {
    table: "node",
    name: Name::Word("x25519"),
};
const X25519_NAME: &str = "x25519";

/// The node's key store. One process at a time.
pub struct KeyStore {
    path: PathBuf,
    database: Database,
    sealer: Sealer,
    x25519: StaticSecret,
    active: RwLock<BTreeMap<u32, Arc<KeyMaterial>>>,
    conduct: Conduct,
}

impl KeyStore {
    /// The format that this program writes and reads.
    pub const FORMAT: u8 = Header::FORMAT;

    /// Opens the store of this node on the chain with this genesis hash; creates it, with a fresh
    /// x25519 key, if there is no such file.
    pub fn open(
        path: impl AsRef<Path>,
        password: &Password,
        genesis_hash: H256,
    ) -> Result<Self, KeyStoreError> {
        Self::open_at_cost(path, password, genesis_hash, PasswordCost::default())
    }

    /// As [`Self::open`]; a store that is created will have this cost of trying passwords.
    pub fn open_at_cost(
        path: impl AsRef<Path>,
        password: &Password,
        genesis_hash: H256,
        cost: PasswordCost,
    ) -> Result<Self, KeyStoreError> {
        let path = path.as_ref();
        if !file::exists(path)? {
            file::create(path, &Contents::fresh(genesis_hash), password, cost)?;
        }
        Self::open_existing(path, password, genesis_hash)
    }

    /// As [`Self::open`], but never makes a store.
    pub fn open_existing(
        path: impl AsRef<Path>,
        password: &Password,
        genesis_hash: H256,
    ) -> Result<Self, KeyStoreError> {
        let path = path.as_ref();
        Self::unlock(path, open_database(path)?, password, genesis_hash)
    }

    fn unlock(
        path: &Path,
        database: Database,
        password: &Password,
        genesis_hash: H256,
    ) -> Result<Self, KeyStoreError> {
        let header = read_header(path, &database)?;
        if header.genesis_hash != genesis_hash {
            return Err(KeyStoreError::OtherChain {
                path: path.to_owned(),
                found: header.genesis_hash,
                expected: genesis_hash,
            });
        }
        let sealer = sealer_of(path, &database, &header, password)?;
        let damaged = |what| file::damaged(path, what, None);
        let x25519 = read_record(&database, NODE, X25519_NAME)?
            .ok_or_else(|| damaged("it has no x25519 key"))?;
        let x25519 = sealer.open(X25519, &x25519)?;
        let x25519 = <[u8; 32]>::try_from(x25519.as_slice())
            .map(StaticSecret::from)
            .map_err(|_| damaged("its x25519 key has a wrong length"))?;
        let store = Self {
            path: path.to_owned(),
            database,
            sealer,
            x25519,
            active: RwLock::default(),
            conduct: Conduct::default(),
        };
        for (generation, material) in store.read_all(Slot::Active)? {
            store.write_active().insert(generation, Arc::new(material));
        }
        Ok(store)
    }

    /// Whether this password opens the store, whatever chain it is of. As when it is opened, what a crash has
    /// left of the file is mended, and nobody else may read it from then on.
    pub fn try_password(path: impl AsRef<Path>, password: &Password) -> Result<(), KeyStoreError> {
        let path = path.as_ref();
        let database = open_database(path)?;
        let header = read_header(path, &database)?;
        sealer_of(path, &database, &header, password).map(drop)
    }

    /// The same, of a node that conducts itself so.
    pub(crate) fn with_conduct(mut self, conduct: Conduct) -> Self {
        self.conduct = conduct;
        self
    }

    /// The node's x25519 secret: HPKE recipient key and Noise static key.
    pub fn x25519_secret(&self) -> &StaticSecret {
        &self.x25519
    }

    /// The public key of [`Self::x25519_secret`].
    pub fn x25519_public(&self) -> X25519PublicKey {
        PublicKey::from(&self.x25519).to_bytes()
    }

    fn read_active(&self) -> RwLockReadGuard<'_, BTreeMap<u32, Arc<KeyMaterial>>> {
        self.active.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_active(&self) -> RwLockWriteGuard<'_, BTreeMap<u32, Arc<KeyMaterial>>> {
        self.active.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a step last: it has not been done before, and is on disk after.
    fn commit(&self, write: redb::WriteTransaction, step: Step) -> Result<(), KeyStoreError> {
        self.conduct.before(step);
        write.commit().map_err(KeyStoreError::database)?;
        self.conduct.after(step);
        Ok(())
    }

    fn begin_write(&self) -> Result<redb::WriteTransaction, KeyStoreError> {
        begin_write(&self.database)
    }
}

impl fmt::Debug for KeyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyStore")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

fn open_database(path: &Path) -> Result<Database, KeyStoreError> {
    match file::exists(path)? {
        true => file::open(path),
        false => Err(KeyStoreError::NoStore {
            path: path.to_owned(),
        }),
    }
}

fn read_record(
    database: &Database,
    table: TableDefinition<&str, &[u8]>,
    name: &str,
) -> Result<Option<Vec<u8>>, KeyStoreError> {
    let read = database.begin_read().map_err(KeyStoreError::database)?;
    match read.open_table(table) {
        Ok(table) => Ok(table
            .get(name)
            .map_err(KeyStoreError::database)?
            .map(|record| record.value().to_vec())),
        Err(redb::TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(KeyStoreError::database(error)),
    }
}

fn read_header(path: &Path, database: &Database) -> Result<Header, KeyStoreError> {
    let damaged = |what| file::damaged(path, what, None);
    let header =
        read_record(database, HEADER, HEADER_NAME)?.ok_or_else(|| damaged("it has no header"))?;
    let format = header.first().copied().unwrap_or_default();
    if format != Header::FORMAT {
        return Err(KeyStoreError::UnknownFormat {
            path: path.to_owned(),
            found: format,
            known: Header::FORMAT,
        });
    }
    Header::decode_all(&mut header.as_slice()).map_err(|_| damaged("its header is malformed"))
}

/// What opens the store's records, if the password is right.
fn sealer_of(
    path: &Path,
    database: &Database,
    header: &Header,
    password: &Password,
) -> Result<Sealer, KeyStoreError> {
    let sealer = header.sealer(password)?;
    let check = read_record(database, HEADER, CHECK_NAME)?
        .ok_or_else(|| file::damaged(path, "its header is cut off", None))?;
    match sealer.open(CHECK, &check) {
        Ok(_) => Ok(sealer),
        Err(_) => Err(KeyStoreError::WrongPassword {
            path: path.to_owned(),
        }),
    }
}

/// A transaction that is on disk when its commit returns; in two phases, so that not even a crash
/// at an unlucky moment makes the database rely on checksums alone.
fn begin_write(database: &Database) -> Result<redb::WriteTransaction, KeyStoreError> {
    let mut write = database.begin_write().map_err(KeyStoreError::database)?;
    write
        .set_durability(Durability::Immediate)
        .map_err(KeyStoreError::database)?;
    write.set_two_phase_commit(true);
    Ok(write)
}
