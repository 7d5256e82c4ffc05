//! Key material and auxiliary information: pending by attempt, active by generation.

use super::{
    seal::{Name, Place},
    KeyStore, KeyStoreError,
};
use crate::{
    conduct::Step,
    protocol::{KeyMaterial, PreparedAuxInfo},
};
use core::ops::RangeBounds;
use redb::{ReadableDatabase, ReadableTable, TableDefinition};
use std::sync::Arc;
use zeroize::Zeroizing;

/// Where secrets that come and go are kept.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Slot {
    /// Key material that is not active yet, by attempt.
    Pending,
    /// Key material in use, by generation.
    Active,
    /// Auxiliary information made ahead of time, by attempt.
    AuxInfo,
}

impl Slot {
    /// All there are.
    pub(super) const ALL: [Self; 3] = [Self::Pending, Self::Active, Self::AuxInfo];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::AuxInfo => "aux_info",
        }
    }

    pub(super) const fn table(self) -> TableDefinition<'static, u32, &'static [u8]> {
        TableDefinition::new(self.name())
    }

    pub(super) const fn place(self, number: u32) -> Place<'static> {
        Place {
            table: self.name(),
            name: Name::Number(number),
        }
    }
}

impl KeyStore {
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

    pub(super) fn read_all(&self, slot: Slot) -> Result<Vec<(u32, KeyMaterial)>, KeyStoreError> {
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
