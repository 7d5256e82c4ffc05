//! Tables in `docs/` that are held to the code.
#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

/// A page.
pub(crate) fn page(name: &str) -> PathBuf {
    // Of this run: checkouts share what they compile.
    let here = std::env::var_os("CARGO_MANIFEST_DIR").unwrap();
    PathBuf::from(here).join("../docs").join(name)
}

/// Asserts that the page has this table between the marks of that name; with `BLESS=1` in the environment,
/// writes it there.
pub(crate) fn has_table(name: &str, marks: &str, table: &str) {
    let (begin, end) = (
        format!("<!-- {marks}: begin -->\n"),
        format!("<!-- {marks}: end -->"),
    );
    let text = std::fs::read_to_string(page(name)).unwrap();
    let (head, rest) = text.split_once(&begin).unwrap();
    let (found, tail) = rest.split_once(&end).unwrap();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(page(name), format!("{head}{begin}{table}{end}{tail}")).unwrap();
    } else {
        assert_eq!(found, table, "docs/{name}: run this test with BLESS=1");
    }
}
