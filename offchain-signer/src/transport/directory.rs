//! What the parts of the mesh share: who is who, and who is connected.

use super::{
    config::{Limits, MeshConfig, Peer},
    connection::Outgoing,
    handle::Incoming,
    handshake::Established,
    noise::Local,
    slots::Slots,
    stats::Counters,
};
use crate::chain::AccountId;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        atomic::{AtomicU64, Ordering},
        Arc, Mutex, PoisonError,
    },
};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

/// Who this node is, and whom it may talk to.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Topology {
    pub(crate) own: Option<AccountId>,
    /// Never contains `own`.
    pub(crate) peers: BTreeMap<AccountId, Peer>,
}

impl Topology {
    pub(crate) fn new(own: Option<AccountId>, peers: Vec<Peer>) -> Self {
        // Without an own account there is no one to be connected to.
        let peers = peers
            .into_iter()
            .filter(|peer| own.as_ref().is_some_and(|own| *own != peer.account))
            .map(|peer| (peer.account.clone(), peer))
            .collect();
        Self { own, peers }
    }
}

/// The direction rule: of two validators, the one with the higher account id dials.
pub(crate) fn dials(initiator: &AccountId, responder: &AccountId) -> bool {
    initiator > responder
}

/// The queue of a peer's present connection.
#[derive(Clone)]
pub(crate) struct Connected {
    /// Tells this connection from the one before and the one after.
    serial: u64,
    pub(crate) queue: mpsc::Sender<Outgoing>,
}

/// The state that handles, links and the mesh share.
pub(crate) struct Directory {
    pub(crate) config: MeshConfig,
    pub(crate) topology: watch::Sender<Arc<Topology>>,
    pub(crate) connected: watch::Sender<BTreeMap<AccountId, Connected>>,
    /// From accepted WebSockets to the mesh, after the handshake.
    pub(crate) accepted: mpsc::Sender<Established>,
    /// To whoever uses the mesh.
    pub(crate) incoming: mpsc::Sender<Incoming>,
    pub(crate) slots: Slots,
    pub(crate) counters: Counters,
    /// Set when the mesh has ended.
    pub(crate) ended: CancellationToken,
    serial: AtomicU64,
    /// Peers that were connected before, for the count of reconnects.
    seen: Mutex<BTreeSet<AccountId>>,
}

impl Directory {
    pub(crate) fn new(
        config: MeshConfig,
        accepted: mpsc::Sender<Established>,
        incoming: mpsc::Sender<Incoming>,
    ) -> Self {
        let limits = &config.limits;
        let slots = Slots::new(limits.max_handshakes, limits.max_handshakes_per_address);
        Self {
            config,
            topology: watch::Sender::default(),
            connected: watch::Sender::default(),
            accepted,
            incoming,
            slots,
            counters: Counters::default(),
            ended: CancellationToken::new(),
            serial: AtomicU64::new(0),
            seen: Mutex::default(),
        }
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.config.limits
    }

    pub(crate) fn topology(&self) -> Arc<Topology> {
        self.topology.borrow().clone()
    }

    /// This node for a handshake in which it is `account`.
    pub(crate) fn local(&self, account: AccountId) -> Local {
        Local::new(
            account,
            self.config.x25519_secret.clone(),
            self.config.genesis_hash,
        )
    }

    /// Lists `peer` as connected until the result is dropped, or replaced by a later registration.
    pub(crate) fn register(
        self: &Arc<Self>,
        peer: AccountId,
        queue: mpsc::Sender<Outgoing>,
    ) -> Registration {
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        self.counters.connections.add(1);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if !seen.insert(peer.clone()) {
            self.counters.reconnects.add(1);
        }
        // Peers that left the topology would otherwise pile up over the years.
        let topology = self.topology();
        seen.retain(|account| topology.peers.contains_key(account));
        drop(seen);
        self.connected.send_modify(|connected| {
            connected.insert(peer.clone(), Connected { serial, queue });
        });
        Registration {
            directory: self.clone(),
            peer,
            serial,
        }
    }
}

/// Keeps a peer listed as connected.
pub(crate) struct Registration {
    directory: Arc<Directory>,
    peer: AccountId,
    serial: u64,
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.directory.connected.send_if_modified(|connected| {
            let mine = connected
                .get(&self.peer)
                .is_some_and(|c| c.serial == self.serial);
            mine && connected.remove(&self.peer).is_some()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sp_core::H256;
    use zeroize::Zeroizing;

    /// An aborted link may be dropped only after its successor has connected.
    #[test]
    fn the_end_of_an_old_connection_does_not_unlist_the_new_one() {
        let config = MeshConfig {
            x25519_secret: Zeroizing::new([1; 32]),
            genesis_hash: H256::zero(),
            limits: Limits::default(),
            conduct: Default::default(),
        };
        let (accepted, incoming) = (mpsc::channel(1).0, mpsc::channel(1).0);
        let directory = Arc::new(Directory::new(config, accepted, incoming));
        let peer = AccountId::new([2; 32]);
        let listed = || directory.connected.borrow().contains_key(&peer);
        let old = directory.register(peer.clone(), mpsc::channel(1).0);
        let new = directory.register(peer.clone(), mpsc::channel(1).0);
        drop(old);
        assert!(listed());
        drop(new);
        assert!(!listed());
    }
}
