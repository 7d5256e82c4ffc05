//! Several generations, and auxiliary information ahead of time.

use super::*;
use crate::protocol::test_network::{prepared, PREPARED_BY};

fn promoted(store: &KeyStore, attempt: u32, generation: u32) {
    store.put_pending(&with_attempt(attempt)).unwrap();
    store.promote(attempt, generation).unwrap();
}

#[test]
fn generations_are_at_hand_until_they_are_erased() {
    let Folder { path, .. } = &folder();
    let store = open(path).unwrap();
    assert_eq!(store.oldest(), None);
    for (attempt, generation) in [(3, 1), (5, 2), (8, 3)] {
        promoted(&store, attempt, generation);
    }
    drop(store);
    let store = open(path).unwrap();
    for (attempt, generation) in [(3, 1), (5, 2), (8, 3)] {
        assert_eq!(store.active(generation).unwrap().attempt(), attempt);
    }
    assert!(store.active(4).is_none());
    assert_eq!((store.oldest(), store.newest().unwrap().0), (Some(1), 3));

    store.erase_below(3).unwrap();
    assert!(store.active(1).is_none() && store.active(2).is_none());
    assert_eq!(store.active(3).unwrap().attempt(), 8);
    drop(store);
    let store = open(path).unwrap();
    assert_eq!((store.oldest(), store.list().unwrap().len()), (Some(3), 1));
    // A node that is no member any more has none left.
    store.erase_below(4).unwrap();
    assert!(store.newest().is_none());
    drop(store);
    assert!(open(path).unwrap().list().unwrap().is_empty());
}

#[test]
fn auxiliary_information_is_kept_until_it_is_erased() {
    let Folder { path, .. } = &folder();
    let made = &prepared().1[0];
    let store = open(path).unwrap();
    assert!(store.aux_info(PREPARED_BY).unwrap().is_none());
    for attempt in [2, PREPARED_BY, 9] {
        store.put_aux_info(&made.of_attempt(attempt)).unwrap();
    }
    store.put_aux_info(made).unwrap();
    let other = &prepared().1[1];
    assert!(matches!(
        store.put_aux_info(other),
        Err(KeyStoreError::AlreadyPending {
            attempt: PREPARED_BY
        })
    ));
    drop(store);
    let store = open(path).unwrap();
    let read = store.aux_info(PREPARED_BY).unwrap().unwrap();
    assert_eq!(read.to_bytes().unwrap(), made.to_bytes().unwrap());
    // It is no key material, and not in its place.
    assert!(store.pending(PREPARED_BY).unwrap().is_none());
    assert!(store.list().unwrap().is_empty());
    store.erase_aux_info_below(PREPARED_BY).unwrap();
    drop(store);
    let store = open(path).unwrap();
    let held = |attempt| store.aux_info(attempt).unwrap().is_some();
    assert!(!held(2) && held(PREPARED_BY) && held(9));
}

/// A store of before there were several generations and auxiliary information.
#[test]
fn an_earlier_store_opens_and_takes_what_is_new() {
    let Folder { path, .. } = &folder();
    drop(stored(path));
    rewrite(path, |write| {
        assert!(write.delete_table(Slot::AuxInfo.table()).unwrap());
    });
    let store = open(path).unwrap();
    assert!(same(&store.active(1).unwrap(), material()));
    assert!(store.aux_info(PREPARED_BY).unwrap().is_none());
    store.put_aux_info(&prepared().1[0]).unwrap();
    promoted(&store, 7, 2);
    drop(store);
    let store = open(path).unwrap();
    assert!(store.aux_info(PREPARED_BY).unwrap().is_some());
    assert_eq!((store.oldest(), store.newest().unwrap().0), (Some(1), 2));
}

#[test]
fn auxiliary_information_that_is_moved_does_not_open() {
    let Folder { path, .. } = &folder();
    let store = open(path).unwrap();
    store.put_aux_info(&prepared().1[0]).unwrap();
    drop(store);
    rewrite(path, |write| {
        let record = take(write, Slot::AuxInfo, PREPARED_BY);
        put(write, Slot::AuxInfo, 9, &record);
        put(write, Slot::Pending, PREPARED_BY, &record);
    });
    let store = open(path).unwrap();
    let altered = |error| matches!(error, KeyStoreError::RecordAltered { .. });
    assert!(altered(store.aux_info(9).unwrap_err()));
    assert!(altered(store.pending(PREPARED_BY).unwrap_err()));
}
