//! Real sessions with production parameters: cheaters are convicted, and nobody else.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod altered;
mod cheater;
mod cheating;
mod cost;
mod framing;
mod host;
mod library;
mod mutations;
mod other_protocols;
mod world;
