//! The signing network on real node processes. Run by `scripts/test`.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod backup;
mod bad_input;
mod chain_refusals;
mod crash;
mod hostile;
mod instruments;
mod key_stores;
mod load;
mod maintenance;
mod operations;
mod place;
mod scenarios;
mod secrets;
mod session_keys;
mod signing;
mod status_page;
mod users;
mod ws;
