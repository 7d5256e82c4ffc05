//! Reports that wait for the chain.

use super::*;

fn names(store: &KeyStore) -> Vec<String> {
    let reports = store.reports().unwrap();
    reports.into_iter().map(|(name, _)| name).collect()
}

#[test]
fn reports_are_kept_until_they_are_erased() {
    let Folder { path, .. } = &folder();
    let store = open(path).unwrap();
    assert!(names(&store).is_empty());
    store.put_report("a", b"first").unwrap();
    store.put_report("b", &[7; 400_000]).unwrap();
    store.put_report("a", b"second").unwrap();
    drop(store);

    let store = open(path).unwrap();
    let reports = store.reports().unwrap();
    assert_eq!(reports[0].1.as_ref().unwrap(), b"second");
    assert_eq!(reports[1].1.as_ref().unwrap(), &[7; 400_000]);
    store.erase_report("a").unwrap();
    store.erase_report("never there").unwrap();
    drop(store);
    assert_eq!(names(&open(path).unwrap()), ["b"]);
}

#[test]
fn a_report_that_was_altered_or_moved_hides_no_other() {
    let Folder { path, .. } = &folder();
    let store = open(path).unwrap();
    for name in ["altered", "fine", "moved"] {
        store.put_report(name, b"report").unwrap();
    }
    drop(store);
    let table = TableDefinition::<&str, &[u8]>::new("reports");
    rewrite(path, |write| {
        let mut table = write.open_table(table).unwrap();
        let mut record = table.remove("altered").unwrap().unwrap().value().to_vec();
        record[30] ^= 1;
        table.insert("altered", record.as_slice()).unwrap();
        let record = table.remove("moved").unwrap().unwrap().value().to_vec();
        table.insert("here", record.as_slice()).unwrap();
        table.insert("short", [1u8].as_slice()).unwrap();
    });
    let store = open(path).unwrap();
    for (name, report) in store.reports().unwrap() {
        assert_eq!(report.is_ok(), name == "fine", "{name}");
    }
    assert_eq!(names(&store), ["altered", "fine", "here", "short"]);
}

#[test]
fn the_file_shows_nothing_of_a_report() {
    let Folder { path, .. } = &folder();
    let report = b"who did what in which session";
    open(path).unwrap().put_report("a", report).unwrap();
    let file = fs::read(path).unwrap();
    assert!(!file.windows(report.len()).any(|bytes| bytes == report));
}
