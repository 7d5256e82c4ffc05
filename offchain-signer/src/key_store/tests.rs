#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod crashes;
mod generations;
mod passwords;
mod reports;
mod restore;

use super::*;
use crate::protocol::test_network::committee;
use std::fs;

pub(super) const GENESIS: H256 = H256([1; 32]);

pub(super) fn password() -> Password {
    Password::new("correct horse".into())
}

fn open_as(path: &Path, text: &str, genesis: H256) -> Result<KeyStore, KeyStoreError> {
    let password = Password::new(text.into());
    KeyStore::open_at_cost(path, &password, genesis, PasswordCost::NEXT_TO_NOTHING)
}

fn open(path: &Path) -> Result<KeyStore, KeyStoreError> {
    open_as(path, "correct horse", GENESIS)
}

/// Real key material, for attempt 5.
pub(super) fn material() -> &'static KeyMaterial {
    &committee().1[0]
}

pub(super) fn same(a: &KeyMaterial, b: &KeyMaterial) -> bool {
    a.to_bytes().unwrap() == b.to_bytes().unwrap()
}

fn with_attempt(attempt: u32) -> KeyMaterial {
    material().of_attempt(attempt)
}

struct Folder {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

fn folder() -> Folder {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("signer").join("keys.redb");
    Folder {
        _folder: folder,
        path,
    }
}

#[test]
fn keeps_what_it_is_given() {
    let Folder { path, .. } = &folder();
    let store = open(path).unwrap();
    let x25519 = store.x25519_public();
    assert!(store.newest().is_none());
    assert!(store.pending(5).unwrap().is_none());
    assert!(store.list().unwrap().is_empty());
    store.put_pending(material()).unwrap();
    drop(store);

    let store = open(path).unwrap();
    assert_eq!(store.x25519_public(), x25519);
    assert!(same(&store.pending(5).unwrap().unwrap(), material()));
    assert!(store.newest().is_none());
    store.promote(5, 1).unwrap();
    let (generation, active) = store.newest().unwrap();
    assert!(generation == 1 && same(&active, material()));
    drop(store);

    let store = open(path).unwrap();
    let (generation, active) = store.newest().unwrap();
    assert!(generation == 1 && same(&active, material()));
    assert!(store.pending(5).unwrap().is_none());
    let list = store.list().unwrap();
    assert_eq!(list.len(), 1);
    assert_eq!(list[0].generation, Some(1));
    assert_eq!(list[0].commitment, material().commitment());
}

#[test]
fn only_one_file_is_left_behind_and_only_for_its_owner() {
    use std::os::unix::fs::PermissionsExt;
    let Folder { path, .. } = &folder();
    drop(open(path).unwrap());
    let files = fs::read_dir(path.parent().unwrap()).unwrap().count();
    assert_eq!(files, 1);
    let mode = || fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(), 0o600);
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    drop(open(path).unwrap());
    assert_eq!(mode(), 0o600);
}

#[test]
fn several_attempts_can_be_pending() {
    let Folder { path, .. } = &folder();
    let store = open(path).unwrap();
    for attempt in [3, 4, 5] {
        store.put_pending(&with_attempt(attempt)).unwrap();
    }
    store.promote(4, 1).unwrap();
    let left = |store: &KeyStore| -> Vec<u32> {
        let list = store.list().unwrap();
        let pending = list.iter().filter(|s| s.generation.is_none());
        pending.map(|s| s.attempt).collect()
    };
    assert_eq!(left(&store), [3, 5]);
    store.discard_pending_up_to(4).unwrap();
    assert_eq!(left(&store), [5]);
    drop(store);
    assert_eq!(left(&open(path).unwrap()), [5]);
}

#[test]
fn promotion_can_be_repeated_but_not_changed() {
    let Folder { path, .. } = &folder();
    let store = open(path).unwrap();
    assert!(matches!(
        store.promote(5, 1),
        Err(KeyStoreError::NotPending { attempt: 5 })
    ));
    store.put_pending(&with_attempt(5)).unwrap();
    store.put_pending(&with_attempt(6)).unwrap();
    store.promote(5, 1).unwrap();
    store.promote(5, 1).unwrap();
    assert!(matches!(
        store.promote(6, 1),
        Err(KeyStoreError::GenerationTaken {
            generation: 1,
            held: 5,
            attempt: 6
        })
    ));
    assert!(store.pending(6).unwrap().is_some());
    store.promote(6, 2).unwrap();
    assert_eq!(store.newest().unwrap().0, 2);
    store.promote(5, 1).unwrap();
    assert_eq!(store.newest().unwrap().0, 2);
    drop(store);
    assert_eq!(open(path).unwrap().newest().unwrap().0, 2);
}

#[test]
fn what_may_have_been_confirmed_is_not_replaced() {
    let Folder { path, .. } = &folder();
    let store = open(path).unwrap();
    store.put_pending(material()).unwrap();
    store.put_pending(material()).unwrap();
    let other = &committee().1[1];
    assert!(matches!(
        store.put_pending(other),
        Err(KeyStoreError::AlreadyPending { attempt: 5 })
    ));
    assert!(same(&store.pending(5).unwrap().unwrap(), material()));
}

#[test]
fn a_wrong_password_is_told_from_everything_else() {
    let Folder { path, .. } = &folder();
    let x25519 = open(path).unwrap().x25519_public();
    let before = fs::read(path).unwrap();
    assert!(matches!(
        open_as(path, "wrong", GENESIS),
        Err(KeyStoreError::WrongPassword { .. })
    ));
    assert!(matches!(
        open_as(path, "correct horse", H256([2; 32])),
        Err(KeyStoreError::OtherChain { .. })
    ));
    assert_eq!(fs::read(path).unwrap().len(), before.len());
    assert_eq!(open(path).unwrap().x25519_public(), x25519);
}

#[test]
fn one_process_at_a_time() {
    let Folder { path, .. } = &folder();
    let store = open(path).unwrap();
    assert!(matches!(open(path), Err(KeyStoreError::Locked { .. })));
    drop(store);
    open(path).unwrap();
}

#[test]
fn two_that_start_together_agree() {
    let Folder { path, .. } = &folder();
    let keys: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| open(path))).collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    let opened = keys.iter().filter(|store| store.is_ok()).count();
    let locked = |s: &Result<KeyStore, _>| matches!(s, Err(KeyStoreError::Locked { .. }));
    assert_eq!(opened, 1);
    assert_eq!(keys.iter().filter(|s| locked(s)).count(), 3);
    let x25519 = keys.into_iter().flatten().next().unwrap().x25519_public();
    assert_eq!(open(path).unwrap().x25519_public(), x25519);
}

#[test]
fn a_file_that_is_no_store_stays() {
    let Folder { path, .. } = &folder();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    for content in [&b""[..], b"x", &[0; 4096], &[0xff; 100_000]] {
        fs::write(path, content).unwrap();
        assert!(
            matches!(open(path), Err(KeyStoreError::Damaged { .. })),
            "{:?}",
            open(path)
        );
        assert_eq!(fs::read(path).unwrap(), content);
    }
}

#[test]
fn a_folder_in_its_place_is_an_error() {
    let Folder { path, .. } = &folder();
    fs::create_dir_all(path).unwrap();
    assert!(open(path).is_err());
}

/// A store with an active generation, as bytes.
fn stored(path: &Path) -> Vec<u8> {
    let store = open(path).unwrap();
    store.put_pending(material()).unwrap();
    store.promote(5, 1).unwrap();
    drop(store);
    fs::read(path).unwrap()
}

/// Whether the store opens with everything in it; otherwise it must not open, or not read.
fn intact(path: &Path, x25519: X25519PublicKey) -> bool {
    let Ok(store) = open(path) else { return false };
    assert_eq!(store.x25519_public(), x25519);
    let (generation, active) = store.newest().unwrap();
    assert_eq!(generation, 1);
    assert!(same(&active, material()));
    true
}

#[test]
fn a_truncated_file_is_an_error_and_stays() {
    let Folder { path, .. } = &folder();
    let whole = stored(path);
    let x25519 = open(path).unwrap().x25519_public();
    for length in (0..whole.len()).step_by(whole.len() / 64) {
        fs::write(path, &whole[..length]).unwrap();
        assert!(!intact(path, x25519), "{length}");
        assert!(fs::metadata(path).unwrap().len() >= length as u64);
    }
    fs::write(path, &whole).unwrap();
    assert!(intact(path, x25519));
}

#[test]
fn an_altered_byte_never_gives_a_wrong_key() {
    let Folder { path, .. } = &folder();
    let whole = stored(path);
    let x25519 = open(path).unwrap().x25519_public();
    let mut refused = 0;
    // All of the first pages, where the database keeps its own books, and a sample of the rest.
    let start = (0..512).step_by(5);
    for at in start.chain((512..whole.len()).step_by(whole.len() / 300)) {
        let mut altered = whole.clone();
        altered[at] ^= 0x10;
        fs::write(path, &altered).unwrap();
        refused += usize::from(!intact(path, x25519));
    }
    assert!(refused > 0);
}

/// What somebody who can write the database, but does not know the password, can try.
fn rewrite(path: &Path, change: impl FnOnce(&redb::WriteTransaction)) {
    let database = Database::open(path).unwrap();
    let write = database.begin_write().unwrap();
    change(&write);
    write.commit().unwrap();
}

fn take(write: &redb::WriteTransaction, slot: Slot, number: u32) -> Vec<u8> {
    let mut table = write.open_table(slot.table()).unwrap();
    let record = table.remove(number).unwrap().unwrap();
    record.value().to_vec()
}

fn put(write: &redb::WriteTransaction, slot: Slot, number: u32, record: &[u8]) {
    let mut table = write.open_table(slot.table()).unwrap();
    table.insert(number, record).unwrap();
}

#[test]
fn a_record_that_is_moved_or_altered_does_not_open() {
    let Folder { path, .. } = &folder();
    let whole = stored(path);
    let attacks: [fn(&redb::WriteTransaction); 3] = [
        |write| {
            let record = take(write, Slot::Active, 1);
            put(write, Slot::Active, 2, &record);
        },
        |write| {
            let record = take(write, Slot::Active, 1);
            put(write, Slot::Active, 1, &record[..record.len() - 1]);
        },
        |write| {
            let mut record = take(write, Slot::Active, 1);
            record[40] ^= 1;
            put(write, Slot::Active, 1, &record);
        },
    ];
    for attack in attacks {
        fs::write(path, &whole).unwrap();
        rewrite(path, attack);
        assert!(matches!(
            open(path),
            Err(KeyStoreError::RecordAltered {
                table: "active",
                ..
            })
        ));
    }
    fs::write(path, &whole).unwrap();
    rewrite(path, |write| {
        let record = take(write, Slot::Active, 1);
        put(write, Slot::Pending, 7, &record);
    });
    let store = open(path).unwrap();
    assert!(matches!(
        store.pending(7),
        Err(KeyStoreError::RecordAltered { .. })
    ));
    assert!(store.promote(7, 1).is_err());
    assert!(store.newest().is_none());
}

#[test]
fn a_store_without_its_header_is_damaged() {
    let Folder { path, .. } = &folder();
    for name in [HEADER_NAME, CHECK_NAME] {
        let _ = fs::remove_file(path);
        drop(open(path).unwrap());
        rewrite(path, |write| {
            let mut header = write.open_table(HEADER).unwrap();
            header.remove(name).unwrap().unwrap();
        });
        assert!(matches!(open(path), Err(KeyStoreError::Damaged { .. })));
    }
}

#[test]
fn a_newer_format_is_told() {
    let Folder { path, .. } = &folder();
    drop(open(path).unwrap());
    rewrite(path, |write| {
        let mut header = write.open_table(HEADER).unwrap();
        header.insert(HEADER_NAME, &[2u8, 1, 2, 3][..]).unwrap();
    });
    assert!(matches!(
        open(path),
        Err(KeyStoreError::UnknownFormat { found: 2, .. })
    ));
}

#[test]
fn the_file_shows_no_secrets() {
    let Folder { path, .. } = &folder();
    let store = open(path).unwrap();
    store.put_pending(&with_attempt(4)).unwrap();
    store.put_pending(material()).unwrap();
    store.promote(5, 1).unwrap();
    let x25519 = store.x25519_secret().to_bytes();
    drop(store);
    let file = fs::read(path).unwrap();
    let seen = |secret: &[u8]| file.windows(secret.len()).any(|window| window == secret);
    assert!(!seen(&x25519));
    assert!(!seen(b"correct horse"));
    let plaintext = material().to_bytes().unwrap();
    // Not a share, a prime, a public share. Only the evaluation points 1, 2, 3 say nothing: as
    // numbers of 32 bytes they are nearly all zeros, which any file has.
    let telling = |part: &&[u8]| part.iter().filter(|byte| **byte != 0).count() > 1;
    let mut looked_for = 0;
    for part in plaintext.windows(16).filter(telling) {
        assert!(!seen(part));
        looked_for += 1;
    }
    assert!(looked_for > plaintext.len() * 9 / 10);
    // The search does find what is there.
    assert!(seen(&GENESIS.0));
}

#[test]
fn debug_and_errors_show_no_secrets() {
    let Folder { path, .. } = &folder();
    let store = open(path).unwrap();
    store.put_pending(material()).unwrap();
    let shown = format!(
        "{store:?} {:?} {:?}",
        store.list().unwrap(),
        open(path).unwrap_err()
    );
    let secret = hex::encode(store.x25519_secret().to_bytes());
    assert!(!shown.contains(&secret));
    assert!(!shown.contains("horse"));
    assert_eq!(
        format!("{store:?}"),
        format!("KeyStore {{ path: {path:?}, .. }}")
    );
}
