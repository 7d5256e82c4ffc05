//! Backups that are put back.

use super::*;
use crate::{
    key_store::backup::tests::same as same_contents,
    protocol::test_network::{prepared, PREPARED_BY},
};

const COST: PasswordCost = PasswordCost::NEXT_TO_NOTHING;

/// What a new store holds after this.
fn contents_after(prepare: impl FnOnce(&KeyStore)) -> Contents {
    let Folder { path, .. } = &folder();
    let store = open(path).unwrap();
    prepare(&store);
    store.contents().unwrap()
}

fn hold(store: &KeyStore, attempt: u32, generation: u32) {
    store.put_pending(&with_attempt(attempt)).unwrap();
    store.promote(attempt, generation).unwrap();
}

fn everything(store: &KeyStore) {
    hold(store, 3, 1);
    hold(store, 5, 2);
    store.put_pending(&with_attempt(7)).unwrap();
    store.put_aux_info(&prepared().1[0]).unwrap();
    store.put_report("a", b"report").unwrap();
}

fn held(path: &Path) -> Contents {
    open(path).unwrap().contents().unwrap()
}

/// Restores, and sees that a refusal has changed nothing.
fn restore(backup: &Contents, path: &Path) -> Result<Restored, KeyStoreError> {
    let before = path.exists().then(|| held(path));
    let result = backup.restore(path, &password(), COST);
    if let (Err(_), Some(before)) = (&result, before) {
        assert!(same_contents(&held(path), &before));
    }
    result
}

#[test]
fn a_lost_store_comes_back_as_it_was() {
    let backup = contents_after(everything);
    let Folder { path, .. } = &folder();
    assert_eq!(restore(&backup, path).unwrap(), Restored::Created);
    assert!(same_contents(&held(path), &backup));
    let store = open(path).unwrap();
    assert!(same(&store.active(2).unwrap(), &with_attempt(5)));
    assert_eq!(store.reports().unwrap().len(), 1);
    drop(store);
    assert_eq!(restore(&backup, path).unwrap(), Restored::AlreadyThere);
    let files = fs::read_dir(path.parent().unwrap()).unwrap().count();
    assert_eq!(files, 1);
}

#[test]
fn a_store_that_a_restarted_node_has_made_gets_the_shares_and_keeps_its_x25519_key() {
    let backup = contents_after(everything);
    let Folder { path, .. } = &folder();
    let x25519 = open(path).unwrap().x25519_public();
    assert_eq!(
        restore(&backup, path).unwrap(),
        Restored::Added {
            shares: 3,
            aux_info: 1
        }
    );
    let store = open(path).unwrap();
    assert_eq!(store.x25519_public(), x25519);
    assert_eq!(store.newest().unwrap().0, 2);
    assert!(store.pending(7).unwrap().is_some());
    assert!(store.aux_info(PREPARED_BY).unwrap().is_some());
}

#[test]
fn an_older_store_gets_what_is_newer() {
    let backup = contents_after(everything);
    let Folder { path, .. } = &folder();
    hold(&open(path).unwrap(), 3, 1);
    assert_eq!(
        restore(&backup, path).unwrap(),
        Restored::Added {
            shares: 2,
            aux_info: 1
        }
    );
    assert_eq!(open(path).unwrap().list().unwrap().len(), 3);
}

#[test]
fn newer_shares_stay() {
    let backup = contents_after(|store| hold(store, 5, 2));
    let Folder { path, .. } = &folder();
    hold(&open(path).unwrap(), 8, 3);
    assert!(matches!(
        restore(&backup, path),
        Err(KeyStoreError::NewerShares {
            held: 3,
            given: 2,
            ..
        })
    ));
    // Even if the backup has something newer besides.
    let backup = contents_after(|store| {
        hold(store, 5, 2);
        store.put_pending(&with_attempt(12)).unwrap();
    });
    assert!(restore(&backup, path).is_err());
}

#[test]
fn what_was_erased_since_does_not_come_back() {
    let backup = contents_after(everything);
    let Folder { path, .. } = &folder();
    restore(&backup, path).unwrap();
    let store = open(path).unwrap();
    store.promote(7, 3).unwrap();
    store.erase_aux_info_below(PREPARED_BY + 1).unwrap();
    store.erase_report("a").unwrap();
    drop(store);
    let before = held(path);
    assert_eq!(restore(&backup, path).unwrap(), Restored::AlreadyThere);
    assert!(same_contents(&held(path), &before));
}

#[test]
fn an_equal_generation_that_is_another_is_refused() {
    let backup = contents_after(|store| hold(store, 5, 2));
    let prepares: [fn(&KeyStore); 2] = [|store| hold(store, 6, 2), |store| hold(store, 4, 2)];
    for prepare in prepares {
        let Folder { path, .. } = &folder();
        prepare(&open(path).unwrap());
        assert!(matches!(
            restore(&backup, path),
            Err(KeyStoreError::OtherShare {
                slot: "active",
                number: 2,
                ..
            })
        ));
    }
}

#[test]
fn another_partys_share_is_refused() {
    let backup = contents_after(|store| {
        store.put_pending(&committee().1[1].of_attempt(9)).unwrap();
    });
    let Folder { path, .. } = &folder();
    hold(&open(path).unwrap(), 5, 1);
    assert!(matches!(
        restore(&backup, path),
        Err(KeyStoreError::OtherParty { .. })
    ));
}

#[test]
fn a_store_of_another_chain_or_password_or_a_damaged_one_is_refused() {
    let backup = contents_after(everything);
    let Folder { path, .. } = &folder();
    drop(open_as(path, "correct horse", H256([2; 32])).unwrap());
    assert!(matches!(
        backup.restore(path, &password(), COST),
        Err(KeyStoreError::OtherChain { .. })
    ));
    let Folder { path, .. } = &folder();
    drop(open_as(path, "another", GENESIS).unwrap());
    assert!(matches!(
        backup.restore(path, &password(), COST),
        Err(KeyStoreError::WrongPassword { .. })
    ));
    fs::write(path, b"no store").unwrap();
    assert!(matches!(
        backup.restore(path, &password(), COST),
        Err(KeyStoreError::Damaged { .. })
    ));
    assert_eq!(fs::read(path).unwrap(), b"no store");
}

#[test]
fn a_running_node_is_not_interfered_with() {
    let backup = contents_after(everything);
    let Folder { path, .. } = &folder();
    let running = open(path).unwrap();
    assert!(matches!(
        backup.restore(path, &password(), COST),
        Err(KeyStoreError::Locked { .. })
    ));
    assert!(running.list().unwrap().is_empty());
}

#[test]
fn a_store_that_is_not_there_is_not_made_by_looking_for_it() {
    let Folder { path, .. } = &folder();
    assert!(matches!(
        KeyStore::open_existing(path, &password(), GENESIS),
        Err(KeyStoreError::NoStore { .. })
    ));
    assert!(!path.parent().unwrap().exists());
}

#[test]
fn a_report_that_was_altered_keeps_nobody_from_a_backup() {
    let Folder { path, .. } = &folder();
    let store = open(path).unwrap();
    everything(&store);
    store.put_report("b", b"another").unwrap();
    drop(store);
    rewrite(path, |write| {
        let table = TableDefinition::<&str, &[u8]>::new("reports");
        let mut table = write.open_table(table).unwrap();
        table.insert("a", [1u8; 60].as_slice()).unwrap();
    });
    let contents = held(path);
    assert_eq!(contents.reports.keys().collect::<Vec<_>>(), ["b"]);
    assert_eq!(contents.records(Slot::Active).count(), 2);
}

#[test]
fn a_share_that_was_altered_is_not_backed_up() {
    let Folder { path, .. } = &folder();
    let store = open(path).unwrap();
    store.put_pending(material()).unwrap();
    drop(store);
    rewrite(path, |write| {
        let mut record = take(write, Slot::Pending, 5);
        record[40] ^= 1;
        put(write, Slot::Pending, 5, &record);
    });
    assert!(matches!(
        open(path).unwrap().contents(),
        Err(KeyStoreError::RecordAltered { .. })
    ));
}
