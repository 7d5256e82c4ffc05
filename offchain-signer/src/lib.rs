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
//! | [`chain`] | what the signer needs to know of the chain |
//! | [`api`] | HTTP: relay, sign, health, info |
//! | [`request`] | which requests are granted, and how a relayer gets them signed |
//! | [`identity`] | which validator this node is, and its keys |
//! | `program` | wasmi: compile, cache, evaluate |
//! | `transport` | Noise over WebSocket, one mesh |
//! | `protocol` | sans-IO threshold protocols and their driver |
//! | `sessions` | which protocol runs are going on, over the mesh |
//! | `key_store` | sealed key shares, an active and a pending slot |
//! | `service` | all of these together, following the chain |
#![forbid(unsafe_code)]

pub mod api;
pub mod chain;
pub mod identity;
pub mod request;
