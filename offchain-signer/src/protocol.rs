//! The threshold protocols, and what drives them. Knows nothing of sockets, HTTP or the chain.
//!
//! ```text
//!           bytes from and to each party           synedrion on manul, production parameters
//! sessions ◄────────── Link ──────────► Mailbox ◄─► driver ◄─► KeyInit, KeyResharing, AuxGen,
//!                                        stages,               InteractiveSigning
//!                                        deadlines,
//!                                        cancellation
//! ```
//!
//! [`keygen::generate`], [`ResharePart::take`], [`AuxGeneration::make`] and [`signing::sign`] each
//! run one party's side of a protocol to its end, on the calling thread: the work is nearly all arithmetic, so the caller is a thread on which
//! blocking is fine (`tokio::task::spawn_blocking`). They return the result, or a [`SessionError`]
//! that names whoever is to blame.
//!
//! A run is named by a [`SessionId`](signing_primitives::SessionId), which commits to everything
//! that the run is about. The caller makes sure that it is never used twice.
//!
//! # What is trusted
//! The link must tell the truth about who sent a message (the transport authenticates its peers);
//! nothing else about a message is believed. What a peer sends may be garbage, late, early,
//! repeated, of another session, or made to trip the library: it costs the peer its good name, and
//! this session at most. What a party has signed can be proof against it
//! ([`SessionError::evidence`]), for whoever checks it as the chain does.

mod aux_info;
mod driver;
mod error;
pub mod key_material;
pub mod keygen;
mod mailbox;
mod no_randomness;
mod public_parts;
mod reshare;
pub mod signing;
mod staged;
#[cfg(test)]
pub(crate) mod test_network;

pub use aux_info::{AuxGeneration, AuxGenerationError, PreparedAuxInfo};
pub use error::{Fault, Misconduct, Round, SessionError};
pub use key_material::{KeyMaterial, KeyMaterialError, SigningInputs};
pub use keygen::{Keygen, KeygenError};
pub use mailbox::{Deadlines, Link, Run, Stage, MAX_MESSAGE_BYTES};
pub use reshare::{Reshare, ReshareError, ResharePart};
pub use signing::RecoverableSignature;
pub use signing_evidence::{
    session::{NetworkSession, NodeSigner, PartySignature, SignerKeyMissing},
    Params, PartyId,
};
