//! Where reports wait for the chain to have them for good: under names and in a form of the caller's.

use super::{begin_write, seal::Name, seal::Place, KeyStore, KeyStoreError};
use redb::{ReadableDatabase, ReadableTable, TableDefinition};

pub(super) const REPORTS: TableDefinition<&str, &[u8]> = TableDefinition::new("reports");

pub(super) fn place(name: &str) -> Place<'_> {
    Place {
        table: "reports",
        name: Name::Word(name),
    }
}

impl KeyStore {
    /// Stores a report, in place of an earlier one of that name. When this returns, it is on disk.
    pub fn put_report(&self, name: &str, report: &[u8]) -> Result<(), KeyStoreError> {
        let record = self.sealer.seal(place(name), report)?;
        let write = begin_write(&self.database)?;
        write
            .open_table(REPORTS)
            .map_err(KeyStoreError::database)?
            .insert(name, record.as_slice())
            .map_err(KeyStoreError::database)?;
        write.commit().map_err(KeyStoreError::database)
    }

    /// The reports that are stored, by name. One that has been altered is an error of its own: it
    /// keeps nobody from reading the others.
    #[allow(clippy::type_complexity)]
    pub fn reports(&self) -> Result<Vec<(String, Result<Vec<u8>, KeyStoreError>)>, KeyStoreError> {
        let read = self
            .database
            .begin_read()
            .map_err(KeyStoreError::database)?;
        let records = match read.open_table(REPORTS) {
            // Nothing has been reported yet.
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
            records => records.map_err(KeyStoreError::database)?,
        };
        let mut reports = Vec::new();
        for entry in records.iter().map_err(KeyStoreError::database)? {
            let (name, record) = entry.map_err(KeyStoreError::database)?;
            let name = name.value().to_owned();
            let report = self.sealer.open(place(&name), record.value());
            reports.push((name, report.map(|report| report.to_vec())));
        }
        Ok(reports)
    }

    /// Erases a report, if there is one of that name.
    pub fn erase_report(&self, name: &str) -> Result<(), KeyStoreError> {
        let write = begin_write(&self.database)?;
        write
            .open_table(REPORTS)
            .map_err(KeyStoreError::database)?
            .remove(name)
            .map_err(KeyStoreError::database)?;
        write.commit().map_err(KeyStoreError::database)
    }
}
