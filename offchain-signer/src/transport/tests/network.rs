//! Nodes in memory: sockets are pipes, endpoints are names, and time is tokio's paused clock.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use crate::{
    chain::AccountId,
    transport::{
        endpoint::{Dial, DialError},
        noise::{Initiator, Local, Opener, Remote, Sealer},
        socket::{BoxedSocket, Socket, SocketError},
        Incoming, Limits, Mesh, MeshConfig, MeshHandle, Peer,
    },
};
use async_trait::async_trait;
use axum::body::Bytes;
use futures::{channel::mpsc as pipes, SinkExt, StreamExt};
use sp_core::H256;
use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{sync::mpsc, task::JoinHandle, time::Instant};
use tokio_util::sync::CancellationToken;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

pub(super) const GENESIS: H256 = H256::repeat_byte(0x6e);

/// How many frames a pipe holds before its writer waits.
pub(super) const PIPE: usize = 4;

/// Both ends of a socket.
pub(super) fn pipe() -> (BoxedSocket, BoxedSocket) {
    fn end(tx: pipes::Sender<Bytes>, rx: pipes::Receiver<Bytes>) -> BoxedSocket {
        let sink = tx.sink_map_err(|error| SocketError::WebSocket(Box::new(error)));
        Box::new(Joined {
            sink,
            stream: rx.map(Ok),
        })
    }
    let (a_tx, b_rx) = pipes::channel(PIPE);
    let (b_tx, a_rx) = pipes::channel(PIPE);
    (end(a_tx, a_rx), end(b_tx, b_rx))
}

/// A sink and a stream as one thing.
struct Joined<A, B> {
    sink: A,
    stream: B,
}

mod joined {
    use super::Joined;
    use futures::{Sink, Stream};
    use std::{
        pin::Pin,
        task::{Context, Poll},
    };

    impl<A: Unpin, B: Stream + Unpin> Stream for Joined<A, B> {
        type Item = B::Item;

        fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<B::Item>> {
            Pin::new(&mut self.stream).poll_next(cx)
        }
    }

    impl<T, A: Sink<T> + Unpin, B: Unpin> Sink<T> for Joined<A, B> {
        type Error = A::Error;

        fn poll_ready(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<Result<(), A::Error>> {
            Pin::new(&mut self.sink).poll_ready(cx)
        }

        fn start_send(mut self: Pin<&mut Self>, item: T) -> Result<(), A::Error> {
            Pin::new(&mut self.sink).start_send(item)
        }

        fn poll_flush(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<Result<(), A::Error>> {
            Pin::new(&mut self.sink).poll_flush(cx)
        }

        fn poll_close(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<Result<(), A::Error>> {
            Pin::new(&mut self.sink).poll_close(cx)
        }
    }
}

pub(super) fn account(seed: u8) -> AccountId {
    AccountId::new([seed; 32])
}

pub(super) fn secret(seed: u8) -> Zeroizing<[u8; 32]> {
    Zeroizing::new([seed; 32])
}

pub(super) fn public(seed: u8) -> [u8; 32] {
    PublicKey::from(&StaticSecret::from(*secret(seed))).to_bytes()
}

/// Node `seed` as the chain describes it.
pub(super) fn peer(seed: u8) -> Peer {
    Peer {
        account: account(seed),
        endpoint: format!("node-{seed}:1"),
        x25519: public(seed),
    }
}

pub(super) fn local(seed: u8) -> Local {
    Local::new(account(seed), secret(seed), GENESIS)
}

pub(super) fn remote(seed: u8) -> Remote {
    Remote {
        account: account(seed),
        x25519: public(seed),
    }
}

pub(super) fn config(seed: u8) -> MeshConfig {
    MeshConfig {
        x25519_secret: secret(seed),
        genesis_hash: GENESIS,
        limits: Limits::default(),
        conduct: Default::default(),
    }
}

pub(super) fn in_seconds(seconds: u64) -> Instant {
    Instant::now() + Duration::from_secs(seconds)
}

/// Who listens where.
#[derive(Clone, Default)]
pub(super) struct Network {
    listening: Arc<Mutex<BTreeMap<String, MeshHandle>>>,
    dials: Arc<Mutex<Vec<Instant>>>,
}

#[async_trait]
impl Dial for Network {
    async fn dial(&self, endpoint: &str) -> Result<BoxedSocket, DialError> {
        self.dials.lock().unwrap().push(Instant::now());
        let handle = self.listening.lock().unwrap().get(endpoint).cloned();
        let handle = handle.ok_or(DialError::Tcp(io::ErrorKind::ConnectionRefused.into()))?;
        Ok(knock(&handle))
    }
}

impl Network {
    /// When somebody dialled.
    pub(super) fn dials(&self) -> Vec<Instant> {
        self.dials.lock().unwrap().clone()
    }

    /// Starts node `seed`, with the default limits and no peers yet.
    pub(super) fn start(&self, seed: u8) -> Node {
        self.start_with(seed, config(seed))
    }

    pub(super) fn start_with(&self, seed: u8, config: MeshConfig) -> Node {
        self.start_at(seed, &peer(seed).endpoint, config)
    }

    pub(super) fn start_at(&self, seed: u8, endpoint: &str, config: MeshConfig) -> Node {
        let (handle, incoming, mesh) = Mesh::with_dialer(config, Arc::new(self.clone()));
        let stop = CancellationToken::new();
        let task = tokio::spawn(mesh.run(stop.clone()));
        self.listening
            .lock()
            .unwrap()
            .insert(endpoint.to_owned(), handle.clone());
        let network = self.clone();
        Node {
            seed,
            endpoint: endpoint.to_owned(),
            handle,
            incoming,
            stop,
            task,
            network,
        }
    }

    /// Starts nodes that all know each other.
    pub(super) fn start_all(&self, seeds: &[u8]) -> Vec<Node> {
        let nodes: Vec<_> = seeds.iter().map(|seed| self.start(*seed)).collect();
        nodes.iter().for_each(|node| node.knows(seeds));
        nodes
    }
}

/// Somebody opens a socket to the node: the other end of it.
pub(super) fn knock(handle: &MeshHandle) -> BoxedSocket {
    let (ours, theirs) = pipe();
    let handle = handle.clone();
    let slot = handle.slot(None);
    tokio::spawn(async move { handle.accept(theirs, slot).await });
    ours
}

/// A running node.
pub(super) struct Node {
    pub(super) seed: u8,
    endpoint: String,
    pub(super) handle: MeshHandle,
    pub(super) incoming: mpsc::Receiver<Incoming>,
    stop: CancellationToken,
    task: JoinHandle<()>,
    network: Network,
}

impl Node {
    pub(super) fn knows(&self, seeds: &[u8]) {
        let peers = seeds.iter().map(|seed| peer(*seed)).collect();
        self.handle.set_topology(Some(account(self.seed)), peers);
    }

    /// Waits until exactly these are connected.
    pub(super) async fn connected_to(&self, seeds: &[u8]) {
        let expected = seeds.iter().map(|seed| account(*seed)).collect();
        self.handle.wait_connected(|now| *now == expected).await;
    }

    pub(super) async fn send(&self, to: u8, message: &[u8]) {
        self.handle
            .send(&account(to), message.to_vec(), in_seconds(60))
            .await
            .unwrap();
    }

    pub(super) async fn receive(&mut self) -> (AccountId, Vec<u8>) {
        let incoming = self.incoming.recv().await.unwrap();
        (incoming.from, incoming.message)
    }

    pub(super) async fn stop(self) {
        self.network
            .listening
            .lock()
            .unwrap()
            .remove(&self.endpoint);
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

/// A node of the test's own making that dials `handle`, and does on the connection what it likes.
pub(super) struct Raw {
    pub(super) socket: BoxedSocket,
    pub(super) sealer: Sealer,
    pub(super) opener: Opener,
}

impl Raw {
    /// `None` if the node closes the socket before the handshake is over.
    pub(super) async fn dial(handle: &MeshHandle, local: &Local, remote: &Remote) -> Option<Self> {
        let mut socket = knock(handle);
        let (initiator, hello) = Initiator::start(local, remote).unwrap();
        socket.send(hello.into()).await.ok()?;
        let (identified, identity) = initiator.read_reply(&next(&mut socket).await?).unwrap();
        socket.send(identity.into()).await.ok()?;
        let channel = identified.finish(&next(&mut socket).await?).unwrap();
        let (sealer, opener) = channel.split(Limits::default().max_message);
        Some(Self {
            socket,
            sealer,
            opener,
        })
    }

    /// Waits until the node closes the connection.
    pub(super) async fn closed(&mut self) {
        while next(&mut self.socket).await.is_some() {}
    }
}

pub(super) async fn next(socket: &mut (impl Socket + ?Sized)) -> Option<Bytes> {
    socket.next().await.map(Result::unwrap)
}
