//! The runtime as a whole: its genesis presets, its weights, and blocks that are executed as a node
//! executes them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod chain;
mod documentation;
mod fees;
mod keys;
mod lookups;
mod presets;
mod proofs;
mod punishment;
mod registrations;
mod session_key_calls;
mod snapshots;
mod stake_guard;
#[cfg(feature = "try-runtime")]
mod try_runtime;
mod weights;

/// This crate's folder in the checkout of this run: checkouts share what they compile.
fn here() -> std::path::PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").unwrap().into()
}
