//! `docs/chain-errors.md` has the errors that there are.

use crate::here;
use frame_metadata::RuntimeMetadata;
use scale_info::TypeDef;
use signing_runtime::Runtime;
use std::fmt::Write;

/// The errors of `pallet-signing`, as clients find them in the metadata.
fn table() -> String {
    let RuntimeMetadata::V14(metadata) = Runtime::metadata().1 else {
        panic!("metadata of another version");
    };
    let mut pallets = metadata.pallets.iter();
    let pallet = pallets.find(|pallet| pallet.name == "Signing").unwrap();
    let errors = pallet.error.as_ref().unwrap().ty.id;
    let TypeDef::Variant(errors) = &metadata.types.resolve(errors).unwrap().type_def else {
        panic!("errors that are no enumeration");
    };
    let mut table = String::from("| number | error | |\n| --- | --- | --- |\n");
    for error in &errors.variants {
        let words = error.docs.join(" ");
        let (number, name) = (error.index, &error.name);
        writeln!(table, "| {number} | `{name}` | {} |", words.trim()).unwrap();
    }
    table
}

/// Run with `UPDATE_SNAPSHOTS=1` to write it anew.
#[test]
fn all_errors_are_in_the_documentation() {
    let path = here().join("../docs/chain-errors.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (head, rest) = text.split_once("<!-- errors: begin -->\n").unwrap();
    let (found, tail) = rest.split_once("<!-- errors: end -->").unwrap();
    let table = table();
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        let new = format!("{head}<!-- errors: begin -->\n{table}<!-- errors: end -->{tail}");
        std::fs::write(path, new).unwrap();
    } else {
        assert_eq!(
            found,
            table,
            "{}: run this test with UPDATE_SNAPSHOTS=1",
            path.display()
        );
    }
}
