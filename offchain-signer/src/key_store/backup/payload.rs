//! The body of a backup.

use super::{Backup, BackupError, Contents, SessionKey, MAX_SESSION_KEY_BYTES};
use crate::key_store::{contents::Records, slots::Slot};
use codec::{Decode, Encode, Error, Input, Output};
use sp_core::H256;
use std::collections::{BTreeMap, BTreeSet};
use zeroize::Zeroizing;

/// Bytes that are erased from memory, in SCALE as any others.
struct Secret(Zeroizing<Vec<u8>>);

impl Encode for Secret {
    fn size_hint(&self) -> usize {
        self.0.as_slice().size_hint()
    }

    fn encode_to<O: Output + ?Sized>(&self, to: &mut O) {
        self.0.as_slice().encode_to(to);
    }
}

impl Decode for Secret {
    fn decode<I: Input>(input: &mut I) -> Result<Self, Error> {
        Ok(Self(Zeroizing::new(Vec::decode(input)?)))
    }
}

type SecretRecords = Vec<(u32, Secret)>;

/// The body of a backup.
#[derive(Decode, Encode)]
pub(super) struct Payload {
    made_at: u64,
    x25519: Secret,
    active: SecretRecords,
    pending: SecretRecords,
    aux_info: SecretRecords,
    reports: Vec<(String, Vec<u8>)>,
    session_keys: Vec<([u8; 4], [u8; 32], Secret)>,
}

impl Payload {
    pub(super) fn of(backup: &Backup) -> Self {
        let contents = &backup.contents;
        let records = |slot| {
            let records = contents.records(slot);
            let secret = |bytes: &[u8]| Secret(Zeroizing::new(bytes.to_vec()));
            records
                .map(|(number, bytes)| (number, secret(bytes)))
                .collect()
        };
        let reports = contents.reports.iter();
        let keys = backup.session_keys.iter();
        Self {
            made_at: backup.made_at,
            x25519: Secret(Zeroizing::new(contents.x25519.to_vec())),
            active: records(Slot::Active),
            pending: records(Slot::Pending),
            aux_info: records(Slot::AuxInfo),
            reports: reports
                .map(|(name, report)| (name.clone(), report.clone()))
                .collect(),
            session_keys: keys
                .map(|key| (key.key_type, key.public, Secret(key.file.clone())))
                .collect(),
        }
    }

    /// What it says, if that can be: nothing is there twice, and no key is of a wrong length.
    pub(super) fn into_backup(self, genesis_hash: H256) -> Result<Backup, BackupError> {
        let x25519 = <[u8; 32]>::try_from(self.x25519.0.as_slice());
        let x25519 = Zeroizing::new(x25519.map_err(|_| BackupError::Malformed)?);
        let mut slots = BTreeMap::new();
        for (slot, given) in [
            (Slot::Active, self.active),
            (Slot::Pending, self.pending),
            (Slot::AuxInfo, self.aux_info),
        ] {
            let count = given.len();
            let records: Records = given.into_iter().map(|(n, secret)| (n, secret.0)).collect();
            unless_twice(count, records.len())?;
            slots.insert(slot, records);
        }
        let count = self.reports.len();
        let reports: BTreeMap<_, _> = self.reports.into_iter().collect();
        unless_twice(count, reports.len())?;
        let keys = self.session_keys.iter();
        let names: BTreeSet<_> = keys
            .map(|(key_type, public, _)| (key_type, public))
            .collect();
        unless_twice(self.session_keys.len(), names.len())?;
        let mut session_keys = Vec::new();
        for (key_type, public, Secret(file)) in self.session_keys {
            if file.len() > MAX_SESSION_KEY_BYTES {
                return Err(BackupError::Malformed);
            }
            session_keys.push(SessionKey {
                key_type,
                public,
                file,
            });
        }
        let contents = Contents {
            genesis_hash,
            x25519,
            slots,
            reports,
        };
        Ok(Backup::new(contents, session_keys, self.made_at))
    }
}

fn unless_twice(given: usize, different: usize) -> Result<(), BackupError> {
    match given == different {
        true => Ok(()),
        false => Err(BackupError::Malformed),
    }
}
