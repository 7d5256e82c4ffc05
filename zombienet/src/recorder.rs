//! Proxies in front of signers that write down every byte that passes.
//!
//! ```text
//! users, relayers, other signers ──► announced port ──► the signer's own port
//!                                        │ both directions
//!                                        ▼
//!                                    Recording
//! ```

use serde::Deserialize;
use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener as StdListener},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        tcp::{OwnedReadHalf, OwnedWriteHalf},
        TcpListener, TcpStream,
    },
    sync::oneshot,
};

/// Which way bytes went.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Direction {
    /// From whoever connected to the signer.
    ToSigner,
    /// From the signer to whoever connected.
    FromSigner,
}

/// One direction of one connection.
#[derive(Clone, Debug)]
pub struct Stream {
    /// Which proxy it went through, counted as the validators are.
    pub signer: usize,
    /// Which way.
    pub direction: Direction,
    /// All of it.
    pub bytes: Vec<u8>,
}

/// What went through the proxies.
#[derive(Clone, Debug, Default)]
pub struct Recording {
    /// Every connection, both ways.
    pub streams: Vec<Stream>,
}

impl Recording {
    /// How many bytes it is.
    pub fn len(&self) -> usize {
        self.streams.iter().map(|stream| stream.bytes.len()).sum()
    }

    /// Whether nothing went through.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The binary messages of all WebSocket connections, one after the other, unmasked: what a
    /// listener reads from them. Streams that are no WebSocket are left out.
    ///
    /// # Errors
    /// What is wrong with a stream that began as a WebSocket and is none, other than that it broke
    /// off.
    pub fn websockets(&self) -> Result<Vec<Stream>, String> {
        let mut all = Vec::new();
        for stream in &self.streams {
            let Some(frames) = after_upgrade(&stream.bytes) else {
                continue;
            };
            all.push(Stream {
                bytes: payloads(frames)?,
                ..stream.clone()
            });
        }
        Ok(all)
    }
}

/// What follows the HTTP head of a WebSocket's handshake.
fn after_upgrade(bytes: &[u8]) -> Option<&[u8]> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let (head, frames) = bytes.split_at_checked(end + 4)?;
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let upgrades = head.starts_with("get /ws ") || head.starts_with("http/1.1 101 ");
    (upgrades && head.contains("upgrade: websocket")).then_some(frames)
}

/// The payloads of the binary frames (RFC 6455, section 5.2). The last frame may be cut off.
fn payloads(mut rest: &[u8]) -> Result<Vec<u8>, String> {
    const BINARY: [u8; 2] = [0, 2];
    let mut all = Vec::new();
    while let Some((frame, after)) = next_frame(rest)? {
        if BINARY.contains(&frame.opcode) {
            all.extend_from_slice(&frame.payload);
        }
        rest = after;
    }
    Ok(all)
}

struct Frame {
    opcode: u8,
    payload: Vec<u8>,
}

fn next_frame(bytes: &[u8]) -> Result<Option<(Frame, &[u8])>, String> {
    let Some((&[first, second], rest)) = bytes.split_first_chunk() else {
        return Ok(None);
    };
    if first & 0x70 != 0 {
        return Err(format!("a frame that begins with {first:#04x}"));
    }
    let (length, rest) = match second & 0x7f {
        126 => match rest.split_first_chunk::<2>() {
            Some((length, rest)) => (u64::from(u16::from_be_bytes(*length)), rest),
            None => return Ok(None),
        },
        127 => match rest.split_first_chunk::<8>() {
            Some((length, rest)) => (u64::from_be_bytes(*length), rest),
            None => return Ok(None),
        },
        short => (u64::from(short), rest),
    };
    let (mask, rest) = match second & 0x80 {
        0 => ([0; 4], rest),
        _ => match rest.split_first_chunk::<4>() {
            Some((mask, rest)) => (*mask, rest),
            None => return Ok(None),
        },
    };
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let Some((masked, rest)) = rest.split_at_checked(length) else {
        return Ok(None);
    };
    let payload = masked
        .iter()
        .zip(mask.iter().cycle())
        .map(|(byte, mask)| byte ^ mask)
        .collect();
    let opcode = first & 0x0f;
    Ok(Some((Frame { opcode, payload }, rest)))
}

type Shared = Arc<Mutex<Vec<(usize, Direction, Arc<Mutex<Vec<u8>>>)>>>;

/// The running proxies. They have a thread of their own, as tests block theirs.
pub(crate) struct Recorder {
    ports: Vec<u16>,
    streams: Shared,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Recorder {
    /// Listens on `count` free ports. What comes to the n-th goes to the n-th node in `network`, the
    /// file that `scripts/network` keeps.
    pub(crate) fn start(count: usize, network: PathBuf) -> io::Result<Self> {
        let listeners = (0..count)
            .map(|_| StdListener::bind((Ipv4Addr::LOCALHOST, 0)))
            .collect::<io::Result<Vec<_>>>()?;
        let ports = listeners
            .iter()
            .map(|listener| Ok(listener.local_addr()?.port()))
            .collect::<io::Result<Vec<_>>>()?;
        let streams = Shared::default();
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let shared = streams.clone();
        let thread = std::thread::spawn(move || {
            runtime.block_on(async move {
                for (index, listener) in listeners.into_iter().enumerate() {
                    tokio::spawn(listen(index, listener, network.clone(), shared.clone()));
                }
                let _ = stopped.await;
            });
        });
        Ok(Self {
            ports,
            streams,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    pub(crate) fn ports(&self) -> &[u16] {
        &self.ports
    }

    pub(crate) fn recording(&self) -> Recording {
        let streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        let streams = streams
            .iter()
            .map(|(signer, direction, bytes)| Stream {
                signer: *signer,
                direction: *direction,
                bytes: bytes.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            })
            .collect();
        Recording { streams }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn listen(index: usize, listener: StdListener, network: PathBuf, shared: Shared) {
    let listener = listener
        .set_nonblocking(true)
        .and_then(|()| TcpListener::from_std(listener));
    let Ok(listener) = listener else { return };
    while let Ok((from, _)) = listener.accept().await {
        // A signer that is down refuses, and so does its proxy: it hangs up.
        let Some(address) = target(&network, index) else {
            continue;
        };
        let shared = shared.clone();
        tokio::spawn(async move {
            let Ok(to) = TcpStream::connect(address).await else {
                return;
            };
            let _ = (from.set_nodelay(true), to.set_nodelay(true));
            let (from_read, from_write) = from.into_split();
            let (to_read, to_write) = to.into_split();
            let record = |direction| {
                let bytes = Arc::<Mutex<Vec<u8>>>::default();
                let mut all = shared.lock().unwrap_or_else(PoisonError::into_inner);
                all.push((index, direction, bytes.clone()));
                bytes
            };
            let (there, back) = (record(Direction::ToSigner), record(Direction::FromSigner));
            // Each on its own: a side that has said all may go on listening.
            tokio::join!(
                copy(from_read, to_write, &there),
                copy(to_read, from_write, &back)
            );
        });
    }
}

/// Where the n-th node's signer listens.
fn target(network: &Path, index: usize) -> Option<SocketAddr> {
    #[derive(Deserialize)]
    struct Node {
        http: u16,
    }
    #[derive(Deserialize)]
    struct Kept {
        nodes: Vec<Node>,
    }
    let kept: Kept = serde_json::from_slice(&std::fs::read(network).ok()?).ok()?;
    let node = kept.nodes.get(index)?;
    Some((Ipv4Addr::LOCALHOST, node.http).into())
}

async fn copy(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, record: &Mutex<Vec<u8>>) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let Some(read) = buffer.get(..count) else {
            return;
        };
        // Before it is passed on: what somebody has received is recorded.
        record
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(read);
        if to.write_all(read).await.is_err() {
            return;
        }
    }
    let _ = to.shutdown().await;
}
