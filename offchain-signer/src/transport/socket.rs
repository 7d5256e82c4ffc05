//! Binary frames over whatever carries them: an accepted WebSocket of axum, a dialled one of
//! tokio-tungstenite, or a pipe in tests.

use axum::body::Bytes;
use futures::{Sink, Stream};
use std::{
    error::Error,
    marker::PhantomData,
    pin::Pin,
    task::{ready, Context, Poll},
};

/// The WebSocket below failed or broke the rules.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SocketError {
    /// The WebSocket layer's error: broken connection, oversized frame, not WebSocket.
    #[error("the WebSocket failed")]
    WebSocket(#[source] Box<dyn Error + Send + Sync>),
    /// A text message: ours are binary.
    #[error("a text message")]
    Text,
}

/// A stream of received and a sink of sent binary frames. Ends when the other side closes.
pub(crate) trait Socket:
    Stream<Item = Result<Bytes, SocketError>> + Sink<Bytes, Error = SocketError> + Send + Unpin
{
}

impl<T> Socket for T where
    T: Stream<Item = Result<Bytes, SocketError>> + Sink<Bytes, Error = SocketError> + Send + Unpin
{
}

/// Any socket.
pub(crate) type BoxedSocket = Box<dyn Socket>;

/// What one WebSocket message means here.
pub(crate) enum Received {
    Frame(Bytes),
    /// Ping and pong: answered by the WebSocket layer, and no sign of life, as anybody on the way
    /// could have made them.
    Control,
    Close,
    Text,
}

/// The message type of a WebSocket library.
pub(crate) trait WebSocketMessage: Send + Unpin {
    fn binary(frame: Bytes) -> Self;
    fn into_received(self) -> Received;
}

impl WebSocketMessage for axum::extract::ws::Message {
    fn binary(frame: Bytes) -> Self {
        Self::Binary(frame)
    }

    fn into_received(self) -> Received {
        match self {
            Self::Binary(frame) => Received::Frame(frame),
            Self::Ping(_) | Self::Pong(_) => Received::Control,
            Self::Close(_) => Received::Close,
            Self::Text(_) => Received::Text,
        }
    }
}

impl WebSocketMessage for tokio_tungstenite::tungstenite::Message {
    fn binary(frame: Bytes) -> Self {
        Self::Binary(frame)
    }

    fn into_received(self) -> Received {
        match self {
            Self::Binary(frame) => Received::Frame(frame),
            // A raw frame is only ever written, never read.
            Self::Ping(_) | Self::Pong(_) | Self::Frame(_) => Received::Control,
            Self::Close(_) => Received::Close,
            Self::Text(_) => Received::Text,
        }
    }
}

/// Makes a [`Socket`] of a library's WebSocket.
pub(crate) struct WebSocketFrames<S, M> {
    inner: S,
    message: PhantomData<fn() -> M>,
}

impl<S, M> WebSocketFrames<S, M> {
    pub(crate) fn new(inner: S) -> Self {
        Self {
            inner,
            message: PhantomData,
        }
    }
}

fn failed(error: impl Error + Send + Sync + 'static) -> SocketError {
    SocketError::WebSocket(Box::new(error))
}

impl<S, M, E> Stream for WebSocketFrames<S, M>
where
    S: Stream<Item = Result<M, E>> + Unpin,
    M: WebSocketMessage,
    E: Error + Send + Sync + 'static,
{
    type Item = Result<Bytes, SocketError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let Some(message) = ready!(Pin::new(&mut self.inner).poll_next(cx)) else {
                return Poll::Ready(None);
            };
            return Poll::Ready(match message.map_err(failed)?.into_received() {
                Received::Frame(frame) => Some(Ok(frame)),
                Received::Control => continue,
                Received::Close => None,
                Received::Text => Some(Err(SocketError::Text)),
            });
        }
    }
}

impl<S, M, E> Sink<Bytes> for WebSocketFrames<S, M>
where
    S: Sink<M, Error = E> + Unpin,
    M: WebSocketMessage,
    E: Error + Send + Sync + 'static,
{
    type Error = SocketError;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SocketError>> {
        Pin::new(&mut self.inner).poll_ready(cx).map_err(failed)
    }

    fn start_send(mut self: Pin<&mut Self>, frame: Bytes) -> Result<(), SocketError> {
        Pin::new(&mut self.inner)
            .start_send(M::binary(frame))
            .map_err(failed)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SocketError>> {
        Pin::new(&mut self.inner).poll_flush(cx).map_err(failed)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SocketError>> {
        Pin::new(&mut self.inner).poll_close(cx).map_err(failed)
    }
}
