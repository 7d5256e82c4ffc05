//! Write programs for the signing network.
//!
//! A program is a small WebAssembly module that says yes or no to one request for a signature. A
//! user registers a key with one or more programs; the relayer and every signer run all of them,
//! each for itself, and sign only what every program allows.
//!
//! ```text
//!  request ──► relayer ──► signer, signer      each: for every program of the key
//!                                                     evaluate(request) -> yes | no, because …
//! ```
//!
//! # In Rust
//!
//! A program is one function, and a macro that exports it:
//!
//! ```
//! #![no_std]
//! extern crate alloc;
//!
//! use signing_program_sdk::{ensure, program, Refusal, Request};
//!
//! program!(evaluate);
//!
//! /// Signs what is not longer than 32 bytes.
//! fn evaluate(request: &Request<'_>) -> Result<(), Refusal> {
//!     ensure!(request.message.len() <= 32, "the message is too long");
//!     Ok(())
//! }
//! # fn main() {
//! # use signing_program_sdk::testing::TestRequest;
//! # assert_eq!(TestRequest::new(b"short").evaluate(evaluate), Ok(()));
//! # assert!(TestRequest::new([0; 33]).evaluate(evaluate).is_err());
//! # }
//! ```
//!
//! The crate is a library of type `["cdylib", "rlib"]`, built for `wasm32v1-none`; see
//! `programs/examples/` and `docs/programs.md`. For WebAssembly, [`program!`] also provides the
//! global allocator (dlmalloc) and the panic handler, so a crate invokes it once. Natively it
//! exports nothing, and [`testing`] calls the same function in ordinary tests.
//!
//! # In other languages: the ABI, version 1
//!
//! This is the whole contract between a module and a signer.
//!
//! **Module.** At most 1,000,000 bytes of core WebAssembly 2.0 without SIMD and without multiple
//! values: the first version plus mutable globals, sign extension, non-trapping float conversion,
//! bulk memory and reference types. One memory. At most 10,000 functions, on average of 40 bytes or
//! more, with 1,024 locals (parameters not counted) and 32 parameters each; 10,000 types; 1,000
//! globals, data segments, element segments and exports; 4 tables, of 10,000 elements each; 10,000
//! elements in element segments.
//!
//! **Exports.**
//!
//! | name | type | |
//! | --- | --- | --- |
//! | `memory` | memory | input and results are passed in it |
//! | `signing_program_abi_1` | function, any type | says that the module is written for this version; never called |
//! | `alloc` | `(len: i32) -> i32` | returns the address of `len` free bytes, any alignment |
//! | `evaluate` | `(address: i32, len: i32) -> i64` | decides on the request in these bytes |
//! | `custom_hash` | `(address: i32, len: i32) -> i64` | optional: hashes the message in these bytes |
//!
//! Addresses and lengths are unsigned. Other exports are ignored. A start function is run, on the
//! evaluation's fuel; `_initialize` and the like are not called.
//!
//! **Imports.** None, but for the optional `env.log: (address: i32, len: i32) -> ()`, a debug log:
//! UTF-8 text, cut at 256 bytes, the first 16 lines of an evaluation, shown only where an operator
//! turned it on. It costs 1,000 fuel a line.
//!
//! **A call.** The signer makes a new instance, calls `alloc` with the length of the input, copies
//! the input there, and calls `evaluate` (or `custom_hash`) with that address and length. It reads
//! the result and drops the instance: nothing is kept between calls, and nothing needs to be freed.
//!
//! **Input of `evaluate`.** Numbers are 32 bits, unsigned, little-endian, as WebAssembly's own
//! loads read them; no alignment; no bytes after the end.
//!
//! | bytes | |
//! | --- | --- |
//! | 32 | requester: the sr25519 account id of who signed the request |
//! | 4 + n | message: its length, then the bytes to be hashed and signed |
//! | 4 + n | configuration of this registration's instance of the program |
//! | 1, and 4 + n after a 1 | auxiliary data: 0 for none, or 1, its length and the bytes |
//! | 4 | how many oracle values follow: one for each of the program's oracle keys, in their order |
//! | 4 + n each | an oracle value |
//!
//! **Input of `custom_hash`.** The message, nothing else.
//!
//! **Result.** The returned `i64` is `address << 32 | len`, the place of the result in memory:
//!
//! | bytes | meaning |
//! | --- | --- |
//! | `1` | from `evaluate`: yes |
//! | `1`, 32 bytes | from `custom_hash`: the hash |
//! | `0`, text | no; the UTF-8 text says why, and goes to the requester (cut at 512 bytes) |
//!
//! Anything else is a no. In particular, an all-zero result and an empty one are: a program that
//! forgets to answer does not sign.
//!
//! **Limits.** 16 MiB of memory: growing past that ends the evaluation. 512 calls deep. Fuel, a
//! parameter of the chain: roughly one unit for an instruction, ten for a call, one for 64 bytes
//! copied, filled or grown, by the module's instructions or for its start (its initial memory, its
//! own length, its input). A trap, or too much of anything, is a no.
//!
//! **Determinism.** Every signer must come to the same answer, so there is no clock, no randomness,
//! no storage and no network, and the NaNs that arithmetic makes are canonical.
//!
//! Why not SCALE or CBOR: this form takes ten lines in any language, without a library, and there
//! is one encoding of each request.
#![no_std]

extern crate alloc;

pub mod abi;
pub mod export;
mod refusal;
mod request;
pub mod testing;

pub use refusal::Refusal;
pub use request::{DecodeError, Request};

/// Writes a line to the signer's debug log: see the ABI's `env.log`. Natively, does nothing.
///
/// A program that never calls it imports nothing.
pub fn log(text: &str) {
    export::log(text);
}
