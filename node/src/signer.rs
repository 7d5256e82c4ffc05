//! The signer service in this node: its flags, its view of the chain, and the commands for its key
//! store.

mod chain;
mod cli;
mod commands;
mod endpoint;
mod keystore;
mod password;

pub(crate) use cli::{ResolvedSignerConfig, SignerOptions};
pub(crate) use commands::{kept_by_purge, SignerCmd};
pub(crate) use password::TerminalPrompt;

use crate::service::{FullClient, TransactionPool};
use offchain_signer::{
    key_store::Password,
    metrics::Metrics,
    service::{SignerConfig, SignerService},
};
use sc_keystore::LocalKeystore;
use sc_network_sync::SyncingService;
use sc_service::{Error as ServiceError, TaskManager};
use signing_runtime::OpaqueBlock as Block;
use sp_keystore::KeystorePtr;
use std::{fmt, sync::Arc};
use substrate_prometheus_endpoint::Registry;
use tokio_util::sync::CancellationToken;

/// The key store's file, in the signer's directory.
const STORE_FILE: &str = "key-store.redb";

/// Starts the signer service in this node. If it stops, so does the node.
pub(crate) async fn spawn(
    tasks: &TaskManager,
    config: ResolvedSignerConfig,
    client: Arc<FullClient>,
    pool: Arc<TransactionPool>,
    sync: Arc<SyncingService<Block>>,
    keystore: Arc<LocalKeystore>,
    prometheus: Option<Registry>,
) -> Result<(), ServiceError> {
    let metrics = Metrics::register(prometheus.as_ref())
        .map_err(|error| ServiceError::Application(Box::new(error)))?;
    let keystore: KeystorePtr = Arc::new(keystore::ReadyKeystore::new(keystore));
    let (chain, follow_heads) = chain::NodeChain::new(client, pool, sync, metrics.clone());
    let config = SignerConfig {
        listen: config.listen,
        public_endpoint: config.public_endpoint.map(|endpoint| endpoint.to_string()),
        key_store: config.dir.join(STORE_FILE),
        password: Password::from(config.password),
        version: env!("SUBSTRATE_CLI_IMPL_VERSION").into(),
        metrics,
        conduct: config.conduct,
    };
    #[cfg(feature = "misbehave")]
    let chain = crate::misbehave::conducted(tasks, chain, &config.conduct, &keystore);
    let service = SignerService::start(config, chain, keystore)
        .await
        .map_err(|error| ServiceError::Application(Box::new(error)))?;
    let address = service.local_addr()?;
    log::info!("✍️  Signer listens on http://{address}");
    let tasks = tasks.spawn_essential_handle();
    tasks.spawn("signer-chain", Some("signer"), follow_heads);
    tasks.spawn("signer", Some("signer"), async move {
        // The task manager drops this future when the node stops: all of the service goes with it.
        if let Err(error) = service.run(CancellationToken::new()).await {
            log::error!("The signer service failed: {}", WithSources(&error));
        }
    });
    Ok(())
}

/// An error with its sources, for the log.
struct WithSources<'a>(&'a dyn std::error::Error);

impl fmt::Display for WithSources<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}
