//! BABE makes blocks, GRANDPA finalizes them.

use super::{
    partial::{slot_and_time, BlockImport},
    FullClient, FullSelectChain, TransactionPool,
};
#[cfg(feature = "misbehave")]
use crate::misbehave::OmittingPool as AuthorsPool;
use sc_basic_authorship::ProposerFactory;
use sc_consensus_babe::{BabeLink, BabeParams, SlotProportion};
use sc_consensus_grandpa::{Config, GrandpaParams, LinkHalf, SharedVoterState, VotingRulesBuilder};
use sc_consensus_slots::BackoffAuthoringOnFinalizedHeadLagging;
use sc_network::{service::traits::NetworkService, types::ProtocolName, NotificationService};
use sc_network_sync::SyncingService;
use sc_service::{config::Role, Error as ServiceError, TaskManager};
use sc_telemetry::TelemetryHandle;
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use signing_runtime::{constants::MAX_BLOCK_LENGTH, OpaqueBlock as Block};
use sp_keystore::KeystorePtr;
use std::{sync::Arc, time::Duration};
use substrate_prometheus_endpoint::Registry;

/// How long GRANDPA's gossip is expected to take: the pace of its rounds.
const GOSSIP_DURATION: Duration = Duration::from_millis(333);

/// Blocks after which GRANDPA makes a justification that others can ask for, at the latest.
const JUSTIFICATION_PERIOD: u32 = 512;

/// The pool that blocks are made from.
#[cfg(not(feature = "misbehave"))]
type AuthorsPool = TransactionPool;

/// What it takes to make blocks.
pub(super) struct Authoring {
    pub(super) keystore: KeystorePtr,
    pub(super) client: Arc<FullClient>,
    pub(super) select_chain: FullSelectChain,
    pub(super) pool: Arc<AuthorsPool>,
    pub(super) block_import: BlockImport,
    pub(super) babe_link: BabeLink<Block>,
    pub(super) sync: Arc<SyncingService<Block>>,
    pub(super) force_authoring: bool,
    pub(super) prometheus: Option<Registry>,
    pub(super) telemetry: Option<TelemetryHandle>,
}

/// Starts to make blocks.
pub(super) fn spawn_babe(tasks: &TaskManager, authoring: Authoring) -> Result<(), ServiceError> {
    let mut proposer = ProposerFactory::new(
        tasks.spawn_handle(),
        authoring.client.clone(),
        authoring.pool,
        authoring.prometheus.as_ref(),
        authoring.telemetry.clone(),
    );
    // As large as the runtime allows: a program may take a megabyte.
    proposer.set_default_block_size_limit(usize::try_from(MAX_BLOCK_LENGTH).unwrap_or(usize::MAX));

    let slot_duration = authoring.babe_link.config().slot_duration();
    let babe = sc_consensus_babe::start_babe(BabeParams {
        keystore: authoring.keystore,
        client: authoring.client,
        select_chain: authoring.select_chain,
        env: proposer,
        block_import: authoring.block_import,
        sync_oracle: authoring.sync.clone(),
        justification_sync_link: authoring.sync,
        create_inherent_data_providers: slot_and_time(slot_duration),
        force_authoring: authoring.force_authoring,
        // Not ever further ahead of finality: committee and registrations count when final.
        backoff_authoring_blocks: Some(BackoffAuthoringOnFinalizedHeadLagging::default()),
        babe_link: authoring.babe_link,
        block_proposal_slot_portion: SlotProportion::new(0.5),
        max_block_proposal_slot_portion: None,
        telemetry: authoring.telemetry,
    })?;
    tasks
        .spawn_essential_handle()
        .spawn_blocking("babe-proposer", Some("block-authoring"), babe);
    Ok(())
}

/// What it takes to take part in finality.
pub(super) struct Finality {
    pub(super) role: Role,
    pub(super) name: String,
    pub(super) keystore: Option<KeystorePtr>,
    pub(super) link: LinkHalf<Block, FullClient, FullSelectChain>,
    pub(super) protocol: ProtocolName,
    pub(super) network: Arc<dyn NetworkService>,
    pub(super) sync: Arc<SyncingService<Block>>,
    pub(super) notifications: Box<dyn NotificationService>,
    pub(super) voter_state: SharedVoterState,
    pub(super) pool: Arc<TransactionPool>,
    pub(super) prometheus: Option<Registry>,
    pub(super) telemetry: Option<TelemetryHandle>,
}

/// Starts to vote on finality, or to follow the votes.
pub(super) fn spawn_grandpa(tasks: &TaskManager, finality: Finality) -> Result<(), ServiceError> {
    let voter = sc_consensus_grandpa::run_grandpa_voter(GrandpaParams {
        config: Config {
            gossip_duration: GOSSIP_DURATION,
            justification_generation_period: JUSTIFICATION_PERIOD,
            observer_enabled: false,
            local_role: finality.role,
            name: Some(finality.name),
            keystore: finality.keystore,
            telemetry: finality.telemetry.clone(),
            protocol_name: finality.protocol,
        },
        link: finality.link,
        network: finality.network,
        sync: finality.sync,
        notification_service: finality.notifications,
        voting_rule: VotingRulesBuilder::default().build(),
        prometheus_registry: finality.prometheus,
        shared_voter_state: finality.voter_state,
        telemetry: finality.telemetry,
        offchain_tx_pool_factory: OffchainTransactionPoolFactory::new(finality.pool),
    })?;
    tasks
        .spawn_essential_handle()
        .spawn_blocking("grandpa-voter", None, voter);
    Ok(())
}
