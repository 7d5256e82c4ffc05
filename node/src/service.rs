//! Puts the node together.
//!
//! ```text
//! partial     client, pool, import queue: what sub-commands need as well
//! full        network, RPC, and all tasks of a running node
//! consensus   BABE, GRANDPA
//! discovery   authority discovery
//! genesis     which chain a specification is, and whether the database is that chain's
//! ```

mod consensus;
mod discovery;
mod full;
pub(crate) mod genesis;
mod partial;

pub(crate) use full::new_full;
pub(crate) use partial::new_partial;

use signing_runtime::{apis::RuntimeApi, OpaqueBlock as Block};

/// Functions that the runtime may call in the node, and in the node's benchmarks.
pub(crate) type HostFunctions = (
    sp_io::SubstrateHostFunctions,
    signing_evidence::signing_evidence_verifier::HostFunctions,
);
/// Runs the runtime.
pub(crate) type RuntimeExecutor = sc_executor::WasmExecutor<HostFunctions>;
/// The chain's client.
pub(crate) type FullClient = sc_service::TFullClient<Block, RuntimeApi, RuntimeExecutor>;
/// The database.
pub(crate) type FullBackend = sc_service::TFullBackend<Block>;
/// Which chain is best: the longest.
pub(crate) type FullSelectChain = sc_consensus::LongestChain<FullBackend, Block>;
/// Transactions that wait for a block.
pub(crate) type TransactionPool = sc_transaction_pool::TransactionPoolHandle<Block, FullClient>;
