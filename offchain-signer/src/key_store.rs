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

mod error;
mod file;
mod reports;
mod seal;
#[cfg(test)]
mod tests;

pub use error::KeyStoreError;
pub use seal::{Password, PasswordCost};

use crate::{
    conduct::{Conduct, Step},
    protocol::{KeyMaterial, PartyId, PreparedAuxInfo},
};
use codec::{DecodeAll, Encode};
use core::{fmt, ops::RangeBounds};
use rand_core::OsRng;
use redb::{Database, Durability, ReadableDatabase, ReadableTable, TableDefinition};
use seal::{Header, Name, Place, Sealer};
use signing_primitives::{VerifyingKey, X25519PublicKey};
use sp_core::H256;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

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

/// Where secrets that come and go are kept.
#[derive(Clone, Copy)]
enum Slot {
    /// Key material that is not active yet, by attempt.
    Pending,
    /// Key material in use, by generation.
    Active,
    /// Auxiliary information made ahead of time, by attempt.
    AuxInfo,
}

impl Slot {
    const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::AuxInfo => "aux_info",
        }
    }

    const fn table(self) -> TableDefinition<'static, u32, &'static [u8]> {
        TableDefinition::new(self.name())
    }

    const fn place(self, number: u32) -> Place<'static> {
        Place {
            table: self.name(),
            name: Name::Number(number),
        }
    }
}

/// The node's key store. One process at a time.
pub struct KeyStore {
    path: PathBuf,
    database: Database,
    sealer: Sealer,
    x25519: StaticSecret,
    active: RwLock<BTreeMap<u32, Arc<KeyMaterial>>>,
    conduct: Conduct,
}

/// Key material without its secrets.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Summary {
    /// The attempt it comes from.
    pub attempt: u32,
    /// The generation, if it is active.
    pub generation: Option<u32>,
    /// The network key.
    pub verifying_key: VerifyingKey,
    /// All who hold shares.
    pub members: BTreeSet<PartyId>,
    /// How many of them it takes to sign.
    pub threshold: usize,
    /// BLAKE2-256 of the public shares and the public auxiliary information.
    pub commitment: H256,
}

impl KeyStore {
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
        let database = file::open_or_create(path, password, genesis_hash, cost)?;
        Self::unlock(path, database, password, genesis_hash)
    }

    fn unlock(
        path: &Path,
        database: Database,
        password: &Password,
        genesis_hash: H256,
    ) -> Result<Self, KeyStoreError> {
        let damaged = |what| file::damaged(path, what, None);
        let read = database.begin_read().map_err(KeyStoreError::database)?;
        let record = |table: TableDefinition<&str, &[u8]>, name| match read.open_table(table) {
            Ok(table) => Ok(table
                .get(name)
                .map_err(KeyStoreError::database)?
                .map(|record| record.value().to_vec())),
            Err(redb::TableError::TableDoesNotExist(_)) => Ok(None),
            Err(error) => Err(KeyStoreError::database(error)),
        };
        let header = record(HEADER, HEADER_NAME)?.ok_or_else(|| damaged("it has no header"))?;
        let format = header.first().copied().unwrap_or_default();
        if format != Header::FORMAT {
            return Err(KeyStoreError::UnknownFormat {
                path: path.to_owned(),
                found: format,
                known: Header::FORMAT,
            });
        }
        let header = Header::decode_all(&mut header.as_slice())
            .map_err(|_| damaged("its header is malformed"))?;
        if header.genesis_hash != genesis_hash {
            return Err(KeyStoreError::OtherChain {
                path: path.to_owned(),
                found: header.genesis_hash,
                expected: genesis_hash,
            });
        }
        let sealer = header.sealer(password)?;
        let check = record(HEADER, CHECK_NAME)?.ok_or_else(|| damaged("its header is cut off"))?;
        sealer
            .open(CHECK, &check)
            .map_err(|_| KeyStoreError::WrongPassword {
                path: path.to_owned(),
            })?;
        let x25519 = record(NODE, X25519_NAME)?.ok_or_else(|| damaged("it has no x25519 key"))?;
        let x25519 = sealer.open(X25519, &x25519)?;
        let x25519 = <[u8; 32]>::try_from(x25519.as_slice())
            .map(StaticSecret::from)
            .map_err(|_| damaged("its x25519 key has a wrong length"))?;
        drop(read);
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

    /// Stores the result of a key generation or a resharing. When this returns, it is on disk: only
    /// then may it be confirmed on chain. Storing the same again changes nothing; other key material
    /// for the same attempt is refused, because the first may have been confirmed.
    pub fn put_pending(&self, material: &KeyMaterial) -> Result<(), KeyStoreError> {
        let bytes = material.to_bytes()?;
        self.put_once(Slot::Pending, material.attempt(), &bytes, Step::StoreShare)
    }

    /// Stores auxiliary information made ahead of time: as [`Self::put_pending`].
    pub fn put_aux_info(&self, aux_info: &PreparedAuxInfo) -> Result<(), KeyStoreError> {
        let bytes = aux_info.to_bytes()?;
        self.put_once(
            Slot::AuxInfo,
            aux_info.attempt(),
            &bytes,
            Step::StoreAuxInfo,
        )
    }

    /// The auxiliary information that an attempt has made.
    pub fn aux_info(&self, attempt: u32) -> Result<Option<PreparedAuxInfo>, KeyStoreError> {
        match self.read_one(Slot::AuxInfo, attempt)? {
            Some(bytes) => Ok(Some(PreparedAuxInfo::from_bytes(&bytes)?)),
            None => Ok(None),
        }
    }

    /// Erases the auxiliary information of attempts below this one: for when the chain needs none
    /// of them any more, and that is final.
    pub fn erase_aux_info_below(&self, attempt: u32) -> Result<(), KeyStoreError> {
        self.erase_in(Slot::AuxInfo, ..attempt, Step::EraseAuxInfo)
    }

    /// The key material that is pending for an attempt.
    pub fn pending(&self, attempt: u32) -> Result<Option<KeyMaterial>, KeyStoreError> {
        match self.read_one(Slot::Pending, attempt)? {
            Some(bytes) => Ok(Some(KeyMaterial::from_bytes(&bytes)?)),
            None => Ok(None),
        }
    }

    /// Makes the key material of an attempt that of a generation. Doing so again changes nothing.
    pub fn promote(&self, attempt: u32, generation: u32) -> Result<(), KeyStoreError> {
        let write = self.begin_write()?;
        let material = {
            let mut active = write
                .open_table(Slot::Active.table())
                .map_err(KeyStoreError::database)?;
            let held = active
                .get(generation)
                .map_err(KeyStoreError::database)?
                .map(|record| self.material(Slot::Active, generation, record.value()))
                .transpose()?;
            if let Some(held) = held {
                return match held.attempt() == attempt {
                    true => Ok(()),
                    false => Err(KeyStoreError::GenerationTaken {
                        generation,
                        held: held.attempt(),
                        attempt,
                    }),
                };
            }
            let mut pending = write
                .open_table(Slot::Pending.table())
                .map_err(KeyStoreError::database)?;
            let material = pending
                .remove(attempt)
                .map_err(KeyStoreError::database)?
                .map(|record| self.material(Slot::Pending, attempt, record.value()))
                .transpose()?
                .ok_or(KeyStoreError::NotPending { attempt })?;
            let record = self
                .sealer
                .seal(Slot::Active.place(generation), &material.to_bytes()?)?;
            active
                .insert(generation, record.as_slice())
                .map_err(KeyStoreError::database)?;
            material
        };
        self.commit(write, Step::PromoteShare)?;
        self.write_active().insert(generation, Arc::new(material));
        Ok(())
    }

    /// The key material of a generation. Does not touch the disk.
    pub fn active(&self, generation: u32) -> Option<Arc<KeyMaterial>> {
        self.read_active().get(&generation).cloned()
    }

    /// The newest generation that there is key material of. Does not touch the disk.
    pub fn newest(&self) -> Option<(u32, Arc<KeyMaterial>)> {
        let active = self.read_active();
        let (generation, material) = active.last_key_value()?;
        Some((*generation, material.clone()))
    }

    /// The oldest generation that there is key material of. Does not touch the disk.
    pub fn oldest(&self) -> Option<u32> {
        self.read_active().keys().next().copied()
    }

    /// Erases the key material of generations below this one: for when this one, or a newer one, is
    /// in force, that is final, and this node has its share of it or is not to have any.
    pub fn erase_below(&self, generation: u32) -> Result<(), KeyStoreError> {
        self.erase_in(Slot::Active, ..generation, Step::EraseShares)?;
        self.write_active().retain(|held, _| *held >= generation);
        Ok(())
    }

    /// Erases the key material pending for attempts up to this one: for those that can no longer
    /// succeed, which is when a later one is finalized.
    pub fn discard_pending_up_to(&self, attempt: u32) -> Result<(), KeyStoreError> {
        self.erase_in(Slot::Pending, ..=attempt, Step::DiscardShares)
    }

    /// All key material, without its secrets: active first, then pending, each ascending.
    pub fn list(&self) -> Result<Vec<Summary>, KeyStoreError> {
        let summary = |generation, material: &KeyMaterial| Summary {
            attempt: material.attempt(),
            generation,
            verifying_key: material.verifying_key(),
            members: material.members().clone(),
            threshold: material.threshold(),
            commitment: material.commitment(),
        };
        let active = self.read_all(Slot::Active)?;
        let pending = self.read_all(Slot::Pending)?;
        let active = active
            .iter()
            .map(|(g, material)| summary(Some(*g), material));
        let pending = pending.iter().map(|(_, material)| summary(None, material));
        Ok(active.chain(pending).collect())
    }

    fn read_active(&self) -> RwLockReadGuard<'_, BTreeMap<u32, Arc<KeyMaterial>>> {
        self.active.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_active(&self) -> RwLockWriteGuard<'_, BTreeMap<u32, Arc<KeyMaterial>>> {
        self.active.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stores a record where there is none. The same once more changes nothing; another one is
    /// refused.
    fn put_once(
        &self,
        slot: Slot,
        attempt: u32,
        bytes: &[u8],
        step: Step,
    ) -> Result<(), KeyStoreError> {
        let place = slot.place(attempt);
        let write = self.begin_write()?;
        {
            let mut records = write
                .open_table(slot.table())
                .map_err(KeyStoreError::database)?;
            let held = records
                .get(attempt)
                .map_err(KeyStoreError::database)?
                .map(|record| self.sealer.open(place, record.value()))
                .transpose()?;
            if let Some(held) = held {
                return match *held == *bytes {
                    true => Ok(()),
                    false => Err(KeyStoreError::AlreadyPending { attempt }),
                };
            }
            let record = self.sealer.seal(place, bytes)?;
            records
                .insert(attempt, record.as_slice())
                .map_err(KeyStoreError::database)?;
        }
        self.commit(write, step)
    }

    fn erase_in(
        &self,
        slot: Slot,
        numbers: impl RangeBounds<u32>,
        step: Step,
    ) -> Result<(), KeyStoreError> {
        let write = self.begin_write()?;
        {
            let mut records = write
                .open_table(slot.table())
                .map_err(KeyStoreError::database)?;
            records
                .retain_in(numbers, |_, _| false)
                .map_err(KeyStoreError::database)?;
        }
        self.commit(write, step)
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

    fn material(
        &self,
        slot: Slot,
        number: u32,
        record: &[u8],
    ) -> Result<KeyMaterial, KeyStoreError> {
        let bytes = self.sealer.open(slot.place(number), record)?;
        Ok(KeyMaterial::from_bytes(&bytes)?)
    }

    fn read_one(
        &self,
        slot: Slot,
        number: u32,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, KeyStoreError> {
        let read = self
            .database
            .begin_read()
            .map_err(KeyStoreError::database)?;
        let records = match read.open_table(slot.table()) {
            // A store of before there was auxiliary information in it.
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok(None),
            records => records.map_err(KeyStoreError::database)?,
        };
        let record = records.get(number).map_err(KeyStoreError::database)?;
        record
            .map(|record| self.sealer.open(slot.place(number), record.value()))
            .transpose()
    }

    fn read_all(&self, slot: Slot) -> Result<Vec<(u32, KeyMaterial)>, KeyStoreError> {
        let read = self
            .database
            .begin_read()
            .map_err(KeyStoreError::database)?;
        let records = read
            .open_table(slot.table())
            .map_err(KeyStoreError::database)?;
        let mut all = Vec::new();
        for entry in records.iter().map_err(KeyStoreError::database)? {
            let (number, record) = entry.map_err(KeyStoreError::database)?;
            let number = number.value();
            all.push((number, self.material(slot, number, record.value())?));
        }
        Ok(all)
    }
}

impl fmt::Debug for KeyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyStore")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// Fills a new database: header, x25519 key, and empty tables, in one transaction.
fn initialise(
    database: &Database,
    password: &Password,
    genesis_hash: H256,
    cost: PasswordCost,
) -> Result<(), KeyStoreError> {
    let header = Header::new(genesis_hash, cost);
    let sealer = header.sealer(password)?;
    let x25519 = StaticSecret::random_from_rng(OsRng);
    let write = begin_write(database)?;
    {
        let mut table = write.open_table(HEADER).map_err(KeyStoreError::database)?;
        let check = sealer.seal(CHECK, &[])?;
        table
            .insert(HEADER_NAME, header.encode().as_slice())
            .map_err(KeyStoreError::database)?;
        table
            .insert(CHECK_NAME, check.as_slice())
            .map_err(KeyStoreError::database)?;
        let mut table = write.open_table(NODE).map_err(KeyStoreError::database)?;
        let record = sealer.seal(X25519, x25519.as_bytes())?;
        table
            .insert(X25519_NAME, record.as_slice())
            .map_err(KeyStoreError::database)?;
        write
            .open_table(Slot::Pending.table())
            .map_err(KeyStoreError::database)?;
        write
            .open_table(Slot::Active.table())
            .map_err(KeyStoreError::database)?;
        write
            .open_table(Slot::AuxInfo.table())
            .map_err(KeyStoreError::database)?;
    }
    write.commit().map_err(KeyStoreError::database)
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
