//! The signer service that runs inside every validator's node.
//!
//! ```text
//! user ─POST /user/relay_tx─► relayer ─POST /user/sign_tx─► T signers
//!        program ✔                 program ✔ │ noise/ws │ program ✔
//!        signature ◄──────────────────────── CGGMP'24 session
//! ```
//!
//! | module | what it is |
//! | --- | --- |
//! | [`api`] | HTTP: relay, sign, health, info |
//! | [`request`] | which requests are granted, and how a relayer gets them signed |
//! | [`program`] | wasmi: compile, cache, evaluate |
//! | [`transport`] | Noise over WebSocket, one mesh |
//! | [`sessions`] | which protocol runs are going on, over the mesh |
//! | [`protocol`] | sans-IO threshold protocols and their driver |
//! | [`key_store`] | sealed key shares, pending by attempt and active by generation |
//! | [`faults`] | what others were seen to fail at, and when that is worth a report |
//! | [`identity`] | which validator this node is, and the keys it proves that with |
//! | [`metrics`] | what a node's operator can watch |
//! | [`trace`] | what one request is called in the log, and where its time goes |
//! | [`status`] | what a node shows of itself to people |
//! | [`chain`] | what the signer needs to know of the chain |
//! | [`background`] | computation that gives way to what somebody waits for |
//! | [`service`] | all of these together, following the chain |
//! | [`conduct`] | where a node could do otherwise than it should; in tests and drills it does |
//!
//! # What is trusted
//! The chain that this node has verified, its own disk and memory, and the operator. Not: users,
//! programs, relayers, the other members of the committee, or whoever connects.
#![forbid(unsafe_code)]

pub mod api;
pub mod background;
pub mod chain;
pub mod conduct;
#[cfg(test)]
mod documentation;
pub mod faults;
pub mod identity;
pub mod key_store;
pub mod metrics;
#[cfg(any(test, feature = "misbehave"))]
pub mod misbehave;
mod per_key;
pub mod program;
pub mod protocol;
mod remote;
pub mod request;
pub mod service;
pub mod sessions;
pub mod status;
pub mod trace;
pub mod transport;
