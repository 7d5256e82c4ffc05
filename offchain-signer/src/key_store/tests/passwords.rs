//! Another password.

use super::*;
use crate::{key_store::backup::tests::same as same_contents, protocol::test_network::prepared};

const COST: PasswordCost = PasswordCost::NEXT_TO_NOTHING;

fn new_password() -> Password {
    Password::new("battery staple".into())
}

fn filled(path: &Path) -> Contents {
    let store = open(path).unwrap();
    store.put_pending(&with_attempt(4)).unwrap();
    store.put_pending(material()).unwrap();
    store.promote(5, 1).unwrap();
    store.put_aux_info(&prepared().1[0]).unwrap();
    store.put_report("a", &[7; 100]).unwrap();
    store.contents().unwrap()
}

/// The records of key material, auxiliary information and reports, as they are in the file.
fn sealed_records(path: &Path) -> Vec<Vec<u8>> {
    use redb::{ReadableDatabase, ReadableTable};
    let database = Database::open(path).unwrap();
    let read = database.begin_read().unwrap();
    let mut records = Vec::new();
    for slot in Slot::ALL {
        for entry in read.open_table(slot.table()).unwrap().iter().unwrap() {
            records.push(entry.unwrap().1.value().to_vec());
        }
    }
    let reports = TableDefinition::<&str, &[u8]>::new("reports");
    for entry in read.open_table(reports).unwrap().iter().unwrap() {
        records.push(entry.unwrap().1.value().to_vec());
    }
    records
}

#[test]
fn the_new_password_opens_all_and_the_old_one_nothing() {
    use std::os::unix::fs::PermissionsExt;
    let Folder { path, .. } = &folder();
    let before = filled(path);
    let old_file = fs::read(path).unwrap();
    let sealed = sealed_records(path);
    let store = open(path).unwrap();
    store.change_password(&new_password(), COST).unwrap();
    assert!(matches!(
        open(path),
        Err(KeyStoreError::WrongPassword { .. })
    ));
    let store = open_as(path, "battery staple", GENESIS).unwrap();
    assert!(same_contents(&store.contents().unwrap(), &before));
    drop(store);

    // Nothing is left of what the old password opens.
    let new_file = fs::read(path).unwrap();
    let holds = |file: &[u8], record: &[u8]| file.windows(64).any(|part| part == &record[..64]);
    assert!(sealed.len() >= 4);
    for record in &sealed {
        assert!(holds(&old_file, record));
        assert!(!holds(&new_file, record));
    }
    let mode = fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
}

/// What is on the disk between any two steps is a store that one of the passwords opens.
#[test]
fn a_crash_leaves_the_old_password_or_the_new_one() {
    let Folder { path, .. } = &folder();
    let before = filled(path);
    let store = open(path).unwrap();
    let mut seen = Vec::new();
    let look = || seen.push(fs::read(path).unwrap());
    store
        .change_password_between(&new_password(), COST, look)
        .unwrap();
    assert_eq!(seen.len(), 3);
    let mut opened = Vec::new();
    for content in seen {
        let Folder { path, .. } = &folder();
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        let stores = ["correct horse", "battery staple"].map(|text| open_as(path, text, GENESIS));
        opened.push(stores.each_ref().map(Result::is_ok));
        let store = stores.into_iter().flatten().next().unwrap();
        assert!(same_contents(&store.contents().unwrap(), &before));
    }
    assert_eq!(opened, [[true, false], [true, false], [false, true]]);
}

/// The store stays locked until the other one is in its place.
#[test]
fn nobody_opens_the_store_meanwhile() {
    let Folder { path, .. } = &folder();
    filled(path);
    let store = open(path).unwrap();
    let mut locked = 0;
    let try_it = || locked += i32::from(matches!(open(path), Err(KeyStoreError::Locked { .. })));
    store
        .change_password_between(&new_password(), COST, try_it)
        .unwrap();
    assert_eq!(locked, 2);
}

#[test]
fn a_draft_that_a_crash_has_left_hurts_nobody() {
    let Folder { path, .. } = &folder();
    let before = filled(path);
    let draft = path.with_file_name("keys.redb.new-0123456789abcdef");
    fs::write(&draft, b"half of a store").unwrap();
    let store = open(path).unwrap();
    store.change_password(&new_password(), COST).unwrap();
    let store = open_as(path, "battery staple", GENESIS).unwrap();
    assert!(same_contents(&store.contents().unwrap(), &before));
}
