//! The service: one link per peer, as the topology says.

use super::{
    config::{MeshConfig, Peer},
    directory::{Directory, Topology},
    endpoint::{Dial, WebSocketDialer},
    handle::{Incoming, MeshHandle},
    handshake::Established,
    link::Link,
};
use crate::chain::AccountId;
use std::{
    collections::{btree_map::Entry, BTreeMap},
    sync::Arc,
};
use tokio::{
    sync::mpsc,
    task::{AbortHandle, JoinSet},
};
use tokio_util::sync::CancellationToken;

/// Accepted connections on their way to their link. They pass at once; the bound only covers bursts.
const ACCEPTED: usize = 16;

/// Keeps the connections to all peers. Driven by [`Mesh::run`], used through [`MeshHandle`].
pub struct Mesh {
    directory: Arc<Directory>,
    dialer: Arc<dyn Dial>,
    accepted: mpsc::Receiver<Established>,
    /// Who this node was when the links were made.
    own: Option<AccountId>,
    links: BTreeMap<AccountId, Running>,
    tasks: JoinSet<()>,
}

/// A link that runs.
struct Running {
    peer: Peer,
    accepted: mpsc::Sender<Established>,
    task: AbortHandle,
}

impl Mesh {
    /// A mesh without peers, the handle to use it with, and what arrives from peers.
    pub fn new(config: MeshConfig) -> (MeshHandle, mpsc::Receiver<Incoming>, Self) {
        Self::with_dialer(config, Arc::new(WebSocketDialer))
    }

    pub(crate) fn with_dialer(
        config: MeshConfig,
        dialer: Arc<dyn Dial>,
    ) -> (MeshHandle, mpsc::Receiver<Incoming>, Self) {
        let (to_mesh, accepted) = mpsc::channel(ACCEPTED);
        let (to_user, incoming) = mpsc::channel(config.limits.incoming.max(1));
        let directory = Arc::new(Directory::new(config, to_mesh, to_user));
        let mesh = Self {
            directory: directory.clone(),
            dialer,
            accepted,
            own: None,
            links: BTreeMap::new(),
            tasks: JoinSet::new(),
        };
        (MeshHandle::new(directory), incoming, mesh)
    }

    /// Runs until `stop`, then closes every connection.
    pub async fn run(mut self, stop: CancellationToken) {
        // Also when this future is dropped: senders must not wait for a mesh that is gone.
        let _ended = self.directory.ended.clone().drop_guard();
        let mut topology = self.directory.topology.subscribe();
        topology.mark_changed();
        loop {
            tokio::select! {
                // In this order, so that a connection that the newest topology allows finds its link.
                biased;
                () = stop.cancelled() => break,
                Ok(()) = topology.changed() => {
                    let current = topology.borrow_and_update().clone();
                    self.reconcile(&current);
                }
                Some(established) = self.accepted.recv() => self.assign(established),
                Some(ended) = self.tasks.join_next() => {
                    if ended.is_err_and(|error| error.is_panic()) {
                        // A link never ends by itself, so this is a defect of ours. Start it anew.
                        tracing::error!("a link has panicked");
                        self.links.retain(|_, link| !link.task.is_finished());
                        let current = self.directory.topology();
                        self.reconcile(&current);
                    }
                }
            }
        }
        self.tasks.shutdown().await;
    }

    /// Ends the links that the topology does not have, or has otherwise, and starts those missing.
    fn reconcile(&mut self, topology: &Topology) {
        let same_own = self.own == topology.own;
        self.links.retain(|account, link| {
            let keep = same_own && topology.peers.get(account) == Some(&link.peer);
            if !keep {
                link.task.abort();
            }
            keep
        });
        self.own.clone_from(&topology.own);
        let Some(own) = &self.own else { return };
        for (account, peer) in &topology.peers {
            let Entry::Vacant(vacant) = self.links.entry(account.clone()) else {
                continue;
            };
            let (sender, accepted) = mpsc::channel(1);
            let link = Link {
                directory: self.directory.clone(),
                dialer: self.dialer.clone(),
                own: own.clone(),
                peer: peer.clone(),
                accepted,
            };
            let task = self.tasks.spawn(link.run());
            vacant.insert(Running {
                peer: peer.clone(),
                accepted: sender,
                task,
            });
        }
    }

    /// Gives an accepted connection to its peer's link. The topology may have changed since its
    /// handshake; then it is dropped, and the peer dials again if it still should.
    fn assign(&self, established: Established) {
        let link = self
            .links
            .get(&established.remote.account)
            .filter(|link| link.peer.x25519 == established.remote.x25519)
            .filter(|_| self.own.as_ref() == Some(&established.own));
        if let Some(link) = link {
            // Full only if the peer connects faster than the link's task is run.
            let _ = link.accepted.try_send(established);
        }
    }
}
