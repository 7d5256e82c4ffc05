//! Authority discovery: validators find each other's addresses in the DHT.

use super::FullClient;
use futures::{Stream, StreamExt};
use sc_authority_discovery::{new_worker_and_service_with_config, Role, WorkerConfig};
use sc_network::{event::DhtEvent, service::traits::NetworkService, Event, Multiaddr};
use sc_service::{SpawnTaskHandle, TaskManager};
use sp_keystore::KeystorePtr;
use std::{path::PathBuf, pin::Pin, sync::Arc};
use substrate_prometheus_endpoint::Registry;

/// What authority discovery needs.
pub(super) struct Discovery {
    pub(super) client: Arc<FullClient>,
    pub(super) network: Arc<dyn NetworkService>,
    pub(super) keystore: KeystorePtr,
    pub(super) publish_non_global_ips: bool,
    pub(super) public_addresses: Vec<Multiaddr>,
    pub(super) cache_dir: Option<PathBuf>,
    pub(super) prometheus: Option<Registry>,
    pub(super) spawner: SpawnTaskHandle,
    pub(super) dht_events: Pin<Box<dyn Stream<Item = Event> + Send>>,
}

impl Discovery {
    /// Publishes this validator's addresses and looks up the others'.
    pub(super) fn spawn(self, tasks: &TaskManager) {
        let dht_events = self.dht_events.filter_map(|event| async move {
            match event {
                Event::Dht(event) => Some::<DhtEvent>(event),
                _ => None,
            }
        });
        let (worker, _service) = new_worker_and_service_with_config(
            WorkerConfig {
                publish_non_global_ips: self.publish_non_global_ips,
                public_addresses: self.public_addresses,
                // Records must be signed by the node that they lead to.
                strict_record_validation: true,
                persisted_cache_directory: self.cache_dir,
                ..WorkerConfig::default()
            },
            self.client,
            Arc::new(self.network),
            Box::pin(dht_events),
            Role::PublishAndDiscover(self.keystore),
            self.prometheus,
            self.spawner,
        );
        tasks.spawn_handle().spawn(
            "authority-discovery-worker",
            Some("networking"),
            worker.run(),
        );
    }
}
