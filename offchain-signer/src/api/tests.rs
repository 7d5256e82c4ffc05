//! The whole API, against a small network in memory.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod deregistering;
mod hand_over;
mod http;
mod limits;
mod metrics;
mod pace;
mod relay_bad_input;
mod relaying;
mod sign_bad_input;
mod status;
mod tracing;

fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.into())
}
