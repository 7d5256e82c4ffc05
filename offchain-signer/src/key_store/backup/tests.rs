#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::*;
use crate::{
    key_store::slots::Slot,
    protocol::test_network::{committee, prepared},
};
use std::fs;

const COST: PasswordCost = PasswordCost::NEXT_TO_NOTHING;
const GENESIS: H256 = H256([1; 32]);

fn password() -> Password {
    Password::new("correct horse".into())
}

/// A backup of a store with everything in it.
fn backup() -> Backup {
    let mut contents = Contents::fresh(GENESIS);
    let material = &committee().1[0];
    let info = &prepared().1[0];
    let mut put = |slot, number, bytes| {
        contents
            .slots
            .entry(slot)
            .or_default()
            .insert(number, bytes);
    };
    put(Slot::Active, 1, material.to_bytes().unwrap());
    put(Slot::Pending, 9, material.of_attempt(9).to_bytes().unwrap());
    put(Slot::AuxInfo, info.attempt(), info.to_bytes().unwrap());
    contents.reports.insert("a".into(), vec![7; 1000]);
    let keys = [*b"sign", *b"babe"].map(|key_type| SessionKey {
        key_type,
        public: [5; 32],
        file: Zeroizing::new(b"\"//Secret phrase\"".to_vec()),
    });
    Backup::new(contents, keys.into(), 1_700_000_000)
}

fn sealed() -> Vec<u8> {
    backup().seal(&password(), COST).unwrap()
}

fn open(bytes: &[u8]) -> Result<Backup, BackupError> {
    Backup::open(bytes, &password())
}

/// Whether two stores or backups hold the same.
pub(in crate::key_store) fn same(a: &Contents, b: &Contents) -> bool {
    let records = |contents: &Contents, slot| -> Vec<(u32, Vec<u8>)> {
        let records = contents.records(slot);
        records.map(|(n, bytes)| (n, bytes.to_vec())).collect()
    };
    a.genesis_hash == b.genesis_hash
        && a.x25519 == b.x25519
        && a.reports == b.reports
        && Slot::ALL
            .iter()
            .all(|slot| records(a, *slot) == records(b, *slot))
}

#[test]
fn what_was_sealed_is_what_opens() {
    let (made, opened) = (backup(), open(&sealed()).unwrap());
    let x25519 = opened.overview().unwrap().x25519_public;
    // The x25519 key differs from run to run, of the two backups made here too.
    assert_ne!(made.overview().unwrap().x25519_public, x25519);
    let again = open(&made.seal(&password(), COST).unwrap()).unwrap();
    assert!(same(&again.contents, &made.contents));
    assert_eq!(again.session_keys, made.session_keys);
    assert_eq!(again.made_at, made.made_at);
    let overview = again.overview().unwrap();
    assert_eq!(overview.shares.len(), 2);
    assert_eq!(overview.shares[0].generation, Some(1));
    assert_eq!(&overview.shares[0].owner, committee().1[0].owner());
    assert_eq!(overview.shares[1].attempt, 9);
    assert_eq!((overview.aux_info.len(), overview.reports), (1, 1));
}

#[test]
fn another_password_is_told_from_damage() {
    let sealed = sealed();
    let wrong = Backup::open(&sealed, &Password::new("wrong".into()));
    assert!(matches!(wrong, Err(BackupError::WrongPassword)));
    let mut altered = sealed.clone();
    *altered.last_mut().unwrap() ^= 1;
    assert!(matches!(open(&altered), Err(BackupError::Damaged)));
}

#[test]
fn whatever_is_cut_off_added_or_altered_is_refused() {
    let sealed = sealed();
    for length in (0..200).chain((200..sealed.len()).step_by(97)) {
        assert!(open(&sealed[..length]).is_err(), "{length}");
    }
    assert!(matches!(
        open(&[&sealed[..], b"x"].concat()),
        Err(BackupError::Damaged)
    ));
    // All of the header, for which Argon2id may be asked for much; and a sample of the rest.
    for at in (0..300).chain((300..sealed.len()).step_by(97)) {
        for bit in [0x01, 0x80] {
            let mut altered = sealed.clone();
            altered[at] ^= bit;
            assert!(open(&altered).is_err(), "byte {at}");
        }
    }
}

#[test]
fn what_is_no_backup_is_told() {
    for bytes in [&b""[..], b"x", &[0; 4096], b"signing-network/backu"] {
        assert!(matches!(open(bytes), Err(BackupError::NoBackup)));
    }
    assert!(matches!(open(MAGIC), Err(BackupError::Damaged)));
}

#[test]
fn another_format_is_told_before_anything_else() {
    for format in [0, 2, 255] {
        let bytes = [&MAGIC[..], &[format]].concat();
        assert!(matches!(
            open(&bytes),
            Err(BackupError::UnknownFormat { found, known: 1 }) if found == format
        ));
        let mut relabelled = sealed();
        relabelled[MAGIC.len()] = format;
        assert!(matches!(
            open(&relabelled),
            Err(BackupError::UnknownFormat { .. })
        ));
    }
}

/// A file that asks for as much memory or time as a number can say.
#[test]
fn costs_without_measure_are_refused_at_once() {
    let sealed = sealed();
    // Behind format, genesis hash and salt: memory, passes, lanes.
    let costs = MAGIC.len() + 1 + 32 + 16;
    for at in [costs, costs + 4, costs + 8] {
        for asked in [u32::MAX, 0x8000_0000, 4 * 1024 * 1024] {
            let mut bomb = sealed.clone();
            bomb[at..at + 4].copy_from_slice(&asked.to_le_bytes());
            let begin = std::time::Instant::now();
            assert!(matches!(
                open(&bomb),
                Err(BackupError::KeyStore(KeyStoreError::Derivation(_)))
            ));
            assert!(begin.elapsed().as_millis() < 100);
        }
    }
}

/// What somebody who knows the password may have written.
fn crafted(payload: &[u8]) -> Result<Backup, BackupError> {
    let header = Header::of_format(FORMAT, GENESIS, COST);
    let sealer = header.sealer(&password()).unwrap();
    let check = sealer.seal(CHECK, &[]).unwrap();
    let body = sealer.seal(BODY, payload).unwrap();
    open(&[&MAGIC[..], &header.encode(), &check, &body].concat())
}

fn payload(change: impl FnOnce(&mut Backup)) -> Vec<u8> {
    let mut backup = backup();
    change(&mut backup);
    Payload::of(&backup).encode()
}

#[test]
fn a_body_that_is_not_what_this_writes_is_refused() {
    assert!(crafted(&payload(|_| ())).is_ok());
    let whole = payload(|_| ());
    let more = [&whole[..], &[0]].concat();
    // Lengths that are not there: of four gigabytes of shares, and of an endless x25519 key.
    let lengths = [&[0; 8][..], &[0x80], &[0; 32], &[0xfe, 0xff, 0xff, 0xff]].concat();
    let key = [&[0; 8][..], &[0x03, 0xff, 0xff, 0xff, 0xff]].concat();
    for bytes in [&b""[..], &whole[..whole.len() - 1], &more, &lengths, &key] {
        assert!(matches!(crafted(bytes), Err(BackupError::Malformed)));
    }
    let twice = payload(|backup| {
        let key = backup.session_keys[0].clone();
        backup.session_keys.push(key);
    });
    assert!(matches!(crafted(&twice), Err(BackupError::Malformed)));
    let long = payload(|backup| {
        backup.session_keys[0].file = Zeroizing::new(vec![b'x'; MAX_SESSION_KEY_BYTES + 1]);
    });
    assert!(matches!(crafted(&long), Err(BackupError::Malformed)));
}

#[test]
fn a_share_that_cannot_be_used_is_refused() {
    let with = |slot, number, bytes: Vec<u8>| {
        crafted(&payload(|backup| {
            let records = backup.contents.slots.entry(slot).or_default();
            records.insert(number, Zeroizing::new(bytes));
        }))
    };
    let good = committee().1[0].to_bytes().unwrap();
    let mut zeros = good.to_vec();
    let middle = zeros.len() / 2;
    zeros[middle..].fill(0);
    for bytes in [vec![], vec![1], good[..middle].to_vec(), zeros] {
        for slot in Slot::ALL {
            assert!(matches!(
                with(slot, 2, bytes.clone()),
                Err(BackupError::KeyStore(KeyStoreError::KeyMaterial(_)))
            ));
        }
    }
    // Under the number of another attempt.
    assert!(with(Slot::Pending, 4, good.to_vec()).is_err());
}

#[test]
fn the_file_is_its_owners_and_replaces_none() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new").join("backup");
    let first = backup();
    first.write(&path, &password(), COST, false).unwrap();
    let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let read = Backup::read(&path, &password()).unwrap();
    assert!(same(&read.contents, &first.contents));

    let second = backup();
    let bytes = fs::read(&path).unwrap();
    assert!(matches!(
        second.write(&path, &password(), COST, false),
        Err(BackupError::Exists { .. })
    ));
    assert_eq!(fs::read(&path).unwrap(), bytes);
    second.write(&path, &password(), COST, true).unwrap();
    let read = Backup::read(&path, &password()).unwrap();
    assert!(same(&read.contents, &second.contents));
    let files = fs::read_dir(path.parent().unwrap()).unwrap().count();
    assert_eq!(files, 1);
}

#[test]
fn no_file_is_read_without_end() {
    assert!(matches!(
        Backup::read("/dev/zero", &password()),
        Err(BackupError::TooLarge)
    ));
    assert!(matches!(
        Backup::read("/no/such/file", &password()),
        Err(BackupError::Io { .. })
    ));
}

#[test]
fn neither_file_nor_debug_nor_errors_show_secrets() {
    let backup = backup();
    let sealed = backup.seal(&password(), COST).unwrap();
    let seen = |secret: &[u8]| sealed.windows(secret.len()).any(|window| window == secret);
    assert!(!seen(backup.contents.x25519.as_ref()) && !seen(b"Secret phrase"));
    let share = committee().1[0].to_bytes().unwrap();
    let telling = |part: &&[u8]| part.iter().filter(|byte| **byte != 0).count() > 1;
    assert!(share.windows(16).filter(telling).all(|part| !seen(part)));
    assert!(seen(&GENESIS.0));

    let wrong = Backup::open(&sealed, &Password::new("wrong horse".into())).unwrap_err();
    let shown = format!("{backup:?} {wrong:?} {wrong}");
    assert!(shown.len() < 2000, "{shown}");
    for secret in ["horse", "Secret", "phrase"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert!(!shown.contains(&hex::encode(*backup.contents.x25519)));
    let decimal = format!("{:?}", &backup.contents.x25519[..8]);
    assert!(!shown.contains(decimal.trim_matches(['[', ']'])));
}
