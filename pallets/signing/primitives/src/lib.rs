//! Types shared by the signing pallet, the signer service and clients.
//!
//! ```text
//! keys        identities: the session key `sign`, x25519 keys, verifying keys
//! committee   signers, members, phases, the network's state
//! derivation  users' keys as children of the network key (feature `derivation`)
//! endpoint    what a signer's endpoint may look like
//! fault       what validators report of each other
//! parameters  what root may set
//! program     programs and program instances
//! session_id  what names one run of a protocol
//! session_key_call   what a session key signs and submits without a fee
//! stake_tie   why a validator's stake stays where it is
//! limits      how large requests may be, and evidence
//! wire        the JSON of the HTTP API and its envelope (feature `wire`)
//! ```
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

mod committee;
#[cfg(feature = "derivation")]
mod derivation;
mod endpoint;
mod fault;
mod keys;
pub mod limits;
mod parameters;
mod program;
mod session_id;
mod session_key_call;
mod stake_tie;
#[cfg(feature = "wire")]
pub mod wire;

pub use committee::{
    AuxInfoAttempt, AuxInfoSet, Committee, CommitteeMember, Endpoint, KeygenAttempt, MaxMembers,
    MaxParties, MaxStandbys, NetworkState, Phase, ReshareAttempt, SignerInfo, Validator,
};
#[cfg(feature = "derivation")]
pub use derivation::{
    derive_child_key, is_verifying_key, DerivationError, ACCOUNT_INDEX, INDEX_LIMIT,
};
pub use endpoint::is_plausible_endpoint;
pub use fault::{ChallengeAnswer, EncodedEvidence, Fault, FaultReport, UnprovableFault};
#[cfg(feature = "std")]
pub use keys::SignerPair;
pub use keys::{SignerId, SignerSignature, VerifyingKey, X25519PublicKey, KEY_TYPE};
pub use parameters::{Parameters, ParametersError, MOST_FOR_SILENCE};
pub use program::{
    MaxAuxiliarySchema, MaxBytecode, MaxConfig, MaxOracleKeys, MaxProgramsPerRegistration, Program,
    ProgramDefinition, ProgramInstance, ProgramKey, ProgramSummary, Registration,
    RegistrationDeposit, ABI_VERSION,
};
pub use session_id::{
    AuxInfoSubject, KeygenSubject, ReshareSubject, RunStage, SessionId, SessionIdError,
    SessionNonce, SigningSubject, Subject,
};
pub use session_key_call::{
    announcement_payload, aux_info_confirmation_payload, challenge_answer_payload,
    fault_report_payload, keygen_confirmation_payload, reshare_confirmation_payload, Announcement,
    AuxInfoConfirmation, KeygenConfirmation, ReshareConfirmation, SessionKeyCall,
};
pub use stake_tie::StakeTie;
