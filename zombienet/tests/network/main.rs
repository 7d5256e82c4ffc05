//! The signing network on real node processes. Run by `scripts/test`.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod bad_input;
mod crash;
mod hand_over;
mod hostile;
mod signing;
mod users;
