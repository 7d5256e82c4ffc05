//! The parts of a node that sub-commands need as well: client, pool and import queue.

use super::{genesis, FullBackend, FullClient, FullSelectChain, RuntimeExecutor, TransactionPool};
use sc_client_api::HeaderBackend;
use sc_consensus::DefaultImportQueue;
use sc_consensus_babe::{BabeBlockImport, BabeLink, BabeWorkerHandle};
use sc_consensus_grandpa::{GrandpaBlockImport, LinkHalf};
use sc_service::{
    Configuration, Error as ServiceError, GenesisBlockBuilder, KeystoreContainer, TaskManager,
};
use sc_telemetry::{Telemetry, TelemetryWorker};
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use signing_runtime::OpaqueBlock as Block;
use sp_consensus_babe::{inherents::BabeCreateInherentDataProviders, SlotDuration};
use std::sync::Arc;

/// Blocks after which GRANDPA's import asks for a justification, at the latest.
const JUSTIFICATION_PERIOD: u32 = 512;

/// Buffered telemetry messages; more are dropped.
const TELEMETRY_BUFFER: usize = 16;

/// GRANDPA's part of the block import.
type FinalityImport = GrandpaBlockImport<FullBackend, Block, FullClient, FullSelectChain>;

/// What every block passes through: BABE's checks, then GRANDPA's.
pub(super) type BlockImport = BabeBlockImport<
    Block,
    FullClient,
    FinalityImport,
    BabeCreateInherentDataProviders<Block>,
    FullSelectChain,
>;

/// See [`new_partial`].
pub(crate) struct Partial {
    pub(crate) client: Arc<FullClient>,
    pub(crate) backend: Arc<FullBackend>,
    pub(crate) task_manager: TaskManager,
    pub(crate) import_queue: DefaultImportQueue<Block>,
    pub(crate) keystore: KeystoreContainer,
    pub(crate) select_chain: FullSelectChain,
    pub(crate) pool: Arc<TransactionPool>,
    pub(super) block_import: BlockImport,
    pub(super) babe_link: BabeLink<Block>,
    pub(super) babe_worker: BabeWorkerHandle<Block>,
    pub(super) grandpa_link: LinkHalf<Block, FullClient, FullSelectChain>,
    pub(super) telemetry: Option<Telemetry>,
}

/// Opens the database and makes the parts that do not need the network.
pub(crate) fn new_partial(config: &Configuration) -> Result<Partial, ServiceError> {
    let telemetry = config
        .telemetry_endpoints
        .clone()
        .filter(|endpoints| !endpoints.is_empty())
        .map(|endpoints| -> Result<_, sc_telemetry::Error> {
            let worker = TelemetryWorker::new(TELEMETRY_BUFFER)?;
            let telemetry = worker.handle().new_telemetry(endpoints);
            Ok((worker, telemetry))
        })
        .transpose()?;

    let executor: RuntimeExecutor = sc_service::new_wasm_executor(&config.executor);
    let backend = sc_service::new_db_backend(config.db_config())?;
    let storage = genesis::storage_of(&*config.chain_spec)?;
    let expected = genesis::hash_with(storage.clone())?;
    let genesis_block = GenesisBlockBuilder::new_with_storage(
        storage,
        !config.no_genesis(),
        backend.clone(),
        executor.clone(),
    )?;
    let (client, backend, keystore, task_manager) =
        sc_service::new_full_parts_with_genesis_builder(
            config,
            telemetry.as_ref().map(|(_, telemetry)| telemetry.handle()),
            executor,
            backend,
            genesis_block,
            false,
        )?;
    let client: Arc<FullClient> = Arc::new(client);
    genesis::check(config, client.info().genesis_hash, expected)?;

    let telemetry = telemetry.map(|(worker, telemetry)| {
        task_manager
            .spawn_handle()
            .spawn("telemetry", None, worker.run());
        telemetry
    });

    let select_chain = sc_consensus::LongestChain::new(backend.clone());

    let pool = Arc::from(
        sc_transaction_pool::Builder::new(
            task_manager.spawn_essential_handle(),
            client.clone(),
            config.role.is_authority().into(),
        )
        .with_options(config.transaction_pool.clone())
        .with_prometheus(config.prometheus_registry())
        .build(),
    );

    let (finality_import, grandpa_link) = sc_consensus_grandpa::block_import(
        client.clone(),
        JUSTIFICATION_PERIOD,
        &client,
        select_chain.clone(),
        telemetry.as_ref().map(Telemetry::handle),
    )?;
    let justification_import = finality_import.clone();

    let babe_config = sc_consensus_babe::configuration(&*client)?;
    let slot_duration = babe_config.slot_duration();
    let (block_import, babe_link) = sc_consensus_babe::block_import(
        babe_config,
        finality_import,
        client.clone(),
        slot_and_time(slot_duration),
        select_chain.clone(),
        OffchainTransactionPoolFactory::new(pool.clone()),
    )?;

    let (import_queue, babe_worker) =
        sc_consensus_babe::import_queue(sc_consensus_babe::ImportQueueParams {
            link: babe_link.clone(),
            block_import: block_import.clone(),
            justification_import: Some(Box::new(justification_import)),
            client: client.clone(),
            slot_duration,
            spawner: &task_manager.spawn_essential_handle(),
            registry: config.prometheus_registry(),
            telemetry: telemetry.as_ref().map(Telemetry::handle),
        })?;

    Ok(Partial {
        client,
        backend,
        task_manager,
        import_queue,
        keystore,
        select_chain,
        pool,
        block_import,
        babe_link,
        babe_worker,
        grandpa_link,
        telemetry,
    })
}

/// What a block says of itself by inherents: its slot and its time.
pub(super) fn slot_and_time(slot_duration: SlotDuration) -> BabeCreateInherentDataProviders<Block> {
    Arc::new(move |_parent, ()| async move {
        let time = sp_timestamp::InherentDataProvider::from_system_time();
        let slot =
            sp_consensus_babe::inherents::InherentDataProvider::from_timestamp_and_slot_duration(
                *time,
                slot_duration,
            );
        Ok((slot, time))
    })
}
