//! Builds the runtime that the test of an upgrade upgrades to: the fast one with the feature
//! `upgrade-test`. Here and not in the runtime's own build, so that the node does not wait for it.

use std::path::Path;
use substrate_wasm_builder::WasmBuilder;

fn main() {
    // That of this run: checkouts share what they build, build scripts too.
    let Some(here) = std::env::var_os("CARGO_MANIFEST_DIR") else {
        panic!("run by cargo");
    };
    let runtime = Path::new(&here)
        .with_file_name("runtime")
        .join("Cargo.toml");
    match WasmBuilder::new().with_project(runtime) {
        Ok(builder) => builder
            .import_memory()
            .export_heap_base()
            .set_file_name("upgraded_runtime_binary.rs")
            .enable_feature("fast-runtime")
            .enable_feature("upgrade-test")
            .build(),
        Err(error) => panic!("{error}"),
    }
}
