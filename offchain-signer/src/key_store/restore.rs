//! Putting a backup back, and changing the password: both leave the old store or the new one,
//! whenever they are interrupted.

use super::{
    begin_write,
    contents::Records,
    file,
    reports::{self, REPORTS},
    slots::Slot,
    summary::Summary,
    Contents, KeyStore, KeyStoreError, Password, PasswordCost,
};
use crate::protocol::KeyMaterial;
use std::{path::Path, sync::Arc};

/// What has come of putting a backup back.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Restored {
    /// There was no store; now there is one with all that was in the backup.
    Created,
    /// There was a store; now it has these besides.
    Added {
        /// So many shares.
        shares: usize,
        /// So much auxiliary information.
        aux_info: usize,
    },
    /// There was a store, and it had all that the backup has, or something newer in its place.
    AlreadyThere,
}

impl Contents {
    /// Puts this back, into the store at `path`. If there is none, one is made, sealed under
    /// `password`; if there is one, what it lacks is added, all or nothing.
    ///
    /// Nothing in a store is ever removed or replaced: not its x25519 key either, which the chain may
    /// know already.
    ///
    /// # Errors
    /// [`KeyStoreError::NewerShares`] if the store has shares as new as the backup's and not the same,
    /// [`KeyStoreError::OtherShare`] or [`KeyStoreError::OtherParty`] if they do not belong together,
    /// and whatever opening a store may fail with.
    pub fn restore(
        &self,
        path: impl AsRef<Path>,
        password: &Password,
        cost: PasswordCost,
    ) -> Result<Restored, KeyStoreError> {
        let path = path.as_ref();
        self.overview()?;
        if !file::exists(path)? && file::create(path, self, password, cost)? {
            return Ok(Restored::Created);
        }
        KeyStore::open_existing(path, password, self.genesis_hash)?.add(self)
    }
}

/// What a store lacks, and may have.
#[derive(Default)]
struct Missing<'a> {
    records: Vec<(Slot, u32, &'a [u8])>,
    reports: Vec<(&'a str, &'a [u8])>,
}

impl Missing<'_> {
    fn count(&self, counts: impl Fn(Slot) -> bool) -> usize {
        let records = self.records.iter();
        records.filter(|(slot, ..)| counts(*slot)).count()
    }
}

impl KeyStore {
    /// Adds what a backup has and this store lacks, in one transaction.
    pub(super) fn add(&self, backup: &Contents) -> Result<Restored, KeyStoreError> {
        let missing = self.missing(backup)?;
        if missing.records.is_empty() {
            return Ok(Restored::AlreadyThere);
        }
        let write = begin_write(&self.database)?;
        {
            for (slot, number, bytes) in &missing.records {
                let record = self.sealer.seal(slot.place(*number), bytes)?;
                write
                    .open_table(slot.table())
                    .map_err(KeyStoreError::database)?
                    .insert(*number, record.as_slice())
                    .map_err(KeyStoreError::database)?;
            }
            for (name, report) in &missing.reports {
                let record = self.sealer.seal(reports::place(name), report)?;
                write
                    .open_table(REPORTS)
                    .map_err(KeyStoreError::database)?
                    .insert(*name, record.as_slice())
                    .map_err(KeyStoreError::database)?;
            }
        }
        write.commit().map_err(KeyStoreError::database)?;
        for (_, generation, bytes) in missing.records.iter().filter(|r| r.0 == Slot::Active) {
            let material = Arc::new(KeyMaterial::from_bytes(bytes)?);
            self.write_active().insert(*generation, material);
        }
        Ok(Restored::Added {
            shares: missing.count(|slot| slot != Slot::AuxInfo),
            aux_info: missing.count(|slot| slot == Slot::AuxInfo),
        })
    }

    /// What of a backup this store lacks; an error if the two do not go together.
    ///
    /// Attempts are numbered by one counter, so what is older than the newest that this store has, and
    /// is not in it, has been erased for good: it does not come back.
    fn missing<'a>(&self, backup: &'a Contents) -> Result<Missing<'a>, KeyStoreError> {
        let held = self.contents()?;
        let (ours, theirs) = (held.overview()?, backup.overview()?);
        let newest = |shares: &[Summary]| shares.iter().max_by_key(|s| s.attempt).cloned();
        let (ours, theirs) = (newest(&ours.shares), newest(&theirs.shares));
        if let (Some(ours), Some(theirs)) = (&ours, &theirs) {
            if ours.owner != theirs.owner {
                return Err(KeyStoreError::OtherParty {
                    path: self.path.clone(),
                    held: ours.owner.clone(),
                    given: theirs.owner.clone(),
                });
            }
        }
        let newest_pending = ours.map(|share| share.attempt);
        let newest_aux_info = held.records(Slot::AuxInfo).last().map(|(number, _)| number);
        let mut missing = Missing::default();
        for slot in Slot::ALL {
            let newest = match slot {
                Slot::Active => held.newest_generation(),
                Slot::Pending => newest_pending,
                Slot::AuxInfo => newest_aux_info,
            };
            for (number, bytes) in backup.records(slot) {
                let same = held
                    .slots
                    .get(&slot)
                    .and_then(|records| records.get(&number));
                match same {
                    Some(same) if same.as_slice() == bytes => {}
                    Some(_) => {
                        return Err(KeyStoreError::OtherShare {
                            path: self.path.clone(),
                            slot: slot.name(),
                            number,
                        })
                    }
                    None if newest < Some(number) => missing.records.push((slot, number, bytes)),
                    None if slot == Slot::Active => {
                        return Err(KeyStoreError::NewerShares {
                            path: self.path.clone(),
                            held: newest.unwrap_or_default(),
                            given: number,
                        })
                    }
                    None => {}
                }
            }
        }
        // What was made ahead of a hand-over has been erased after it, unless the share is missing too.
        let is_new = held.slots.values().all(Records::is_empty);
        if !is_new && missing.count(|slot| slot != Slot::AuxInfo) == 0 {
            missing.records.clear();
        }
        let reports = backup.reports.iter();
        missing.reports = reports
            .filter(|(name, _)| !held.reports.contains_key(*name))
            .map(|(name, report)| (name.as_str(), report.as_slice()))
            .collect();
        Ok(missing)
    }

    /// Seals all that this store holds under another password, with a salt of its own. A report that
    /// has been altered is lost: nobody can open it.
    ///
    /// It is a new file that takes the place of the old one: nothing sealed under the old password is
    /// left in it.
    pub fn change_password(
        self,
        password: &Password,
        cost: PasswordCost,
    ) -> Result<(), KeyStoreError> {
        self.change_password_between(password, cost, || ())
    }

    /// The same; `between` is called after each step.
    pub(super) fn change_password_between(
        self,
        password: &Password,
        cost: PasswordCost,
        between: impl FnMut(),
    ) -> Result<(), KeyStoreError> {
        let contents = self.contents()?;
        // The old file stays open, and locked, until the new one is in its place.
        file::replace(&self.path, &contents, password, cost, between)
    }
}
