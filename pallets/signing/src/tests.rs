//! Every call, every error, every change of phase.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod confirmations;
mod derivation;
mod draw;
mod genesis;
mod keygen;
mod parameters;
mod programs;
mod random_walk;
mod reassignment;
mod registrations;
mod resharing;
mod signers;
mod validators;
