//! What is sent arrives, once, in order, at the right node.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::network::*;
use crate::transport::{
    noise::{FrameKind, Opened},
    Limits, SendError,
};
use futures::{future::join_all, SinkExt};
use std::{collections::BTreeSet, time::Duration};
use tokio::time::timeout;

#[tokio::test(start_paused = true)]
async fn messages_of_all_sizes_go_both_ways() {
    let network = Network::default();
    let mut nodes = network.start_all(&[1, 2]);
    for size in [
        0,
        1,
        1000,
        65517,
        65518,
        65519,
        131036,
        131037,
        1 << 20,
        (4 << 20) - 1,
        4 << 20,
    ] {
        let message: Vec<u8> = (0..size).map(|i| (i * 7 + size) as u8).collect();
        for (from, to) in [(0, 1), (1, 0)] {
            let (from_seed, to_seed) = (nodes[from].seed, nodes[to].seed);
            let handle = nodes[from].handle.clone();
            let to_account = account(to_seed);
            let (sent, received) = tokio::join!(
                handle.send(&to_account, message.clone(), in_seconds(60)),
                nodes[to].receive()
            );
            sent.unwrap();
            assert_eq!(received.0, account(from_seed));
            assert!(received.1 == message, "{size} bytes changed");
        }
    }
    let stats = nodes[0].handle.stats();
    assert_eq!(
        (stats.messages_in, stats.messages_out, stats.connections),
        (11, 11, 1)
    );
    assert!(stats.bytes_in > 9 << 20 && stats.bytes_out > 9 << 20);
}

#[tokio::test(start_paused = true)]
async fn five_nodes_reach_each_other() {
    let seeds = [1, 2, 3, 4, 5];
    let network = Network::default();
    let mut nodes = network.start_all(&seeds);
    for from in &nodes {
        let sends = seeds.iter().filter(|to| **to != from.seed);
        join_all(sends.map(|to| async { from.send(*to, &[from.seed, *to]).await })).await;
    }
    for node in &mut nodes {
        let mut received = BTreeSet::new();
        for _ in 1..seeds.len() {
            let (from, message) = node.receive().await;
            assert_eq!(message[1], node.seed);
            assert_eq!(from, account(message[0]));
            received.insert(from);
        }
        assert_eq!(received.len(), 4);
        assert_eq!(node.handle.connected(), received);
        assert_eq!(
            node.handle.stats().connections,
            4,
            "more than one connection per pair"
        );
    }
    assert_eq!(network.dials().len(), 10);
}

#[tokio::test(start_paused = true)]
async fn messages_keep_their_order() {
    let network = Network::default();
    let mut nodes = network.start_all(&[1, 2]);
    let receiver = nodes.pop().unwrap();
    let mut incoming = receiver.incoming;
    let sender = async {
        for n in 0..500u32 {
            // Small ones and ones of several frames.
            let mut message = n.to_le_bytes().to_vec();
            message.resize(4 + (n as usize % 5) * 40_000, 0);
            nodes[0].send(2, &message).await;
        }
    };
    let reader = async {
        for n in 0..500u32 {
            assert_eq!(incoming.recv().await.unwrap().message[..4], n.to_le_bytes());
        }
    };
    tokio::join!(sender, reader);
}

/// Both send far more than the sockets buffer, and neither reads before it has sent.
#[tokio::test(start_paused = true)]
async fn two_nodes_that_send_at_once_do_not_block_each_other() {
    let network = Network::default();
    let mut nodes = network.start_all(&[1, 2]);
    let message = vec![7; 4 << 20];
    let (one, two) = (&nodes[0], &nodes[1]);
    timeout(Duration::from_secs(60), async {
        tokio::join!(one.send(2, &message), two.send(1, &message))
    })
    .await
    .expect("a deadlock");
    for node in &mut nodes {
        assert_eq!(node.receive().await.1.len(), message.len());
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_over_the_limit_is_not_sent() {
    let network = Network::default();
    let nodes = network.start_all(&[1, 2]);
    let (size, limit) = ((4 << 20) + 1, 4 << 20);
    let sent = nodes[0]
        .handle
        .send(&account(2), vec![0; size], in_seconds(1))
        .await;
    assert_eq!(sent, Err(SendError::TooLarge { size, limit }));
}

#[tokio::test(start_paused = true)]
async fn a_send_to_nobody_fails_at_once_and_to_an_absent_peer_at_the_deadline() {
    let network = Network::default();
    let node = network.start(1);
    node.knows(&[1, 2]);
    let start = tokio::time::Instant::now();
    for stranger in [3, 1] {
        let sent = node
            .handle
            .send(&account(stranger), vec![0], in_seconds(9))
            .await;
        assert_eq!(sent, Err(SendError::UnknownPeer));
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
    let sent = node.handle.send(&account(2), vec![0], in_seconds(9)).await;
    assert_eq!(sent, Err(SendError::Unreachable));
    assert_eq!(start.elapsed().as_secs(), 9);

    let handle = node.handle.clone();
    let waiting =
        tokio::spawn(async move { handle.send(&account(2), vec![0], in_seconds(9)).await });
    node.stop().await;
    assert_eq!(waiting.await.unwrap(), Err(SendError::Ended));
}

#[tokio::test(start_paused = true)]
async fn a_send_that_was_given_up_is_not_delivered_later() {
    let network = Network::default();
    let one = network.start(1);
    one.knows(&[2]);
    let sent = one
        .handle
        .send(&account(2), b"late".to_vec(), in_seconds(3))
        .await;
    assert_eq!(sent, Err(SendError::Unreachable));
    let mut two = network.start(2);
    two.knows(&[1]);
    one.send(2, b"in time").await;
    assert_eq!(two.receive().await.1, b"in time");
}

/// A peer that sends and sends, while nobody reads: it must wait, and this node must not hold more
/// than its bound. Later everything arrives.
#[tokio::test(start_paused = true)]
async fn a_flood_of_messages_is_held_back_at_the_sender() {
    let network = Network::default();
    let mut node = network.start(1);
    node.knows(&[2]);
    let mut raw = Raw::dial(&node.handle, &local(2), &remote(1))
        .await
        .unwrap();
    let mut accepted = 0usize;
    loop {
        let frame = raw
            .sealer
            .seal(FrameKind::LastPart, &accepted.to_le_bytes())
            .unwrap();
        if timeout(Duration::from_secs(5), raw.socket.feed(frame.into()))
            .await
            .is_err()
        {
            break;
        }
        accepted += 1;
        assert!(accepted < 1000, "no back-pressure");
    }
    // The channel, one in the reader's hand, and what the pipe itself holds.
    let limits = Limits::default();
    assert!(
        (limits.incoming..=limits.incoming + 1 + PIPE + 2).contains(&accepted),
        "{accepted}"
    );
    // A reader that pauses for a minute does not make the peer look dead.
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(node.handle.connected().len(), 1);
    for n in 0..accepted {
        assert_eq!(node.receive().await.1, n.to_le_bytes());
    }
}

/// A peer that keeps the connection alive but reads nothing: the sender gets an error at its
/// deadline, and nothing piles up.
#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_read_congests() {
    let network = Network::default();
    let node = network.start(1);
    node.knows(&[2]);
    let mut raw = Raw::dial(&node.handle, &local(2), &remote(1))
        .await
        .unwrap();
    node.connected_to(&[2]).await;
    let heartbeats = async {
        loop {
            let frame = raw.sealer.seal(FrameKind::Heartbeat, &[]).unwrap();
            raw.socket.send(frame.into()).await.unwrap();
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
    };
    let sends = join_all((0..40).map(|_| async {
        let message = vec![0; 65_000];
        node.handle.send(&account(2), message, in_seconds(30)).await
    }));
    let results = tokio::select! {
        () = heartbeats => unreachable!(),
        results = sends => results,
    };
    let sent = results.iter().filter(|result| result.is_ok()).count();
    assert!(sent <= PIPE + 2, "{sent} sent");
    assert!(results
        .iter()
        .skip(PIPE + 2)
        .all(|result| *result == Err(SendError::Congested)));
}

/// The same for one that waits in the queue of a connection that does not move.
#[tokio::test(start_paused = true)]
async fn a_send_that_was_given_up_in_the_queue_is_not_delivered_later() {
    let network = Network::default();
    let node = network.start(1);
    node.knows(&[2]);
    let mut raw = Raw::dial(&node.handle, &local(2), &remote(1))
        .await
        .unwrap();
    node.connected_to(&[2]).await;
    let handle = &node.handle;
    let sends = join_all((0..12u8).map(|n| async move {
        let sent = handle.send(&account(2), vec![n], in_seconds(3)).await;
        sent.map(|()| n)
    }));
    let sent: Vec<u8> = sends.await.into_iter().flatten().collect();
    assert!(sent.len() < 11, "not congested");
    let mut received = Vec::new();
    loop {
        let frame = next(&mut raw.socket).await.unwrap();
        match raw.opener.open(&frame).unwrap() {
            Opened::Message(message) => received.push(message[0]),
            _ => break,
        }
    }
    // One more than was sent may have been half-way when its sender gave up.
    assert!(
        received.starts_with(&sent) && received.len() <= sent.len() + 1,
        "{received:?}"
    );
}
