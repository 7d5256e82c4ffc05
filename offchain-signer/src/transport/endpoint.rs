//! From a peer's endpoint to an open WebSocket.

use super::{
    noise::MAX_FRAME,
    socket::{BoxedSocket, WebSocketFrames},
};
use async_trait::async_trait;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    client_async_with_config,
    tungstenite::{self, http::uri::Authority, protocol::WebSocketConfig, Message},
};

/// A peer's endpoint cannot be reached.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DialError {
    /// The endpoint on chain is not `host:port`.
    #[error("the endpoint is not host:port")]
    Endpoint,
    /// No TCP connection.
    #[error("no TCP connection")]
    Tcp(#[source] std::io::Error),
    /// What answers there is no signer.
    #[error("no WebSocket on /ws")]
    WebSocket(#[source] Box<tungstenite::Error>),
}

/// Read buffer of a WebSocket, allocated at once: one full frame.
pub(crate) const READ_BUFFER: usize = 64 << 10;

/// Opens sockets to peers.
#[async_trait]
pub(crate) trait Dial: Send + Sync + 'static {
    /// Connects to `endpoint`. The caller bounds the time.
    async fn dial(&self, endpoint: &str) -> Result<BoxedSocket, DialError>;
}

/// Dials `ws://{endpoint}/ws`. No TLS: Noise does what it would do.
pub(crate) struct WebSocketDialer;

#[async_trait]
impl Dial for WebSocketDialer {
    async fn dial(&self, endpoint: &str) -> Result<BoxedSocket, DialError> {
        let authority = parse(endpoint)?;
        let stream = TcpStream::connect(authority.as_str())
            .await
            .map_err(DialError::Tcp)?;
        // Messages are answered by messages: waiting to fill a segment costs 40 ms a round.
        stream.set_nodelay(true).map_err(DialError::Tcp)?;
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .max_frame_size(Some(MAX_FRAME))
            .max_message_size(Some(MAX_FRAME));
        let (socket, _response) =
            client_async_with_config(format!("ws://{authority}/ws"), stream, Some(config))
                .await
                .map_err(|error| DialError::WebSocket(Box::new(error)))?;
        Ok(Box::new(WebSocketFrames::<_, Message>::new(socket)))
    }
}

/// The endpoint is another validator's text: it must not smuggle in a path, a query or credentials.
fn parse(endpoint: &str) -> Result<Authority, DialError> {
    let authority: Authority = endpoint.parse().map_err(|_| DialError::Endpoint)?;
    let whole = match authority.port_u16() {
        Some(port) => format!("{}:{port}", authority.host()),
        None => return Err(DialError::Endpoint),
    };
    if authority.host().is_empty() || whole != endpoint {
        return Err(DialError::Endpoint);
    }
    Ok(authority)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn only_host_and_port_are_an_endpoint() {
        for good in [
            "127.0.0.1:3001",
            "[::1]:3001",
            "signer.example.org:80",
            "localhost:65535",
        ] {
            assert_eq!(parse(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            ":",
            ":80",
            "host",
            "host:",
            "host:0x50",
            "host:65536",
            "host:80/",
            "host:80/path",
            "host:80?q",
            "host:80#f",
            "user@host:80",
            "u:p@host:80",
            "http://host:80",
            "a b:80",
            "host:80\r\nX: y",
            "[::1:80",
            "host:080",
            "host:+80",
            "\u{e9}:80",
        ] {
            assert!(matches!(parse(bad), Err(DialError::Endpoint)), "{bad:?}");
        }
    }
}
