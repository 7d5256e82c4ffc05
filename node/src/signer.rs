//! The signer service in this node: its flags, and its view of the chain.

mod chain;
mod cli;
mod endpoint;

pub(crate) use cli::{ResolvedSignerConfig, SignerOptions, TerminalPrompt};

use crate::service::{FullClient, TransactionPool};
use sc_service::{Error as ServiceError, TaskManager};
use sp_keystore::KeystorePtr;
use std::sync::Arc;

/// Starts the signer service in this node. If it stops, so does the node.
pub(crate) fn spawn(
    tasks: &TaskManager,
    config: ResolvedSignerConfig,
    client: Arc<FullClient>,
    pool: Arc<TransactionPool>,
    keystore: KeystorePtr,
) -> Result<(), ServiceError> {
    let (chain, follow_heads) = chain::NodeChain::new(client, pool);
    let tasks = tasks.spawn_essential_handle();
    tasks.spawn("signer-chain", Some("signer"), follow_heads);
    let _ = (config, keystore, chain);
    Ok(())
}
