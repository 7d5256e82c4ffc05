//! A crash after every single operation on the disk.

use super::*;
use redb::{Builder, StorageBackend};
use std::{
    io,
    sync::{Mutex, MutexGuard},
};

/// What the disk was asked to do since it was last synced.
#[derive(Clone, Debug)]
enum Operation {
    Write(u64, Vec<u8>),
    SetLength(u64),
}

impl Operation {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::SetLength(length) => bytes.resize(*length as usize, 0),
            Self::Write(offset, data) => {
                let start = *offset as usize;
                if bytes.len() < start + data.len() {
                    bytes.resize(start + data.len(), 0);
                }
                bytes[start..start + data.len()].copy_from_slice(data);
            }
        }
    }
}

/// A disk that stops after so many operations, and what a crash may leave of it.
#[derive(Debug, Default)]
struct Disk {
    content: Vec<u8>,
    synced: Vec<u8>,
    since: Vec<Operation>,
    operations: usize,
    stop_after: Option<usize>,
}

#[derive(Clone, Debug, Default)]
struct CrashingDisk(Arc<Mutex<Disk>>);

impl CrashingDisk {
    fn with(content: Vec<u8>, stop_after: Option<usize>) -> Self {
        Self(Arc::new(Mutex::new(Disk {
            synced: content.clone(),
            content,
            stop_after,
            ..Disk::default()
        })))
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.0.lock().unwrap()
    }

    fn count(&self) -> io::Result<MutexGuard<'_, Disk>> {
        let mut disk = self.disk();
        if disk.stop_after.is_some_and(|most| disk.operations >= most) {
            return Err(io::Error::other("the power is off"));
        }
        disk.operations += 1;
        Ok(disk)
    }

    /// What may be found after a crash: everything that was written; only what was synced; and of
    /// what was not synced only the last, only the first half of the last, all but the first, and
    /// every second operation.
    fn remains(&self) -> Vec<Vec<u8>> {
        let disk = self.disk();
        let after = |operations: &[Operation]| {
            let mut bytes = disk.synced.clone();
            operations.iter().for_each(|op| op.apply(&mut bytes));
            bytes
        };
        let mut remains = vec![disk.content.clone(), disk.synced.clone()];
        if let Some((last, before)) = disk.since.split_last() {
            remains.push(after(std::slice::from_ref(last)));
            if let Operation::Write(offset, data) = last {
                let torn = Operation::Write(*offset, data[..data.len() / 2].to_vec());
                remains.push(after(&[before, &[torn]].concat()));
            }
            remains.push(after(&disk.since[1..]));
            let second: Vec<_> = disk.since.iter().skip(1).step_by(2).cloned().collect();
            remains.push(after(&second));
        }
        remains
    }
}

impl StorageBackend for CrashingDisk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.disk().content.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let disk = self.disk();
        let from = offset as usize;
        let bytes = disk.content.get(from..from + out.len());
        out.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut disk = self.count()?;
        let operation = Operation::SetLength(len);
        operation.apply(&mut disk.content);
        disk.since.push(operation);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut disk = self.count()?;
        disk.synced = disk.content.clone();
        disk.since.clear();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut disk = self.count()?;
        let operation = Operation::Write(offset, data.to_vec());
        operation.apply(&mut disk.content);
        disk.since.push(operation);
        Ok(())
    }
}

fn open_on(disk: &CrashingDisk) -> Result<KeyStore, KeyStoreError> {
    let database = Builder::new()
        .set_check_integrity_on_open(true)
        .create_with_backend(disk.clone())
        .map_err(KeyStoreError::database)?;
    KeyStore::unlock(Path::new("disk"), database, &password(), GENESIS)
}

/// The bytes of a store on which `prepare` has been done.
fn prepared(prepare: impl FnOnce(&KeyStore)) -> Vec<u8> {
    let disk = CrashingDisk::default();
    let database = Builder::new().create_with_backend(disk.clone()).unwrap();
    Contents::fresh(GENESIS)
        .fill(&database, &password(), PasswordCost::NEXT_TO_NOTHING)
        .unwrap();
    drop(database);
    let store = open_on(&disk).unwrap();
    prepare(&store);
    drop(store);
    let content = disk.disk().content.clone();
    content
}

/// Does `action` to the store, once for every operation on the disk at which the power can fail,
/// and has `check` look at what is found afterwards. It is told whether `action` had returned
/// success before the power failed: then its effect must be there.
fn crash_everywhere(
    content: Vec<u8>,
    action: impl Fn(&KeyStore) -> Result<(), KeyStoreError>,
    check: impl Fn(&KeyStore, bool),
) -> (usize, usize) {
    let (mut crashes, mut cases) = (0, 0);
    loop {
        let disk = CrashingDisk::with(content.clone(), Some(crashes));
        let done = match open_on(&disk) {
            Ok(store) => action(&store).is_ok(),
            Err(_) => false,
        };
        for remains in disk.remains() {
            cases += 1;
            let store = open_on(&CrashingDisk::with(remains, None))
                .unwrap_or_else(|error| panic!("after {crashes} operations: {error:?}"));
            check(&store, done);
        }
        // The power no longer fails: the last look was at the normal course of things.
        if disk.disk().operations < crashes {
            assert!(done);
            return (crashes, cases);
        }
        crashes += 1;
    }
}

#[test]
fn storing_pending_material_happens_or_not() {
    let content = prepared(|_| ());
    let x25519 = open_on(&CrashingDisk::with(content.clone(), None))
        .unwrap()
        .x25519_public();
    let (crashes, cases) = crash_everywhere(
        content,
        |store| store.put_pending(material()),
        |store, done| {
            assert_eq!(store.x25519_public(), x25519);
            match store.pending(5).unwrap() {
                Some(pending) => assert!(same(&pending, material())),
                None => assert!(!done),
            }
        },
    );
    assert!(crashes > 5 && cases > crashes, "{crashes} {cases}");
}

#[test]
fn promotion_happens_or_not_and_the_share_is_always_there() {
    let content = prepared(|store| store.put_pending(material()).unwrap());
    let (crashes, cases) = crash_everywhere(
        content,
        |store| store.promote(5, 1),
        |store, done| {
            let pending = store.pending(5).unwrap();
            match (store.newest(), pending) {
                (Some((1, active)), None) => assert!(same(&active, material())),
                (None, Some(pending)) => assert!(!done && same(&pending, material())),
                (active, pending) => panic!("{active:?} {pending:?}"),
            }
        },
    );
    assert!(crashes > 5 && cases > crashes, "{crashes} {cases}");
}

#[test]
fn a_second_generation_never_costs_the_first() {
    let second = material().of_attempt(6);
    let content = prepared(|store| {
        store.put_pending(material()).unwrap();
        store.promote(5, 1).unwrap();
        store.put_pending(&second).unwrap();
    });
    crash_everywhere(
        content,
        |store| {
            store.promote(6, 2)?;
            store.discard_pending_up_to(6)
        },
        |store, done| {
            let list = store.list().unwrap();
            let of = |attempt| list.iter().filter(move |s| s.attempt == attempt).count();
            assert_eq!((of(5), of(6)), (1, 1));
            let generation = store.newest().unwrap().0;
            assert!(generation == 2 || (generation == 1 && !done));
        },
    );
}

#[test]
fn erasing_old_generations_happens_or_not_and_the_new_one_is_always_there() {
    let second = material().of_attempt(6);
    let content = prepared(|store| {
        store.put_pending(material()).unwrap();
        store.promote(5, 1).unwrap();
        store.put_pending(&second).unwrap();
        store.promote(6, 2).unwrap();
    });
    let (crashes, cases) = crash_everywhere(
        content,
        |store| store.erase_below(2),
        |store, done| {
            assert!(same(&store.active(2).unwrap(), &second));
            match store.active(1) {
                Some(first) => assert!(!done && same(&first, material())),
                None => assert_eq!(store.list().unwrap().len(), 1),
            }
        },
    );
    assert!(crashes > 5 && cases > crashes, "{crashes} {cases}");
}

#[test]
fn storing_auxiliary_information_happens_or_not() {
    let info = &crate::protocol::test_network::prepared().1[0];
    let bytes = info.to_bytes().unwrap();
    let content = prepared(|store| {
        store.put_pending(material()).unwrap();
        store.promote(5, 1).unwrap();
    });
    crash_everywhere(
        content,
        |store| store.put_aux_info(info),
        |store, done| {
            assert!(same(&store.active(1).unwrap(), material()));
            match store.aux_info(info.attempt()).unwrap() {
                Some(found) => assert_eq!(found.to_bytes().unwrap(), bytes),
                None => assert!(!done),
            }
        },
    );
}

#[test]
fn erasing_auxiliary_information_happens_or_not_and_newer_is_always_there() {
    let info = &crate::protocol::test_network::prepared().1[0];
    let newer = info.of_attempt(9);
    let content = prepared(|store| {
        store.put_aux_info(info).unwrap();
        store.put_aux_info(&newer).unwrap();
    });
    crash_everywhere(
        content,
        |store| store.erase_aux_info_below(9),
        |store, done| {
            assert!(store.aux_info(9).unwrap().is_some());
            assert!(!done || store.aux_info(info.attempt()).unwrap().is_none());
        },
    );
}

#[test]
fn putting_a_backup_back_happens_or_not() {
    let second = material().of_attempt(6);
    let with_both = |store: &KeyStore| {
        store.put_pending(material()).unwrap();
        store.promote(5, 1).unwrap();
        store.put_pending(&second).unwrap();
    };
    let backup = open_on(&CrashingDisk::with(prepared(with_both), None)).unwrap();
    let backup = backup.contents().unwrap();
    let content = prepared(|_| ());
    let x25519 = open_on(&CrashingDisk::with(content.clone(), None))
        .unwrap()
        .x25519_public();
    let (crashes, cases) = crash_everywhere(
        content,
        |store| store.add(&backup).map(|_| ()),
        |store, done| {
            assert_eq!(store.x25519_public(), x25519);
            match (store.newest(), store.pending(6).unwrap()) {
                (Some((1, active)), Some(pending)) => {
                    assert!(same(&active, material()) && same(&pending, &second));
                }
                (None, None) => assert!(!done),
                (active, pending) => panic!("{active:?} {pending:?}"),
            }
        },
    );
    assert!(crashes > 5 && cases > crashes, "{crashes} {cases}");
}
