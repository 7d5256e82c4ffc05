//! Every call, every error, every change of phase.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod confirmations;
mod deregistering;
mod derivation;
mod draw;
mod genesis;
mod keygen;
mod parameters;
mod programs;
mod random_walk;
mod reassignment;
mod registration_deposits;
mod registrations;
mod resharing;
mod signers;
mod validators;
