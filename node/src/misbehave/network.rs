//! A node whose chain stops: it has no connection with other chain nodes, and makes no blocks alone.

use offchain_signer::{conduct::Conduct, misbehave::Way};
use sc_network::{service::traits::NetworkService, NetworkPeers, PeerId, ReputationChange};
use sc_network_sync::SyncingService;
use signing_runtime::OpaqueBlock as Block;
use std::{collections::HashSet, sync::Arc, time::Duration};
use tokio::time::sleep;

/// How often is looked.
const PERIOD: Duration = Duration::from_millis(500);
/// What makes a peer banned, for a minute: no connection from it or to it is kept.
const BAN: ReputationChange = ReputationChange::new_fatal("misbehaving: cut off");
/// What makes it welcome again at once.
const PARDON: ReputationChange = ReputationChange::new(i32::MAX, "misbehaving: no longer cut off");

/// Bans all peers, for as long as this is what the node does. Never ends.
pub(crate) async fn stay_cut_off(
    conduct: Conduct,
    network: Arc<dyn NetworkService>,
    sync: Arc<SyncingService<Block>>,
) {
    let mut banned = HashSet::<PeerId>::new();
    loop {
        if conduct.does(&Way::CutChain) {
            let connected = sync.peers_info().await.unwrap_or_default();
            for (peer, _) in connected {
                log::warn!("⚠️  Misbehaving: cuts the chain node {peer} off");
                banned.insert(peer);
            }
            // Also those that are gone: they would come back.
            for peer in &banned {
                network.report_peer(*peer, BAN);
            }
        } else {
            for peer in std::mem::take(&mut banned) {
                network.report_peer(peer, PARDON);
            }
        }
        sleep(PERIOD).await;
    }
}
