//! All that a store holds, opened: what a backup carries, and what is sealed again under another
//! password.

use super::{
    begin_write,
    reports::{self, REPORTS},
    seal::Header,
    slots::Slot,
    summary::{AuxInfoSummary, Overview, Summary},
    KeyStore, KeyStoreError, Password, PasswordCost, CHECK, CHECK_NAME, HEADER, HEADER_NAME, NODE,
    X25519, X25519_NAME,
};
use crate::protocol::{KeyMaterial, KeyMaterialError, PreparedAuxInfo};
use codec::Encode;
use core::fmt;
use rand_core::{OsRng, RngCore};
use redb::{Database, ReadableDatabase, ReadableTable};
use sp_core::H256;
use sp_panic_handler::AbortGuard;
use std::{
    collections::BTreeMap,
    panic::{catch_unwind, AssertUnwindSafe},
};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

/// Records of key material or auxiliary information, by attempt or generation.
pub(super) type Records = BTreeMap<u32, Zeroizing<Vec<u8>>>;

/// All that a store holds, opened.
#[derive(Clone)]
pub struct Contents {
    pub(super) genesis_hash: H256,
    pub(super) x25519: Zeroizing<[u8; 32]>,
    pub(super) slots: BTreeMap<Slot, Records>,
    pub(super) reports: BTreeMap<String, Vec<u8>>,
}

impl Contents {
    /// Nothing but a new x25519 key.
    pub(super) fn fresh(genesis_hash: H256) -> Self {
        let mut x25519 = Zeroizing::new([0; 32]);
        OsRng.fill_bytes(x25519.as_mut());
        Self {
            genesis_hash,
            x25519,
            slots: BTreeMap::new(),
            reports: BTreeMap::new(),
        }
    }

    /// The records of a slot.
    pub(super) fn records(&self, slot: Slot) -> impl Iterator<Item = (u32, &[u8])> {
        let records = self.slots.get(&slot).into_iter().flatten();
        records.map(|(number, bytes)| (*number, bytes.as_slice()))
    }

    /// The newest generation that there is a share of.
    pub(super) fn newest_generation(&self) -> Option<u32> {
        self.slots.get(&Slot::Active)?.keys().next_back().copied()
    }

    /// What there is, without its secrets; an error if any of it cannot be used.
    pub fn overview(&self) -> Result<Overview, KeyStoreError> {
        // The libraries may panic on numbers that somebody has made up.
        let _guard = AbortGuard::force_unwind();
        catch_unwind(AssertUnwindSafe(|| self.read()))
            .unwrap_or(Err(KeyMaterialError::Malformed))
            .map_err(KeyStoreError::KeyMaterial)
    }

    fn read(&self) -> Result<Overview, KeyMaterialError> {
        let mut shares = Vec::new();
        for (generation, bytes) in self.records(Slot::Active) {
            let material = KeyMaterial::from_bytes(bytes)?;
            shares.push(Summary::of(Some(generation), &material));
        }
        for (attempt, bytes) in self.records(Slot::Pending) {
            let material = KeyMaterial::from_bytes(bytes)?;
            if material.attempt() != attempt {
                return Err(KeyMaterialError::Malformed);
            }
            shares.push(Summary::of(None, &material));
        }
        let mut aux_info = Vec::new();
        for (attempt, bytes) in self.records(Slot::AuxInfo) {
            let info = PreparedAuxInfo::from_bytes(bytes)?;
            if info.attempt() != attempt {
                return Err(KeyMaterialError::Malformed);
            }
            aux_info.push(AuxInfoSummary::from(&info));
        }
        let secret = StaticSecret::from(*self.x25519);
        Ok(Overview {
            genesis_hash: self.genesis_hash,
            x25519_public: PublicKey::from(&secret).to_bytes(),
            shares,
            aux_info,
            reports: self.reports.len(),
        })
    }

    /// Fills a new database with it, in one transaction, under a key of its own.
    pub(super) fn fill(
        &self,
        database: &Database,
        password: &Password,
        cost: PasswordCost,
    ) -> Result<(), KeyStoreError> {
        let header = Header::new(self.genesis_hash, cost);
        let sealer = header.sealer(password)?;
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
            let record = sealer.seal(X25519, self.x25519.as_ref())?;
            table
                .insert(X25519_NAME, record.as_slice())
                .map_err(KeyStoreError::database)?;
            for slot in Slot::ALL {
                let mut table = write
                    .open_table(slot.table())
                    .map_err(KeyStoreError::database)?;
                for (number, bytes) in self.records(slot) {
                    let record = sealer.seal(slot.place(number), bytes)?;
                    table
                        .insert(number, record.as_slice())
                        .map_err(KeyStoreError::database)?;
                }
            }
            let mut table = write.open_table(REPORTS).map_err(KeyStoreError::database)?;
            for (name, report) in &self.reports {
                let record = sealer.seal(reports::place(name), report)?;
                table
                    .insert(name.as_str(), record.as_slice())
                    .map_err(KeyStoreError::database)?;
            }
        }
        write.commit().map_err(KeyStoreError::database)
    }
}

impl fmt::Debug for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contents")
            .field("genesis_hash", &self.genesis_hash)
            .finish_non_exhaustive()
    }
}

impl KeyStore {
    /// All that this store holds. A report that has been altered is left out, as it is by
    /// [`Self::reports`]; anything else that has been is an error.
    pub fn contents(&self) -> Result<Contents, KeyStoreError> {
        let read = self
            .database
            .begin_read()
            .map_err(KeyStoreError::database)?;
        let mut slots = BTreeMap::new();
        for slot in Slot::ALL {
            let table = match read.open_table(slot.table()) {
                // A store of before there was auxiliary information in it.
                Err(redb::TableError::TableDoesNotExist(_)) => continue,
                table => table.map_err(KeyStoreError::database)?,
            };
            let mut records = Records::new();
            for entry in table.iter().map_err(KeyStoreError::database)? {
                let (number, record) = entry.map_err(KeyStoreError::database)?;
                let number = number.value();
                let bytes = self.sealer.open(slot.place(number), record.value())?;
                records.insert(number, bytes);
            }
            slots.insert(slot, records);
        }
        let reports = self.reports()?.into_iter();
        let contents = Contents {
            genesis_hash: self.sealer.genesis_hash(),
            x25519: Zeroizing::new(self.x25519.to_bytes()),
            slots,
            reports: reports
                .filter_map(|(name, report)| Some((name, report.ok()?)))
                .collect(),
        };
        contents.overview()?;
        Ok(contents)
    }
}
