//! Every call, every error, every change of phase.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod aux_info;
mod challenges;
mod confirmations;
mod convictions;
mod deregistering;
mod derivation;
mod draw;
mod evidence;
mod faults;
mod genesis;
mod hand_over_walk;
mod keygen;
mod kinds_of_proof;
mod parameters;
mod programs;
mod proofs;
mod random_walk;
mod reassignment;
mod registration_deposits;
mod registrations;
mod resharing;
mod rotation;
mod signers;
mod validators;
