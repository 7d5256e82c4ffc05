//! The node of the signing network: a chain node with the signer service inside.
//!
//! ```text
//! cli, command   arguments, sub-commands
//! chain_spec     the chains that the node knows by name
//! service        client, pool, network, BABE, GRANDPA, authority discovery
//! rpc            what the JSON-RPC server answers beside the standard methods
//! check_evidence the sub-command `check-evidence`
//! genesis        the sub-command `genesis`
//! benchmark      the sub-command `benchmark` (feature `runtime-benchmarks`)
//! signer         the signer service's flags and its view of the chain
//! ```
#![forbid(unsafe_code)]
// The errors of sc-cli and sc-service are that large; they end the process.
#![allow(clippy::result_large_err)]

#[cfg(feature = "runtime-benchmarks")]
mod benchmark;
mod chain_spec;
mod check_evidence;
mod cli;
mod command;
mod genesis;
mod rpc;
mod service;
mod signer;

use std::process::ExitCode;

// Nothing in this binary can misbehave, whatever it is built with.
#[cfg(feature = "misbehave")]
compile_error!("signing-node is not built with the feature `misbehave`: name the binary signing-node-misbehaving");
const _: () = assert!(
    !offchain_signer::conduct::CAN_MISBEHAVE,
    "signing-node is built with an offchain-signer that can misbehave"
);

fn main() -> ExitCode {
    match command::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
