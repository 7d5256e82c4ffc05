//! Speaks to `/ws` of a signer by hand, so that every part of it can be wrong.
//!
//! Nothing here is shared with the signer but the documents that it follows: Noise
//! (`Noise_XK_25519_ChaChaPoly_BLAKE2s`), and the frames of `offchain_signer::transport`.

use futures::{SinkExt, StreamExt};
use snow::{HandshakeState, StatelessTransportState};
use sp_core::{crypto::AccountId32, H256};
use std::time::{Duration, Instant};
use tokio::{
    net::TcpStream,
    time::{timeout, timeout_at},
};
use tokio_tungstenite::{
    client_async,
    tungstenite::{Bytes, Message},
    WebSocketStream,
};

/// A transport frame that stands for nothing but life.
pub const HEARTBEAT: u8 = 0;
/// A transport frame with a part of a message that is not its last.
pub const PART: u8 = 1;
/// A transport frame with the last part of a message.
pub const LAST_PART: u8 = 2;
/// The bytes of a message in a frame that is not its last.
pub const PART_BYTES: usize = 65535 - 16 - 1;

/// A signer, as the chain describes it.
#[derive(Clone, Debug)]
pub struct Target {
    /// Where it listens: `host:port`.
    pub address: String,
    /// Its validator's stash account.
    pub account: AccountId32,
    /// Its Noise key.
    pub x25519: [u8; 32],
    /// Its chain.
    pub genesis: H256,
}

/// Who somebody says to be.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The stash account.
    pub account: AccountId32,
    /// The secret Noise key.
    pub secret: [u8; 32],
}

/// An open WebSocket to a signer.
pub struct Socket(WebSocketStream<TcpStream>);

/// A socket after a handshake that the signer has accepted.
pub struct Channel {
    /// The socket below.
    pub socket: Socket,
    state: StatelessTransportState,
    nonce: u64,
}

/// A handshake half-way.
pub struct Handshake {
    /// The first message.
    pub hello: Vec<u8>,
    state: HandshakeState,
    account: AccountId32,
}

impl Socket {
    /// Opens one. `None` if the signer hangs up, as it may on whoever has too many.
    pub async fn open(address: &str) -> Option<Self> {
        let opening = async {
            let stream = TcpStream::connect(address).await.ok()?;
            let opened = client_async(format!("ws://{address}/ws"), stream).await;
            Some(Self(opened.ok()?.0))
        };
        timeout(Duration::from_secs(20), opening).await.ok()?
    }

    /// Sends one binary message. The signer may have hung up.
    pub async fn send(&mut self, bytes: impl Into<Bytes>) -> bool {
        self.say(Message::Binary(bytes.into())).await
    }

    /// Sends any message. The signer may have hung up.
    pub async fn say(&mut self, message: Message) -> bool {
        let sent = timeout(Duration::from_secs(20), self.0.send(message)).await;
        matches!(sent, Ok(Ok(())))
    }

    /// The next binary message; `None` if the signer hangs up.
    pub async fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            match self.0.next().await? {
                Ok(Message::Binary(bytes)) => return Some(bytes.to_vec()),
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// How long it takes until the signer hangs up; whatever it says until then does not count.
    /// `None` if it does not.
    pub async fn closed(&mut self, patience: Duration) -> Option<Duration> {
        let begin = Instant::now();
        let closed = async { while self.next().await.is_some() {} };
        timeout(patience, closed).await.ok()?;
        Some(begin.elapsed())
    }
}

impl Handshake {
    /// The first message of `claim` to `target`.
    pub fn start(target: &Target, claim: &Claim) -> Self {
        let mut prologue = b"signing-network/transport".to_vec();
        prologue.extend_from_slice(&1u16.to_le_bytes());
        prologue.extend_from_slice(target.genesis.as_bytes());
        prologue.extend_from_slice(target.account.as_ref());
        let mut state = expect(
            "Noise_XK_25519_ChaChaPoly_BLAKE2s"
                .parse()
                .map(snow::Builder::new)
                .and_then(|builder| builder.local_private_key(&claim.secret))
                .and_then(|builder| builder.prologue(&prologue))
                .and_then(|builder| builder.remote_public_key(&target.x25519))
                .and_then(snow::Builder::build_initiator),
        );
        let hello = write(&mut state, &[]);
        Self {
            hello,
            state,
            account: claim.account.clone(),
        }
    }

    /// The last message, in answer to the signer's reply; and what comes after it.
    pub fn identity(mut self, reply: &[u8]) -> (Vec<u8>, StatelessTransportState) {
        let mut nothing = [0; 64];
        expect(self.state.read_message(reply, &mut nothing));
        let identity = write(&mut self.state, self.account.as_ref());
        (identity, expect(self.state.into_stateless_transport_mode()))
    }
}

impl Channel {
    /// A whole handshake. `None` if the signer hangs up in place of accepting.
    pub async fn open(target: &Target, claim: &Claim) -> Option<Self> {
        let mut socket = Socket::open(&target.address).await?;
        let handshake = Handshake::start(target, claim);
        socket.send(handshake.hello.clone()).await;
        let reply = socket.next().await?;
        let (identity, state) = handshake.identity(&reply);
        socket.send(identity).await;
        let acceptance = socket.next().await?;
        let mut plaintext = [0; 64];
        let length = expect(state.read_message(0, &acceptance, &mut plaintext));
        assert_eq!(plaintext.get(..length), Some(&[HEARTBEAT][..]));
        Some(Self {
            socket,
            state,
            nonce: 0,
        })
    }

    /// Encrypts the next frame.
    pub fn seal(&mut self, kind: u8, body: &[u8]) -> Vec<u8> {
        let plaintext = [&[kind], body].concat();
        let mut frame = vec![0; plaintext.len() + 16];
        expect(self.state.write_message(self.nonce, &plaintext, &mut frame));
        self.nonce += 1;
        frame
    }

    /// Sends a message, in as many frames as it takes.
    pub async fn send(&mut self, message: &[u8]) -> bool {
        let mut parts = message.chunks(PART_BYTES).peekable();
        while let Some(part) = parts.next() {
            let kind = if parts.peek().is_some() {
                PART
            } else {
                LAST_PART
            };
            let frame = self.seal(kind, part);
            if !self.socket.send(frame).await {
                return false;
            }
        }
        true
    }

    /// Whether the signer keeps the connection for so long.
    pub async fn stays_open(&mut self, patience: Duration) -> bool {
        let deadline = tokio::time::Instant::now() + patience;
        loop {
            match timeout_at(deadline, self.socket.next()).await {
                Err(_) => return true,
                Ok(None) => return false,
                Ok(Some(_)) => {}
            }
        }
    }
}

fn write(state: &mut HandshakeState, payload: &[u8]) -> Vec<u8> {
    let mut message = vec![0; 256];
    let length = expect(state.write_message(payload, &mut message));
    message.truncate(length);
    message
}

fn expect<T>(result: Result<T, snow::Error>) -> T {
    result.unwrap_or_else(|error| panic!("{error}"))
}
