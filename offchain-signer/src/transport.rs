//! One encrypted connection per pair of validators, kept open: the mesh.
//!
//! ```text
//!  sessions ── MeshHandle::send ──► link of the peer ──► Noise frames ──► WebSocket ──► peer
//!     ▲                                   │ dials, again and again, if this node's account id
//!     │                                   │ is the higher one; else waits to be dialled
//!     └── Incoming ◄── authenticated messages ◄── GET /ws ── MeshHandle::upgrade
//! ```
//! The mesh carries opaque messages between validators. It knows nothing of protocols and sessions.
//!
//! - **Who is who** comes from the chain: [`MeshHandle::set_topology`] says who this node is, and who
//!   its peers are. Nobody else gets further than the handshake.
//! - **Delivery**: [`MeshHandle::send`] resolves when the message is in the operating system's hands,
//!   in order, at most once. A message is lost if the connection breaks right after that; the layer
//!   above has deadlines for it.
//! - **Back-pressure**: whoever reads [`Incoming`] slowly slows its peers down. Nothing queues without
//!   a bound.
//! - **Liveness**: each side sends a frame at least every [`Limits::heartbeat`]; a side that is silent
//!   for [`Limits::dead_after`] is taken for dead, and the link is made anew.
//!
//! ```no_run
//! # use offchain_signer::transport::{Mesh, MeshConfig, Peer};
//! # use axum::{extract::{ConnectInfo, State, WebSocketUpgrade}, routing::get, Router};
//! # async fn example(config: MeshConfig, me: sp_core::crypto::AccountId32, peers: Vec<Peer>) {
//! let (handle, mut incoming, mesh) = Mesh::new(config);
//! let stop = tokio_util::sync::CancellationToken::new();
//! tokio::spawn(mesh.run(stop.clone()));
//! handle.set_topology(Some(me), peers);
//! let ws = |State(mesh): State<offchain_signer::transport::MeshHandle>,
//!           ConnectInfo(remote): ConnectInfo<std::net::SocketAddr>,
//!           upgrade: WebSocketUpgrade| async move { mesh.upgrade(upgrade, Some(remote.ip())) };
//! let app: Router = Router::new().route("/ws", get(ws)).with_state(handle.clone());
//! while let Some(message) = incoming.recv().await { /* message.from, message.message */ }
//! # }
//! ```

mod backoff;
mod config;
mod connection;
mod directory;
mod endpoint;
mod handle;
mod handshake;
mod link;
mod mesh;
mod noise;
mod slots;
mod socket;
mod stats;

pub use config::{Limits, MeshConfig, Peer};
pub use connection::ConnectionError;
pub use endpoint::DialError;
pub use handle::{Incoming, MeshHandle, SendError};
pub use mesh::Mesh;
pub use noise::{NoiseError, VERSION};
pub use socket::SocketError;
pub use stats::Stats;

#[cfg(test)]
mod tests;
