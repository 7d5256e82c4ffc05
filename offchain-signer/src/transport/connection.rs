//! One authenticated connection, from its first message to its end.

use super::{
    directory::Directory,
    endpoint::DialError,
    handle::Incoming,
    handshake::Established,
    noise::{fragments, FrameKind, NoiseError, Opened, Opener, Sealer},
    socket::{Socket, SocketError},
};
use crate::chain::AccountId;
use axum::body::Bytes;
use futures::{stream::SplitStream, Sink, SinkExt, StreamExt};
use std::convert::Infallible;
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

/// Why a connection did not come about, or ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectionError {
    /// The peer's endpoint could not be reached.
    #[error("cannot dial")]
    Dial(#[from] DialError),
    /// Dialling took too long.
    #[error("dialling took too long")]
    DialTimeout,
    /// The handshake took too long.
    #[error("the handshake took too long")]
    HandshakeTimeout,
    /// A newer handshake took this one's place.
    #[error("pushed out by a newer handshake")]
    Evicted,
    /// This node has no account yet, so no peer can know it.
    #[error("this node is no validator yet")]
    NoAccount,
    /// The account is not among the peers.
    #[error("not a peer")]
    UnknownPeer,
    /// The account is a peer, but has another x25519 key.
    #[error("not the peer's key")]
    WrongKey,
    /// The account is a peer, but it is this node that dials.
    #[error("the peer must not dial, but be dialled")]
    WrongDirection,
    /// The peer broke the Noise protocol or a limit.
    #[error(transparent)]
    Noise(#[from] NoiseError),
    /// The socket failed.
    #[error(transparent)]
    Socket(#[from] SocketError),
    /// The peer closed the connection.
    #[error("closed by the peer")]
    Closed,
    /// Nothing arrived for [`super::Limits::dead_after`].
    #[error("the peer is silent")]
    Silent,
    /// The peer has made a new connection in place of this one.
    #[error("replaced by a newer connection")]
    Replaced,
    /// Nobody receives messages any more.
    #[error("the mesh has ended")]
    Ended,
}

/// A message to a peer.
pub(crate) struct Outgoing {
    pub(crate) message: Bytes,
    /// Says how it went. Dropped without a word when nothing of it can have been understood, so that
    /// the sender may try again.
    pub(crate) done: oneshot::Sender<Delivery>,
}

/// What became of a message whose last frame was given to the connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Delivery {
    /// It is in the operating system's hands.
    Sent,
    /// The connection broke; it may or may not have arrived.
    Lost,
}

/// Reports [`Delivery::Lost`] unless told otherwise, even when the connection is dropped in the
/// middle of a write.
struct InDoubt(Option<oneshot::Sender<Delivery>>);

impl InDoubt {
    fn sent(mut self) {
        if let Some(done) = self.0.take() {
            let _ = done.send(Delivery::Sent);
        }
    }
}

impl Drop for InDoubt {
    fn drop(&mut self) {
        if let Some(done) = self.0.take() {
            let _ = done.send(Delivery::Lost);
        }
    }
}

/// Carries messages both ways until the connection fails. Dropping the future closes it.
///
/// Reading and writing do not wait for each other: two nodes that send each other more than the
/// sockets buffer would otherwise both wait for ever.
pub(crate) async fn carry(
    directory: &Directory,
    established: Established,
    queue: mpsc::Receiver<Outgoing>,
) -> ConnectionError {
    let Established {
        remote,
        socket,
        channel,
        ..
    } = established;
    let (sealer, opener) = channel.split(directory.limits().max_message);
    let (sink, stream) = socket.split();
    let ended = tokio::select! {
        ended = read(directory, remote.account, stream, opener) => ended,
        ended = write(directory, sink, sealer, queue) => ended,
    };
    match ended {
        Err(error) => error,
        Ok(never) => match never {},
    }
}

async fn read(
    directory: &Directory,
    from: AccountId,
    mut stream: SplitStream<Box<dyn Socket>>,
    mut opener: Opener,
) -> Result<Infallible, ConnectionError> {
    loop {
        // Only waiting for the peer counts as its silence, not waiting for our own reader below.
        let frame = timeout(directory.limits().dead_after, stream.next())
            .await
            .map_err(|_| ConnectionError::Silent)?
            .ok_or(ConnectionError::Closed)??;
        directory.counters.bytes_in.add(frame.len());
        if let Opened::Message(message) = opener.open(&frame)? {
            directory.counters.messages_in.add(1);
            let incoming = Incoming {
                from: from.clone(),
                message,
            };
            // Back-pressure: while this waits, nothing is read from the peer.
            directory
                .incoming
                .send(incoming)
                .await
                .map_err(|_| ConnectionError::Ended)?;
        }
    }
}

async fn write<S>(
    directory: &Directory,
    mut sink: S,
    mut sealer: Sealer,
    mut queue: mpsc::Receiver<Outgoing>,
) -> Result<Infallible, ConnectionError>
where
    S: Sink<Bytes, Error = SocketError> + Unpin,
{
    let counters = &directory.counters;
    loop {
        let Ok(next) = timeout(directory.limits().heartbeat, queue.recv()).await else {
            let frame = sealer.seal(FrameKind::Heartbeat, &[])?;
            counters.bytes_out.add(frame.len());
            sink.send(frame.into()).await?;
            continue;
        };
        let Outgoing { message, done } = next.ok_or(ConnectionError::Replaced)?;
        if done.is_closed() {
            // The sender has given up on it.
            continue;
        }
        let mut done = Some(done);
        let mut in_doubt = InDoubt(None);
        for (kind, body) in fragments(&message) {
            let frame = sealer.seal(kind, body)?;
            counters.bytes_out.add(frame.len());
            if kind == FrameKind::LastPart {
                in_doubt.0 = done.take();
            }
            sink.feed(frame.into()).await?;
        }
        sink.flush().await?;
        counters.messages_out.add(1);
        in_doubt.sent();
    }
}
