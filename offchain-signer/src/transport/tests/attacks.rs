//! Hostile peers, before and after they are authenticated.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::network::*;
use crate::transport::{
    handshake::initiate,
    noise::{fragments, FrameKind, Initiator, Local, Responder, VERSION},
    ConnectionError, Limits,
};
use futures::{future::join_all, SinkExt};
use sp_core::H256;
use std::time::Duration;
use tokio::time::Instant;

/// A node that knows peers 1, 3 and 4.
fn victim(network: &Network) -> Node {
    let node = network.start(2);
    node.knows(&[1, 3, 4]);
    node
}

/// It refused the connection, and an honest peer can still connect.
async fn unharmed(node: &mut Node, refused: u64) {
    assert_eq!(node.handle.stats().refused_handshakes, refused);
    assert_eq!(node.handle.handshakes(), 0);
    let mut honest = Raw::dial(&node.handle, &local(4), &remote(2))
        .await
        .unwrap();
    let frame = honest.sealer.seal(FrameKind::LastPart, b"honest").unwrap();
    honest.socket.send(frame.into()).await.unwrap();
    assert_eq!(node.receive().await, (account(4), b"honest".to_vec()));
}

#[tokio::test(start_paused = true)]
async fn whoever_speaks_no_noise_is_cut_off() {
    let mut node = victim(&Network::default());
    let garbage = [
        vec![],
        vec![0; 47],
        vec![0; 48],
        vec![1; 49],
        vec![0xff; 65535],
        b"GET /".to_vec(),
    ];
    for bytes in &garbage {
        let mut socket = knock(&node.handle);
        socket.send(bytes.clone().into()).await.unwrap();
        let start = Instant::now();
        assert!(next(&mut socket).await.is_none());
        assert_eq!(start.elapsed(), Duration::ZERO);
    }
    unharmed(&mut node, garbage.len() as u64).await;
}

#[tokio::test(start_paused = true)]
async fn whoever_is_no_peer_is_refused() {
    let mut node = victim(&Network::default());
    let unknown = local(9);
    // A validator's account, but not its key.
    let wrong_key = Local {
        secret: secret(9),
        ..local(3)
    };
    // A validator's key, but another validator's account.
    let borrowed_account = Local {
        account: account(4),
        ..local(3)
    };
    // A validator that must not dial, as its account id is lower.
    let wrong_direction = local(1);
    // This node itself, say, by a reflected connection.
    let myself = local(2);
    let attackers = [
        unknown,
        wrong_key,
        borrowed_account,
        wrong_direction,
        myself,
    ];
    for attacker in &attackers {
        assert!(Raw::dial(&node.handle, attacker, &remote(2))
            .await
            .is_none());
    }
    unharmed(&mut node, attackers.len() as u64).await;
}

#[tokio::test(start_paused = true)]
async fn whoever_is_of_another_chain_or_version_is_refused() {
    let mut node = victim(&Network::default());
    let other_chain = Local {
        genesis_hash: H256::zero(),
        ..local(3)
    };
    let other_version = Local {
        version: VERSION + 1,
        ..local(3)
    };
    for attacker in [other_chain, other_version] {
        assert!(Raw::dial(&node.handle, &attacker, &remote(2))
            .await
            .is_none());
    }
    unharmed(&mut node, 2).await;
}

#[tokio::test(start_paused = true)]
async fn whoever_stalls_half_way_is_cut_off_in_time() {
    let mut node = victim(&Network::default());
    for steps in 0..2 {
        let start = Instant::now();
        let mut socket = knock(&node.handle);
        if steps == 1 {
            let (_, hello) = Initiator::start(&local(3), &remote(2)).unwrap();
            socket.send(hello.into()).await.unwrap();
            assert!(next(&mut socket).await.is_some());
        }
        assert!(next(&mut socket).await.is_none());
        assert_eq!(start.elapsed(), Limits::default().handshake);
    }
    unharmed(&mut node, 2).await;
}

/// Thousands of sockets that say nothing hold only so many places, and honest peers get in
/// meanwhile.
#[tokio::test(start_paused = true)]
async fn a_flood_of_handshakes_keeps_nobody_out() {
    let mut node = victim(&Network::default());
    let limits = Limits::default();
    let mut flood = Vec::new();
    for n in 0..2000 {
        flood.push(knock(&node.handle));
        assert!(node.handle.handshakes() <= limits.max_handshakes_per_address);
        if n == 1000 {
            let mut honest = Raw::dial(&node.handle, &local(3), &remote(2))
                .await
                .unwrap();
            node.connected_to(&[3]).await;
            let frame = honest.sealer.seal(FrameKind::LastPart, b"hello").unwrap();
            honest.socket.send(frame.into()).await.unwrap();
            assert_eq!(node.receive().await, (account(3), b"hello".to_vec()));
        }
    }
    // All of them are closed at last.
    join_all(flood.iter_mut().map(|socket| next(socket.as_mut()))).await;
    unharmed(&mut node, 2000).await;
}

/// What an authenticated peer sends, frame by frame, and whether that ends the connection.
async fn after_authentication(frames: impl FnOnce(&mut Raw) -> Vec<Vec<u8>>, received: &[&[u8]]) {
    let mut node = victim(&Network::default());
    let mut raw = Raw::dial(&node.handle, &local(3), &remote(2))
        .await
        .unwrap();
    node.connected_to(&[3]).await;
    let start = Instant::now();
    for frame in frames(&mut raw) {
        // The node may close half-way.
        let _ = raw.socket.send(frame.into()).await;
    }
    raw.closed().await;
    assert!(
        start.elapsed() < Duration::from_secs(1),
        "cut off by silence only"
    );
    node.connected_to(&[]).await;
    for message in received {
        assert_eq!(node.receive().await.1, *message);
    }
    assert!(
        node.incoming.try_recv().is_err(),
        "received what it must not"
    );
    unharmed(&mut node, 0).await;
}

fn seal(raw: &mut Raw, message: &[u8]) -> Vec<u8> {
    raw.sealer.seal(FrameKind::LastPart, message).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_tampered_frame_ends_the_connection() {
    let frames = |raw: &mut Raw| {
        let good = seal(raw, b"good");
        let mut bad = seal(raw, b"bad");
        bad[0] ^= 1;
        vec![good, bad, seal(raw, b"after")]
    };
    after_authentication(frames, &[b"good"]).await;
}

#[tokio::test(start_paused = true)]
async fn frames_out_of_order_end_the_connection() {
    let frames = |raw: &mut Raw| {
        let (first, second) = (seal(raw, b"first"), seal(raw, b"second"));
        vec![second, first]
    };
    after_authentication(frames, &[]).await;
}

#[tokio::test(start_paused = true)]
async fn a_replayed_frame_ends_the_connection() {
    let frames = |raw: &mut Raw| {
        let frame = seal(raw, b"once");
        vec![frame.clone(), frame]
    };
    after_authentication(frames, &[b"once"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_left_out_frame_ends_the_connection() {
    let frames = |raw: &mut Raw| {
        let first = seal(raw, b"first");
        let _lost = seal(raw, b"lost");
        vec![first, seal(raw, b"third")]
    };
    after_authentication(frames, &[b"first"]).await;
}

#[tokio::test(start_paused = true)]
async fn an_oversized_message_ends_the_connection() {
    let frames = |raw: &mut Raw| {
        let message = vec![0; Limits::default().max_message + 1];
        fragments(&message)
            .map(|(kind, body)| raw.sealer.seal(kind, body).unwrap())
            .collect()
    };
    after_authentication(frames, &[]).await;
}

#[tokio::test(start_paused = true)]
async fn a_plain_text_frame_ends_the_connection() {
    after_authentication(
        |_| vec![b"in the clear, but long enough for a tag".to_vec()],
        &[],
    )
    .await;
}

/// Whoever answers at a peer's endpoint without its key is given up, and dialled again later.
#[tokio::test(start_paused = true)]
async fn an_impostor_at_the_endpoint_is_given_up() {
    let network = Network::default();
    // At node 1's endpoint sits somebody with another key.
    let impostor = network.start_at(1, &peer(1).endpoint, config(9));
    impostor.knows(&[2]);
    let node = network.start(2);
    node.knows(&[1]);
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert!(node.handle.connected().is_empty() && impostor.handle.connected().is_empty());
    assert!(node.handle.stats().failed_dials > 3);
    assert!(impostor.handle.stats().refused_handshakes > 3);
    impostor.stop().await;
    let honest = network.start(1);
    honest.knows(&[2]);
    node.connected_to(&[1]).await;
}

/// The responder knows who dials, but closes without its acceptance: the dialler must not take that
/// for a connection, or it would lose messages.
#[tokio::test(start_paused = true)]
async fn without_acceptance_there_is_no_connection() {
    let (mut responder, dialler) = pipe();
    let dialler =
        tokio::spawn(async move { initiate(&local(2), &peer(1), dialler).await.map(|_| ()) });
    let hello = next(&mut responder).await.unwrap();
    let (replied, reply) = Responder::new(&local(1))
        .unwrap()
        .read_hello(&hello)
        .unwrap();
    responder.send(reply.into()).await.unwrap();
    let identity = next(&mut responder).await.unwrap();
    assert_eq!(
        replied.read_identity(&identity).unwrap().remote(),
        &remote(2)
    );
    drop(responder);
    assert!(matches!(
        dialler.await.unwrap(),
        Err(ConnectionError::Closed)
    ));
}
