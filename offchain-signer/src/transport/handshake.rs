//! The Noise handshake over a socket, with time limits, and the checks of who may connect.

use super::{
    config::Peer,
    connection::ConnectionError,
    directory::{dials, Directory},
    noise::{Channel, Initiator, Local, Remote, Responder},
    slots::Slot,
    socket::BoxedSocket,
};
use crate::chain::AccountId;
use axum::body::Bytes;
use futures::{SinkExt, StreamExt};
use tokio::time::timeout;

/// A socket whose other side is known.
pub(crate) struct Established {
    /// Who this node was in the handshake.
    pub(crate) own: AccountId,
    pub(crate) remote: Remote,
    pub(crate) socket: BoxedSocket,
    pub(crate) channel: Channel,
}

/// The dialling side. The caller bounds the time.
pub(crate) async fn initiate(
    local: &Local,
    peer: &Peer,
    mut socket: BoxedSocket,
) -> Result<Established, ConnectionError> {
    let remote = Remote {
        account: peer.account.clone(),
        x25519: peer.x25519,
    };
    let (initiator, hello) = Initiator::start(local, &remote)?;
    socket.send(hello.into()).await?;
    let (identified, identity) = initiator.read_reply(&receive(&mut socket).await?)?;
    socket.send(identity.into()).await?;
    let channel = identified.finish(&receive(&mut socket).await?)?;
    Ok(Established {
        own: local.account.clone(),
        remote,
        socket,
        channel,
    })
}

/// The dialled side: ends within [`super::Limits::handshake`], or when a newer handshake takes the
/// slot.
pub(crate) async fn respond(
    directory: &Directory,
    socket: BoxedSocket,
    slot: Slot,
) -> Result<Established, ConnectionError> {
    tokio::select! {
        () = slot.evicted() => Err(ConnectionError::Evicted),
        result = timeout(directory.limits().handshake, authenticate(directory, socket)) => {
            result.unwrap_or(Err(ConnectionError::HandshakeTimeout))
        }
    }
}

async fn authenticate(
    directory: &Directory,
    mut socket: BoxedSocket,
) -> Result<Established, ConnectionError> {
    let own = directory
        .topology()
        .own
        .clone()
        .ok_or(ConnectionError::NoAccount)?;
    let responder = Responder::new(&directory.local(own.clone()))?;
    let (replied, reply) = responder.read_hello(&receive(&mut socket).await?)?;
    socket.send(reply.into()).await?;
    let claim = replied.read_identity(&receive(&mut socket).await?)?;

    // The topology may have changed since; what counts is what holds now.
    let remote = claim.remote().clone();
    match directory.topology().peers.get(&remote.account) {
        None => return Err(ConnectionError::UnknownPeer),
        Some(peer) if peer.x25519 != remote.x25519 => return Err(ConnectionError::WrongKey),
        Some(_) => {}
    }
    if directory.config.conduct.is_cut_from(&remote.account) {
        return Err(ConnectionError::UnknownPeer);
    }
    if !dials(&remote.account, &own) {
        return Err(ConnectionError::WrongDirection);
    }

    let (channel, acceptance) = claim.finish()?;
    socket.send(acceptance.into()).await?;
    Ok(Established {
        own,
        remote,
        socket,
        channel,
    })
}

async fn receive(socket: &mut BoxedSocket) -> Result<Bytes, ConnectionError> {
    Ok(socket.next().await.ok_or(ConnectionError::Closed)??)
}
