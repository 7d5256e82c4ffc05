//! Programs: WebAssembly modules that users register, and that say which requests are signed.
//!
//! ```text
//!  bytecode ─► check sections, imports, exports ─► compile, all of it, once ─► cache (by key)
//!                                                                                │
//!  request ─► new instance ─► alloc, copy input ─► evaluate ─► read result ◄─────┘
//!               └────── fuel, memory, stack: bounded from the first byte on ──────┘
//! ```
//!
//! A program is anybody's code. Whatever it does, the outcome is a [`ProgramError`] within time
//! that its length and its fuel bound: see [`Limits`]. Every signer must come to the same outcome,
//! so nothing that differs between machines or moments reaches a program, and fuel does not depend
//! on what was compiled before (so no lazy translation).
//!
//! The ABI is the one of `signing_program_sdk`, whose documentation specifies it.
//!
//! # What is trusted
//!
//! wasmi, to keep a module in its memory. Nothing else about a module: not its claims of lengths,
//! addresses and text. A panic of wasmi is caught and counts as a refusal.
//!
//! # Use
//!
//! One [`ProgramEngine`] serves the whole process. Loading and evaluating take CPU time (up to
//! [`Limits::max_bytecode`] and the fuel): async code calls them in `spawn_blocking`.

mod bytecode;
mod cache;
mod compiled;
mod engine;
mod error;
mod instance;
mod limits;
mod result;

#[cfg(test)]
mod hostile;

pub use compiled::{CompiledProgram, Metered};
pub use engine::{EngineStats, ProgramEngine};
pub use error::ProgramError;
pub use limits::Limits;
/// What a program is asked: see the SDK.
pub use signing_program_sdk::Request as Input;
/// Why WebAssembly code was ended.
pub use wasmi::TrapCode;
