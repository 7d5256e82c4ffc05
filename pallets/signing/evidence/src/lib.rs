//! Provable evidence of cheating in a signing session: its shape, its check, and the host function
//! by which the runtime has the node check it.
//!
//! ```text
//! signer, after a failed session                 runtime                    node, 64-bit
//!   Transcript ── SessionFacts ──► SigningEvidence ──► is_about(committee)
//!                 evidence_against                     signing_evidence_verifier::verify ──► Verdict
//!                      │                                                              │
//!                      └────────────────────── the same check ────────────────────────┘
//! ```
//!
//! | module | what it is | where |
//! | --- | --- | --- |
//! | `report` | [`SigningEvidence`], its kinds of [`Proof`], its sizes | everywhere |
//! | `verdict` | [`Verdict`], [`Rejection`] | everywhere |
//! | `chain_state` | what of a report the chain checks itself | everywhere |
//! | `host` | the host function | everywhere |
//! | [`session`], `party` | how protocol messages are signed and written | natively |
//! | `layout` | the protocol library's serialization | natively |
//! | `case`, `verify` | the check | natively |
//! | `assemble` | from a transcript to evidence | natively |
//!
//! Parties that cheat, for tests and benchmarks, are in `signing-evidence-cheater`.
//!
//! Without the feature `std` the crate links neither the protocol library nor anything else that a
//! runtime should not. The check has to run as 64-bit code: the library's proof identifiers depend
//! on the width of machine words.
//!
//! # The check
//! In this order, each step costing more than the one before:
//! 1. size, and decoding without a rest;
//! 2. the session id, computed from the report's subject and nonces;
//! 3. the hashes of public shares and auxiliary information, against the subject's;
//! 4. the accused, and whoever else the proof names, are participants;
//! 5. the round exists. A kind of proof implies its rounds; where one does not, it says one;
//! 6. every message is signed by whom it should be *for that session, round and part*: these are
//!    not read from the report but put into what the signature is checked over;
//! 7. the cryptography, by the protocol library.
//!
//! A panic anywhere is caught and proves nothing.
//!
//! # Why nobody can be framed
//! *The accused chose the session id.* Whoever is honest signs protocol messages only together with
//! a session id that it has computed itself: from its own key share and auxiliary information, from
//! the request that it has granted, and from a random nonce that it uses once. The id is a hash of
//! all of that (`signing_primitives::Subject`). A reporter who invents another subject, other
//! shares, auxiliary information, digest or nonces has to find some with the same hash. So if step 6
//! passes for an honest accused, all that the report says about the session is what the accused
//! itself believed, and step 7 judges its messages by the very data that it made them with. Nothing
//! on the chain is needed for this; that is why the chain does not have to know the derived shares,
//! whose hash it cannot compute from the committee's commitment.
//!
//! *An id is used once,* by one protocol (the subject says which). So an honest party signs at most
//! one echo broadcast and one normal broadcast for each round of an id, and two of them contradict
//! each other only if it cheated.
//!
//! *The kinds are those that hold.* Each check of step 7 is the one that an honest receiver makes,
//! on the same inputs, and honest messages pass it. The other kinds of evidence of the library
//! convict honest parties by their genuine messages, and a report cannot express them. So does the
//! library's evidence of mismatched broadcasts, because a signed hash does not say which part of a
//! message it is of; [`Proof::ContradictoryEcho`] asks for more.
//!
//! # What the chain has to check beside it
//! [`SigningEvidence::is_about`]: the genesis hash, the generation with its threshold, members and
//! network key. That protects nobody's innocence (see above), but keeps cheating elsewhere, on
//! another chain with the same keys or in a made-up committee, from being punished here. It also
//! says whose stake is at risk: the validator that was the member of *that* generation with the
//! accused party id. And one session is punished once: by accused and session id.
//!
//! # What is trusted
//! That a session key is used by one node only, and that the node draws its nonces at random. An
//! operator who runs two nodes with one key can be convicted of contradicting itself.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;
#[cfg(test)]
extern crate self as signing_evidence;

#[cfg(feature = "std")]
mod assemble;
#[cfg(feature = "std")]
mod case;
mod chain_state;
// The crate `signing-evidence-cheater` needs this one, so the tests here have its sources.
#[cfg(test)]
#[path = "../cheater/src/lib.rs"]
pub mod cheater;
mod host;
// Public for whoever cheats: it is not part of what this crate offers.
#[cfg(feature = "std")]
#[doc(hidden)]
pub mod layout;
#[cfg(feature = "std")]
mod party;
mod report;
#[cfg(feature = "std")]
pub mod session;
#[cfg(test)]
mod tests;
mod verdict;
#[cfg(feature = "std")]
mod verify;

#[cfg(feature = "std")]
pub use assemble::{SessionFacts, Transcript};
pub use chain_state::{CommitteeFacts, NotOurs};
pub use host::signing_evidence_verifier;
#[cfg(feature = "std")]
pub use party::PartyId;
pub use report::{
    Broadcast, EchoPack, IdMap, MaxPublicAuxInfo, MaxPublicShares, Part, Proof, Round,
    SignedMessage, SigningEvidence, WORST_CASE_MILLISECONDS,
};
pub use signing_primitives::limits::MAX_REPORT_BYTES;
pub use verdict::{Rejection, Verdict};

/// The parameters of the protocols: secp256k1, 112 bits of security.
#[cfg(feature = "std")]
pub type Params = synedrion::k256::ProductionParams112;
