//! What the mesh is told: this node's keys, its limits, and its peers.

use crate::{chain::AccountId, conduct::Conduct};
use sp_core::H256;
use std::{fmt, time::Duration};
use zeroize::Zeroizing;

/// Another validator, as the chain describes it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Peer {
    /// Its account.
    pub account: AccountId,
    /// Where its signer listens: `host:port`.
    pub endpoint: String,
    /// Its x25519 public key, which is its Noise static key.
    pub x25519: [u8; 32],
}

/// What a node brings to the mesh. Its account comes later, from the chain.
#[derive(Clone)]
pub struct MeshConfig {
    /// The node's x25519 secret key.
    pub x25519_secret: Zeroizing<[u8; 32]>,
    /// The chain: nodes of different chains cannot connect.
    pub genesis_hash: H256,
    /// Bounds and periods.
    pub limits: Limits,
    /// With whom there is to be no connection.
    pub conduct: Conduct,
}

impl fmt::Debug for MeshConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MeshConfig")
            .field("genesis_hash", &self.genesis_hash)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// Every bound and period of the transport. All nodes of a network should use the same
/// `max_message`, `heartbeat` and `dead_after`.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The largest message, in bytes. The largest protocol messages are those of AuxGen, some hundred
    /// kB a piece, and may exceed 1 MB with large committees; 4 MiB leaves room.
    pub max_message: usize,
    /// Received messages that wait for the reader, over all peers. With `max_message` it bounds what
    /// hostile peers can make this node hold: 16 × 4 MiB, plus one unfinished message per peer.
    pub incoming: usize,
    /// Messages to one peer that wait for the connection's writer. Senders beyond it wait with their
    /// message, so it only needs to keep the writer busy.
    pub outgoing: usize,
    /// Handshakes of unauthenticated connections at a time. When one more comes, the oldest gives
    /// way: an honest one takes milliseconds, so those who stall go first.
    pub max_handshakes: usize,
    /// The same for each remote address (IPv6: each /64), so that one host cannot take all of them.
    pub max_handshakes_per_address: usize,
    /// How long a handshake may take on the dialled side.
    pub handshake: Duration,
    /// How long a dial may take altogether: name look-up, TCP, WebSocket and handshake.
    pub dial: Duration,
    /// A connection that has had nothing else to send for so long sends a heartbeat.
    pub heartbeat: Duration,
    /// A connection on which nothing arrived for so long is dead. Several heartbeats long.
    pub dead_after: Duration,
    /// The pause after the first failed dial; it doubles with each further one.
    pub backoff_min: Duration,
    /// The longest pause between dials, and so about how late a restarted peer is found.
    pub backoff_max: Duration,
    /// A connection that lasted so long counts as good: the next dial starts with the shortest pause.
    /// A shorter one does not, so that two nodes with one key do not oust each other in a tight loop.
    pub stable_after: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_message: 4 << 20,
            incoming: 16,
            outgoing: 16,
            max_handshakes: 64,
            max_handshakes_per_address: 16,
            handshake: Duration::from_secs(5),
            dial: Duration::from_secs(5),
            heartbeat: Duration::from_secs(5),
            dead_after: Duration::from_secs(16),
            backoff_min: Duration::from_millis(100),
            backoff_max: Duration::from_secs(5),
            stable_after: Duration::from_secs(10),
        }
    }
}
