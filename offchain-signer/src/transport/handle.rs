//! How the rest of the signer uses the mesh.

use super::{
    config::Peer,
    connection::{Delivery, Outgoing},
    directory::{Directory, Topology},
    endpoint::READ_BUFFER,
    handshake::respond,
    noise::MAX_FRAME,
    slots::Slot,
    socket::{BoxedSocket, WebSocketFrames},
    stats::Stats,
};
use crate::chain::AccountId;
use axum::{
    body::Bytes,
    extract::ws::{Message, WebSocket, WebSocketUpgrade},
    response::Response,
};
use std::{collections::BTreeSet, error::Error, fmt, net::IpAddr, sync::Arc};
use tokio::{
    sync::oneshot,
    time::{timeout_at, Instant},
};

/// A message from an authenticated peer.
#[derive(Clone, Eq, PartialEq)]
pub struct Incoming {
    /// The validator that sent it.
    pub from: AccountId,
    /// What it sent: 0 to [`super::Limits::max_message`] bytes.
    pub message: Vec<u8>,
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Messages may hold parts of shares.
        f.debug_struct("Incoming")
            .field("from", &self.from)
            .field("bytes", &self.message.len())
            .finish_non_exhaustive()
    }
}

/// A message could not be sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The topology does not have this account.
    #[error("not a peer")]
    UnknownPeer,
    /// The peer was not connected by the deadline.
    #[error("the peer is not connected")]
    Unreachable,
    /// The peer is connected, but did not take the message by the deadline. If it is being written
    /// already it may still arrive.
    #[error("the peer does not read")]
    Congested,
    /// The connection broke just after the message was written: it may or may not have arrived.
    #[error("the connection broke")]
    ConnectionLost,
    /// The message is larger than the limit.
    #[error("a message of {size} bytes; the limit is {limit}")]
    TooLarge {
        /// Its size, in bytes.
        size: usize,
        /// The limit, in bytes.
        limit: usize,
    },
    /// The mesh has ended.
    #[error("the mesh has ended")]
    Ended,
}

/// A handle to a running [`super::Mesh`]; clones share it.
#[derive(Clone)]
pub struct MeshHandle {
    directory: Arc<Directory>,
}

impl fmt::Debug for MeshHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MeshHandle")
            .field("connected", &self.connected())
            .finish_non_exhaustive()
    }
}

impl MeshHandle {
    pub(crate) fn new(directory: Arc<Directory>) -> Self {
        Self { directory }
    }

    /// Says who this node is and who its peers are; an entry for itself is ignored. Peers that are
    /// new are connected to, those that are gone are disconnected, and those whose endpoint or key is
    /// another are connected to anew. Cheap, and without effect when nothing has changed.
    pub fn set_topology(&self, own: Option<AccountId>, peers: Vec<Peer>) {
        let topology = Topology::new(own, peers);
        self.directory.topology.send_if_modified(|current| {
            let changed = **current != topology;
            if changed {
                *current = Arc::new(topology);
            }
            changed
        });
    }

    /// Sends a message, waiting for the connection if there is none, until `deadline`.
    ///
    /// Resolves when the message is in the operating system's hands. Messages sent one after the
    /// other arrive in that order. A message arrives at most once.
    ///
    /// # Errors
    /// See [`SendError`].
    ///
    /// # Cancel safety
    /// When dropped, the message is not sent, unless it is being written already.
    pub async fn send(
        &self,
        to: &AccountId,
        message: impl Into<Bytes>,
        deadline: Instant,
    ) -> Result<(), SendError> {
        let message = message.into();
        let limit = self.directory.limits().max_message;
        if message.len() > limit {
            return Err(SendError::TooLarge {
                size: message.len(),
                limit,
            });
        }
        tokio::select! {
            biased;
            () = self.directory.ended.cancelled() => Err(SendError::Ended),
            sent = timeout_at(deadline, self.deliver(to, message)) => sent.unwrap_or_else(|_| {
                let connected = self.directory.connected.borrow().contains_key(to);
                Err(if connected { SendError::Congested } else { SendError::Unreachable })
            }),
        }
    }

    async fn deliver(&self, to: &AccountId, message: Bytes) -> Result<(), SendError> {
        let mut topology = self.directory.topology.subscribe();
        let mut connected = self.directory.connected.subscribe();
        loop {
            if !topology.borrow_and_update().peers.contains_key(to) {
                return Err(SendError::UnknownPeer);
            }
            let connection = connected.borrow_and_update().get(to).cloned();
            if let Some(connection) = connection {
                let (done, delivery) = oneshot::channel();
                // A connection that ends meanwhile drops the message unsent, and the wait below is
                // for the next one.
                let _ = connection
                    .queue
                    .send(Outgoing {
                        message: message.clone(),
                        done,
                    })
                    .await;
                match delivery.await {
                    Ok(Delivery::Sent) => return Ok(()),
                    Ok(Delivery::Lost) => return Err(SendError::ConnectionLost),
                    Err(_) => {}
                }
            }
            // The senders live in the directory, so `changed` fails never.
            tokio::select! {
                _ = topology.changed() => {}
                _ = connected.changed() => {}
            }
        }
    }

    /// The peers that are connected now.
    pub fn connected(&self) -> BTreeSet<AccountId> {
        self.directory.connected.borrow().keys().cloned().collect()
    }

    /// The peers that there should be a connection to.
    pub fn peers(&self) -> BTreeSet<AccountId> {
        self.directory
            .topology
            .borrow()
            .peers
            .keys()
            .cloned()
            .collect()
    }

    /// Waits until `condition` holds for the set of connected peers. Cancel-safe.
    pub async fn wait_connected(&self, mut condition: impl FnMut(&BTreeSet<AccountId>) -> bool) {
        let mut connected = self.directory.connected.subscribe();
        let holds = connected.wait_for(|now| condition(&now.keys().cloned().collect()));
        // Fails only if the directory is gone, which this handle holds.
        let _ = holds.await;
    }

    /// What the mesh has done so far.
    pub fn stats(&self) -> Stats {
        self.directory.counters.snapshot()
    }

    /// Answers `GET /ws`: upgrades the request with this module's frame limits and hands the socket
    /// to the mesh. `remote` is the address of the other side, if known; it is only used to limit
    /// unauthenticated handshakes.
    pub fn upgrade(&self, upgrade: WebSocketUpgrade, remote: Option<IpAddr>) -> Response {
        // The slot is taken now, so that half-done upgrades count too.
        let slot = self.directory.slots.take(remote);
        let handle = self.clone();
        upgrade
            .read_buffer_size(READ_BUFFER)
            .max_frame_size(MAX_FRAME)
            .max_message_size(MAX_FRAME)
            .on_upgrade(move |socket: WebSocket| async move {
                let socket = WebSocketFrames::<_, Message>::new(socket);
                handle.accept(Box::new(socket), slot).await;
            })
    }

    /// Authenticates an accepted socket and gives it to its peer's link.
    pub(crate) async fn accept(&self, socket: BoxedSocket, slot: Slot) {
        match respond(&self.directory, socket, slot).await {
            // Fails only when the mesh has ended.
            Ok(established) => drop(self.directory.accepted.send(established).await),
            Err(error) => {
                self.directory.counters.refused_handshakes.add(1);
                tracing::debug!(error = &error as &dyn Error, "refused a connection");
            }
        }
    }

    #[cfg(test)]
    pub(crate) fn slot(&self, remote: Option<IpAddr>) -> Slot {
        self.directory.slots.take(remote)
    }

    #[cfg(test)]
    pub(crate) fn handshakes(&self) -> usize {
        self.directory.slots.in_use()
    }
}
