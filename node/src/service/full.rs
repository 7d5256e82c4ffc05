//! A running node: network, RPC and all tasks.

use super::{
    consensus::{self, Authoring, Finality},
    discovery,
    partial::Partial,
};
use crate::{
    rpc::RpcParts,
    signer::{self, ResolvedSignerConfig},
};
use futures::FutureExt;
use sc_client_api::Backend;
use sc_consensus_grandpa::{FinalityProofProvider, SharedVoterState};
use sc_network::{
    config::{FullNetworkConfiguration, NetworkBackendType},
    Litep2pNetworkBackend, NetworkBackend, NetworkEventStream, NetworkWorker,
};
use sc_service::{
    BuildNetworkParams, Configuration, Error as ServiceError, SpawnTasksParams, TaskManager,
    WarpSyncConfig,
};
use sc_telemetry::Telemetry;
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use signing_runtime::{Hash, OpaqueBlock as Block};
use std::sync::Arc;

/// Starts a node, with the signer service inside if `signer` is given. The node runs until the
/// task manager is dropped or one of its essential tasks ends.
pub(crate) async fn new_full(
    config: Configuration,
    signer: Option<ResolvedSignerConfig>,
) -> Result<TaskManager, ServiceError> {
    match config.network.network_backend {
        NetworkBackendType::Libp2p => start::<NetworkWorker<Block, Hash>>(config, signer).await,
        NetworkBackendType::Litep2p => start::<Litep2pNetworkBackend>(config, signer).await,
    }
}

async fn start<N: NetworkBackend<Block, Hash>>(
    config: Configuration,
    signer: Option<ResolvedSignerConfig>,
) -> Result<TaskManager, ServiceError> {
    let Partial {
        client,
        backend,
        mut task_manager,
        import_queue,
        keystore,
        select_chain,
        pool,
        block_import,
        babe_link,
        babe_worker,
        grandpa_link,
        mut telemetry,
    } = super::new_partial(&config)?;
    let genesis_hash = sc_client_api::HeaderBackend::info(&*client).genesis_hash;

    let role = config.role;
    let name = config.network.node_name.clone();
    let prometheus = config.prometheus_registry().cloned();

    let mut net_config = FullNetworkConfiguration::<Block, Hash, N>::new(
        &config.network,
        config
            .prometheus_config
            .as_ref()
            .map(|prometheus| prometheus.registry.clone()),
    );
    let metrics = N::register_notification_metrics(config.prometheus_registry());
    let grandpa_protocol =
        sc_consensus_grandpa::protocol_standard_name(&genesis_hash, &config.chain_spec);
    let (grandpa_network_config, grandpa_notifications) =
        sc_consensus_grandpa::grandpa_peers_set_config::<_, N>(
            grandpa_protocol.clone(),
            metrics.clone(),
            net_config.peer_store_handle(),
        );
    net_config.add_notification_protocol(grandpa_network_config);
    let warp_sync = Arc::new(sc_consensus_grandpa::warp_proof::NetworkProvider::new(
        backend.clone(),
        grandpa_link.shared_authority_set().clone(),
        Vec::new(),
    ));

    let (network, system_rpc_tx, tx_handler_controller, sync, _bitswap) =
        sc_service::build_network(BuildNetworkParams {
            config: &config,
            net_config,
            client: client.clone(),
            transaction_pool: pool.clone(),
            spawn_handle: task_manager.spawn_handle(),
            spawn_essential_handle: task_manager.spawn_essential_handle(),
            import_queue,
            block_announce_validator_builder: None,
            warp_sync_config: Some(WarpSyncConfig::WithProvider(warp_sync)),
            block_relay: None,
            metrics,
            gap_sync_body_policy: None,
        })?;

    if config.offchain_worker.enabled {
        let workers = sc_offchain::OffchainWorkers::new(sc_offchain::OffchainWorkerOptions {
            runtime_api_provider: client.clone(),
            is_validator: role.is_authority(),
            keystore: Some(keystore.keystore()),
            offchain_db: backend.offchain_storage(),
            transaction_pool: Some(OffchainTransactionPoolFactory::new(pool.clone())),
            network_provider: Arc::new(network.clone()),
            enable_http_requests: false,
            custom_extensions: |_| vec![],
        })?;
        task_manager.spawn_handle().spawn(
            "offchain-workers",
            "offchain-worker",
            workers
                .run(client.clone(), task_manager.spawn_handle())
                .boxed(),
        );
    }

    #[cfg(feature = "misbehave")]
    let conduct = signer.as_ref().map(|signer| signer.conduct.clone());
    #[cfg(feature = "misbehave")]
    let authors_pool = Arc::new(crate::misbehave::OmittingPool::new(
        pool.clone(),
        conduct.clone().unwrap_or_default(),
        keystore.keystore(),
    ));
    #[cfg(feature = "misbehave")]
    task_manager.spawn_handle().spawn(
        "cut-off",
        None,
        crate::misbehave::stay_cut_off(conduct.unwrap_or_default(), network.clone(), sync.clone()),
    );
    #[cfg(not(feature = "misbehave"))]
    let authors_pool = pool.clone();
    let authoring = role.is_authority().then(|| Authoring {
        keystore: keystore.keystore(),
        client: client.clone(),
        select_chain: select_chain.clone(),
        pool: authors_pool,
        block_import,
        babe_link,
        sync: sync.clone(),
        force_authoring: config.force_authoring,
        prometheus: prometheus.clone(),
        telemetry: telemetry.as_ref().map(Telemetry::handle),
    });
    let voter_state = SharedVoterState::empty();
    let rpc = RpcParts {
        client: client.clone(),
        pool: pool.clone(),
        select_chain,
        keystore: keystore.keystore(),
        babe_worker,
        grandpa_authorities: grandpa_link.shared_authority_set().clone(),
        grandpa_voter_state: voter_state.clone(),
        justifications: grandpa_link.justification_stream(),
        finality_proofs: FinalityProofProvider::new_for_service(
            backend.clone(),
            Some(grandpa_link.shared_authority_set().clone()),
        ),
    };
    let finality = (!config.disable_grandpa).then(|| Finality {
        role,
        name,
        // Only validators vote; the others follow.
        keystore: role.is_authority().then(|| keystore.keystore()),
        link: grandpa_link,
        protocol: grandpa_protocol,
        network: network.clone(),
        sync: sync.clone(),
        notifications: grandpa_notifications,
        voter_state,
        pool: pool.clone(),
        prometheus: prometheus.clone(),
        telemetry: telemetry.as_ref().map(Telemetry::handle),
    });
    let discovery = role.is_authority().then(|| {
        discovery::Discovery {
            client: client.clone(),
            network: network.clone(),
            keystore: keystore.keystore(),
            // A live chain's validators are not found at private addresses.
            publish_non_global_ips: config.network.allow_non_globals_in_dht,
            public_addresses: config.network.public_addresses.clone(),
            cache_dir: config.network.net_config_path.clone(),
            prometheus: prometheus.clone(),
            spawner: task_manager.spawn_handle(),
            dht_events: Box::pin(network.event_stream("authority-discovery")),
        }
    });

    sc_service::spawn_tasks(SpawnTasksParams {
        config,
        client: client.clone(),
        backend,
        task_manager: &mut task_manager,
        keystore: keystore.keystore(),
        transaction_pool: pool.clone(),
        rpc_builder: Box::new(move |executor| rpc.clone().module(executor)),
        network,
        system_rpc_tx,
        tx_handler_controller,
        sync_service: sync.clone(),
        telemetry: telemetry.as_mut(),
        tracing_execute_block: None,
    })?;

    if let Some(authoring) = authoring {
        consensus::spawn_babe(&task_manager, authoring)?;
    }
    if let Some(discovery) = discovery {
        discovery.spawn(&task_manager);
    }
    if let Some(finality) = finality {
        consensus::spawn_grandpa(&task_manager, finality)?;
    }
    if let Some(signer) = signer {
        signer::spawn(
            &task_manager,
            signer,
            client,
            pool,
            sync,
            keystore.local_keystore(),
            prometheus,
        )
        .await?;
    }
    Ok(task_manager)
}
