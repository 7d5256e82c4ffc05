//! The same over real sockets on the loopback interface, with axum on one side and tokio-tungstenite
//! on the other.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::network::{account, config, in_seconds, local, public, remote, secret};
use crate::transport::{
    noise::Initiator, socket::WebSocketFrames, Incoming, Limits, Mesh, MeshConfig, MeshHandle, Peer,
};
use axum::{
    extract::{ConnectInfo, State, WebSocketUpgrade},
    routing::get,
    serve::ListenerExt,
    Router,
};
use futures::{SinkExt, StreamExt};
use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinSet,
    time::timeout,
};
use tokio_tungstenite::{client_async, tungstenite::Message, WebSocketStream};
use tokio_util::sync::CancellationToken;

/// A node with an HTTP server. Dropping it ends both.
pub(super) struct Node {
    pub(super) handle: MeshHandle,
    pub(super) incoming: mpsc::Receiver<Incoming>,
    pub(super) peer: Peer,
    address: SocketAddr,
    _tasks: JoinSet<()>,
}

pub(super) async fn start(seed: u8) -> Node {
    start_at(seed, "127.0.0.1:0", config(seed)).await
}

async fn start_at(seed: u8, address: &str, config: MeshConfig) -> Node {
    let (handle, incoming, mesh) = Mesh::new(config);
    let listener = TcpListener::bind(address).await.unwrap();
    let address = listener.local_addr().unwrap();
    let upgrade =
        |State(mesh): State<MeshHandle>,
         ConnectInfo(remote): ConnectInfo<SocketAddr>,
         upgrade: WebSocketUpgrade| async move { mesh.upgrade(upgrade, Some(remote.ip())) };
    let app = Router::new()
        .route("/ws", get(upgrade))
        .with_state(handle.clone())
        .into_make_service_with_connect_info::<SocketAddr>();
    let listener = listener.tap_io(|stream| stream.set_nodelay(true).unwrap());
    let mut tasks = JoinSet::new();
    tasks.spawn(mesh.run(CancellationToken::new()));
    tasks.spawn(async move { axum::serve(listener, app).await.unwrap() });
    let endpoint = address.to_string();
    let peer = Peer {
        account: account(seed),
        endpoint,
        x25519: public(seed),
    };
    Node {
        handle,
        incoming,
        peer,
        address,
        _tasks: tasks,
    }
}

/// Makes the nodes know each other.
pub(super) fn introduce(nodes: &[&Node]) {
    let peers: Vec<_> = nodes.iter().map(|node| node.peer.clone()).collect();
    for node in nodes {
        node.handle
            .set_topology(Some(node.peer.account.clone()), peers.clone());
    }
}

async fn websocket(node: &Node) -> WebSocketStream<TcpStream> {
    let stream = TcpStream::connect(node.address).await.unwrap();
    client_async(format!("ws://{}/ws", node.address), stream)
        .await
        .unwrap()
        .0
}

/// Waits until the node has closed the socket, and fails if it takes as long as a stalled handshake.
async fn closed(mut socket: WebSocketStream<TcpStream>) {
    let ends = async { while let Some(Ok(_)) = socket.next().await {} };
    timeout(Limits::default().handshake / 2, ends)
        .await
        .expect("not closed");
}

#[tokio::test]
async fn five_nodes_on_real_sockets() {
    let mut nodes = Vec::new();
    for seed in 1..=5 {
        nodes.push(start(seed).await);
    }
    introduce(&nodes.iter().collect::<Vec<_>>());
    // Larger than what sockets buffer, each from everybody to everybody at once.
    let sends: Vec<_> = nodes
        .iter()
        .flat_map(|from| nodes.iter().map(move |to| (from, to)))
        .filter(|(from, to)| from.peer != to.peer)
        .map(|(from, to)| {
            let message = vec![AsRef::<[u8]>::as_ref(&from.peer.account)[0]; 600_000];
            let (handle, to) = (from.handle.clone(), to.peer.account.clone());
            tokio::spawn(async move { handle.send(&to, message, in_seconds(30)).await })
        })
        .collect();
    for node in &mut nodes {
        for _ in 0..4 {
            let Incoming { from, message } = node.incoming.recv().await.unwrap();
            assert_eq!(from, account(message[0]));
            assert!(message.len() == 600_000 && message.iter().all(|byte| *byte == message[0]));
        }
    }
    for send in sends {
        send.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_node_that_restarts_on_its_port_is_found_again() {
    for (steady, restarting) in [(1, 2), (2, 1)] {
        let steady = start(steady).await;
        let first = start(restarting).await;
        introduce(&[&steady, &first]);
        steady.handle.wait_connected(|now| now.len() == 1).await;
        let address = first.peer.endpoint.clone();
        drop(first);
        steady.handle.wait_connected(|now| now.is_empty()).await;
        let handle = steady.handle.clone();
        let waiting = tokio::spawn(async move {
            handle
                .send(
                    &account(restarting),
                    b"welcome back".to_vec(),
                    in_seconds(30),
                )
                .await
        });
        let mut second = start_at(restarting, &address, config(restarting)).await;
        introduce(&[&steady, &second]);
        assert_eq!(
            second.incoming.recv().await.unwrap().message,
            b"welcome back"
        );
        waiting.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_text_message_ends_the_connection() {
    let node = start(1).await;
    introduce(&[&node]);
    let mut socket = websocket(&node).await;
    socket.send(Message::text("hello?")).await.unwrap();
    closed(socket).await;
    assert_eq!(node.handle.stats().refused_handshakes, 1);
}

#[tokio::test]
async fn a_frame_over_the_limit_ends_the_connection_unread() {
    let node = start(1).await;
    introduce(&[&node]);
    let mut socket = websocket(&node).await;
    // Only the header of a frame that announces 16 MiB: refused before its body is there.
    let header = [0x82, 0xff, 0, 0, 0, 0, 1, 0, 0, 0, 1, 2, 3, 4];
    socket.get_mut().write_all(&header).await.unwrap();
    closed(socket).await;
    assert_eq!(node.handle.stats().refused_handshakes, 1);

    // The same as a message of many fragments.
    let mut socket = websocket(&node).await;
    let mut fragment = vec![0x02, 0xfe, 0x40, 0, 0, 0, 0, 0];
    fragment.resize(8 + 0x4000, 0);
    for _ in 0..5 {
        if socket.get_mut().write_all(&fragment).await.is_err() {
            break;
        }
        fragment[0] = 0x00;
    }
    closed(socket).await;
    assert_eq!(node.handle.stats().refused_handshakes, 2);
}

#[tokio::test]
async fn pings_do_not_prolong_a_handshake() {
    let mut config = config(1);
    config.limits.handshake = Duration::from_millis(300);
    let node = start_at(1, "127.0.0.1:0", config).await;
    introduce(&[&node]);
    let mut socket = websocket(&node).await;
    let flood = async {
        while socket
            .send(Message::Ping(vec![0; 100].into()))
            .await
            .is_ok()
        {}
    };
    timeout(Duration::from_secs(5), flood)
        .await
        .expect("not closed");
    assert_eq!(node.handle.stats().refused_handshakes, 1);
}

#[tokio::test]
async fn an_unknown_key_gets_no_further_than_the_handshake() {
    let node = start(1).await;
    introduce(&[&node]);
    let mut socket = WebSocketFrames::<_, Message>::new(websocket(&node).await);
    let mut local = local(9);
    local.secret = secret(9);
    let (initiator, hello) = Initiator::start(&local, &remote(1)).unwrap();
    socket.send(hello.into()).await.unwrap();
    let reply = socket.next().await.unwrap().unwrap();
    let (_, identity) = initiator.read_reply(&reply).unwrap();
    socket.send(identity.into()).await.unwrap();
    assert!(
        !matches!(socket.next().await, Some(Ok(_))),
        "it was accepted"
    );
    assert_eq!(node.handle.stats().refused_handshakes, 1);
}

#[tokio::test]
async fn a_plain_http_request_gets_an_http_error() {
    let node = start(1).await;
    let mut stream = TcpStream::connect(node.address).await.unwrap();
    stream
        .write_all(b"GET /ws HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
}

/// At the peer's endpoint is something else: a server that says rubbish, and one that says nothing.
#[tokio::test]
async fn an_endpoint_that_is_no_signer_is_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = config(2);
    config.limits.dial = Duration::from_millis(300);
    let node = start_at(2, "127.0.0.1:0", config).await;
    let endpoint = listener.local_addr().unwrap().to_string();
    let pretender = Peer {
        account: account(1),
        endpoint,
        x25519: public(1),
    };
    node.handle.set_topology(Some(account(2)), vec![pretender]);
    let (mut rubbish, _) = listener.accept().await.unwrap();
    rubbish.write_all(&[b'x'; 10_000]).await.unwrap();
    let (_silent, _) = listener.accept().await.unwrap();
    let (_next, _) = listener.accept().await.unwrap();
    assert_eq!(node.handle.stats().failed_dials, 2);
    assert!(node.handle.connected().is_empty());
}
