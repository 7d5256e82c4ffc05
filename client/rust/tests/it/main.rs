//! The client against a fake node and fake relayers, in one process; and the command line, as a
//! process of its own, against the same.
//!
//! The fakes speak the real wire formats. What they cannot stand in for is a runtime that executes
//! transactions: `register`, `program deploy` and the like are tested on real nodes elsewhere.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod cli;
mod library;
mod node;
mod offline;
mod relayer;
#[allow(dead_code)]
#[path = "../../src/samples.rs"]
mod samples;
mod world;
