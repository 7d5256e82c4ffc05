//! Connections come, go and come back.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::network::*;
use crate::transport::{
    noise::{FrameKind, Opened, Remote},
    Limits, Mesh, Peer, SendError,
};
use futures::SinkExt;
use std::time::Duration;
use tokio::time::{sleep, timeout, Instant};
use tokio_util::sync::CancellationToken;

#[tokio::test(start_paused = true)]
async fn an_idle_connection_stays() {
    let network = Network::default();
    let nodes = network.start_all(&[1, 2]);
    nodes[0].connected_to(&[2]).await;
    sleep(Duration::from_secs(3600)).await;
    nodes[0].send(2, b"still there").await;
    assert_eq!(nodes[0].handle.stats().connections, 1);
    assert_eq!(network.dials().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_is_dropped() {
    let network = Network::default();
    let node = network.start(1);
    node.knows(&[2]);
    let mut raw = Raw::dial(&node.handle, &local(2), &remote(1))
        .await
        .unwrap();
    node.connected_to(&[2]).await;
    let start = Instant::now();
    raw.closed().await;
    assert_eq!(start.elapsed(), Limits::default().dead_after);
    node.connected_to(&[]).await;
}

/// A peer with nothing to say stays connected by its heartbeats alone, and gets ours.
#[tokio::test(start_paused = true)]
async fn heartbeats_of_a_peer_are_what_keeps_it() {
    let network = Network::default();
    let node = network.start(1);
    node.knows(&[2]);
    let mut raw = Raw::dial(&node.handle, &local(2), &remote(1))
        .await
        .unwrap();
    for _ in 0..10 {
        sleep(Limits::default().dead_after - Duration::from_secs(1)).await;
        let frame = raw.sealer.seal(FrameKind::Heartbeat, &[]).unwrap();
        raw.socket.send(frame.into()).await.unwrap();
        while let Ok(frame) = timeout(Duration::ZERO, next(&mut raw.socket)).await {
            raw.opener.open(&frame.expect("closed")).unwrap();
        }
    }
    assert_eq!(node.handle.connected().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_is_down_is_dialled_ever_more_rarely_until_it_comes() {
    let network = Network::default();
    let two = network.start(2);
    two.knows(&[1]);
    sleep(Duration::from_secs(60)).await;
    let dials = network.dials();
    let pauses: Vec<_> = dials.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let limits = Limits::default();
    assert!(pauses[0] <= limits.backoff_min);
    assert!(pauses
        .iter()
        .all(|pause| *pause <= limits.backoff_max + Duration::from_millis(1)));
    assert!(pauses[6..]
        .iter()
        .all(|pause| *pause >= limits.backoff_max / 2));
    assert!(dials.len() < 40, "{} dials in a minute", dials.len());
    assert_eq!(two.handle.stats().failed_dials, dials.len() as u64);

    let one = network.start(1);
    one.knows(&[2]);
    let start = Instant::now();
    one.connected_to(&[2]).await;
    assert!(start.elapsed() <= limits.backoff_max);
}

/// Both when the restarted node is the one that dials and when it is the one that is dialled.
#[tokio::test(start_paused = true)]
async fn messages_for_a_restarting_peer_get_through() {
    for (steady, restarting) in [(1, 2), (2, 1)] {
        let network = Network::default();
        let steady = network.start(steady);
        steady.knows(&[restarting]);
        let first = network.start(restarting);
        first.knows(&[steady.seed]);
        steady.connected_to(&[restarting]).await;
        first.stop().await;
        steady.connected_to(&[]).await;

        let handle = steady.handle.clone();
        let waiting = tokio::spawn(async move {
            for n in 0..30u8 {
                handle
                    .send(&account(restarting), vec![n], in_seconds(60))
                    .await
                    .unwrap();
            }
        });
        sleep(Duration::from_secs(20)).await;
        assert!(!waiting.is_finished());
        let mut second = network.start(restarting);
        second.knows(&[steady.seed]);
        for n in 0..30u8 {
            assert_eq!(second.receive().await, (account(steady.seed), vec![n]));
        }
        waiting.await.unwrap();
        let stats = steady.handle.stats();
        assert_eq!((stats.connections, stats.reconnects), (2, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_is_removed_is_disconnected() {
    let network = Network::default();
    let nodes = network.start_all(&[1, 2, 3]);
    for node in &nodes {
        node.handle.wait_connected(|now| now.len() == 2).await;
    }
    nodes[1].knows(&[1]);
    nodes[1].connected_to(&[1]).await;
    nodes[2].connected_to(&[1]).await;
    let sent = nodes[1]
        .handle
        .send(&account(3), vec![1], in_seconds(1))
        .await;
    assert_eq!(sent, Err(SendError::UnknownPeer));
    // Node 3 goes on dialling node 2, in vain.
    let before = nodes[1].handle.stats().refused_handshakes;
    sleep(Duration::from_secs(60)).await;
    assert!(nodes[1].handle.stats().refused_handshakes > before);
    nodes[2].connected_to(&[1]).await;
    // And is let in again when it is a peer again. The others never noticed.
    nodes[1].knows(&[1, 3]);
    nodes[1].connected_to(&[1, 3]).await;
    assert_eq!(nodes[0].handle.stats().connections, 2);
}

#[tokio::test(start_paused = true)]
async fn a_send_that_waits_for_a_removed_peer_fails_at_once() {
    let network = Network::default();
    let node = network.start(1);
    node.knows(&[2]);
    let handle = node.handle.clone();
    let waiting =
        tokio::spawn(async move { handle.send(&account(2), vec![1], in_seconds(60)).await });
    sleep(Duration::from_secs(1)).await;
    let start = Instant::now();
    node.knows(&[]);
    assert_eq!(waiting.await.unwrap(), Err(SendError::UnknownPeer));
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_node_without_an_account_connects_to_nobody_until_it_has_one() {
    let network = Network::default();
    let one = network.start(1);
    let two = network.start(2);
    two.knows(&[1]);
    one.handle.set_topology(None, vec![peer(2)]);
    sleep(Duration::from_secs(30)).await;
    assert!(one.handle.connected().is_empty() && two.handle.connected().is_empty());
    one.knows(&[2]);
    one.connected_to(&[2]).await;
    one.handle.set_topology(None, vec![peer(2)]);
    one.connected_to(&[]).await;
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_moves_is_dialled_at_its_new_place() {
    let network = Network::default();
    let two = network.start(2);
    two.knows(&[1]);
    let first = network.start(1);
    first.knows(&[2]);
    two.connected_to(&[1]).await;
    let mut moved = network.start_at(1, "elsewhere:1", config(1));
    moved.knows(&[2]);
    let elsewhere = Peer {
        endpoint: "elsewhere:1".into(),
        ..peer(1)
    };
    two.handle.set_topology(Some(account(2)), vec![elsewhere]);
    first.connected_to(&[]).await;
    two.send(1, b"here?").await;
    assert_eq!(moved.receive().await.1, b"here?");
}

#[tokio::test(start_paused = true)]
async fn a_peer_whose_key_changes_must_use_the_new_one() {
    let network = Network::default();
    let one = network.start(1);
    one.knows(&[2]);
    let old = network.start(2);
    old.knows(&[1]);
    one.connected_to(&[2]).await;
    let rekeyed = Peer {
        x25519: public(99),
        ..peer(2)
    };
    one.handle.set_topology(Some(account(1)), vec![rekeyed]);
    one.connected_to(&[]).await;
    assert!(Raw::dial(&one.handle, &local(2), &remote(1))
        .await
        .is_none());
    let mut new_key = local(2);
    new_key.secret = secret(99);
    let _raw = Raw::dial(&one.handle, &new_key, &remote(1)).await.unwrap();
    one.connected_to(&[2]).await;
}

/// A repeated, unchanged topology, as every finalized block brings it, disturbs nothing.
#[tokio::test(start_paused = true)]
async fn an_unchanged_topology_keeps_the_connections() {
    let network = Network::default();
    let nodes = network.start_all(&[1, 2]);
    nodes[0].connected_to(&[2]).await;
    for _ in 0..100 {
        nodes.iter().for_each(|node| node.knows(&[2, 1]));
        sleep(Duration::from_secs(6)).await;
    }
    assert_eq!(nodes[0].handle.stats().connections, 1);
}

/// The peer was restarted so fast that its old connection still looks alive.
#[tokio::test(start_paused = true)]
async fn a_second_connection_replaces_the_first() {
    let network = Network::default();
    let mut node = network.start(1);
    node.knows(&[2]);
    let mut first = Raw::dial(&node.handle, &local(2), &remote(1))
        .await
        .unwrap();
    node.connected_to(&[2]).await;
    let mut second = Raw::dial(&node.handle, &local(2), &remote(1))
        .await
        .unwrap();
    let start = Instant::now();
    first.closed().await;
    assert!(start.elapsed() < Duration::from_secs(1));

    let frame = second.sealer.seal(FrameKind::LastPart, b"new").unwrap();
    second.socket.send(frame.into()).await.unwrap();
    assert_eq!(node.receive().await.1, b"new");
    node.send(2, b"to the new one").await;
    let frame = next(&mut second.socket).await.unwrap();
    assert!(second.opener.open(&frame).is_ok());
    assert_eq!(node.handle.connected().len(), 1);
}

/// Two processes with the same keys push each other out, but not in a tight loop.
#[tokio::test(start_paused = true)]
async fn two_nodes_with_one_key_do_not_fight_fast() {
    let network = Network::default();
    let one = network.start(1);
    one.knows(&[2]);
    let twins = [network.start(2), network.start_at(2, "twin:1", config(2))];
    twins.iter().for_each(|twin| twin.knows(&[1]));
    sleep(Duration::from_secs(120)).await;
    let connections = one.handle.stats().connections;
    assert!(
        (2..120).contains(&connections),
        "{connections} connections in two minutes"
    );
}

/// The connection breaks in the middle of a large message: nothing of it was understood, so it is
/// sent again on the next connection, once.
#[tokio::test(start_paused = true)]
async fn a_message_that_was_cut_half_way_is_sent_again() {
    let network = Network::default();
    let node = network.start(1);
    node.knows(&[2]);
    let mut first = Raw::dial(&node.handle, &local(2), &remote(1))
        .await
        .unwrap();
    let message: Vec<u8> = (0..1_000_000u32).map(|i| i as u8).collect();
    let (handle, expected) = (node.handle.clone(), message.clone());
    let sending =
        tokio::spawn(async move { handle.send(&account(2), message, in_seconds(60)).await });
    for _ in 0..5 {
        let frame = next(&mut first.socket).await.unwrap();
        assert_eq!(first.opener.open(&frame).unwrap(), Opened::Part);
    }
    drop(first);
    node.connected_to(&[]).await;
    assert!(!sending.is_finished());

    let mut second = Raw::dial(&node.handle, &local(2), &remote(1))
        .await
        .unwrap();
    let received = loop {
        let frame = next(&mut second.socket).await.unwrap();
        if let Opened::Message(message) = second.opener.open(&frame).unwrap() {
            break message;
        }
    };
    assert!(received == expected);
    assert_eq!(sending.await.unwrap(), Ok(()));
    // Only heartbeats follow.
    let frame = next(&mut second.socket).await.unwrap();
    assert_eq!(second.opener.open(&frame).unwrap(), Opened::Heartbeat);
}

/// The connection breaks when a message was written but not yet flushed: whether it arrived is
/// unknown, so it is not sent a second time. Those behind it are.
#[tokio::test(start_paused = true)]
async fn a_message_in_doubt_is_reported_and_not_repeated() {
    let network = Network::default();
    let node = network.start(1);
    node.knows(&[2]);
    let first = Raw::dial(&node.handle, &local(2), &remote(1))
        .await
        .unwrap();
    node.connected_to(&[2]).await;
    let sends: Vec<_> = (0..12u8)
        .map(|n| {
            let handle = node.handle.clone();
            tokio::spawn(async move { handle.send(&account(2), vec![n], in_seconds(60)).await })
        })
        .collect();
    sleep(Duration::from_secs(1)).await;
    // It has read nothing.
    drop(first);
    node.connected_to(&[]).await;
    let mut second = Raw::dial(&node.handle, &local(2), &remote(1))
        .await
        .unwrap();
    let mut received = Vec::new();
    loop {
        let frame = next(&mut second.socket).await.unwrap();
        match second.opener.open(&frame).unwrap() {
            Opened::Message(message) => received.push(message[0]),
            _ => break,
        }
    }
    let mut results = Vec::new();
    for send in sends {
        results.push(send.await.unwrap());
    }
    let lost = Err(SendError::ConnectionLost);
    assert_eq!(results.iter().filter(|result| **result == lost).count(), 1);
    let doubtful = results.iter().position(|result| *result == lost).unwrap();
    assert!(!received.contains(&(doubtful as u8)));
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 11);
    // Those before it went into the first connection's pipe, those after it into the second's.
    received.sort();
    let after: Vec<u8> = (doubtful as u8 + 1..12).collect();
    assert_eq!(received, after);
}

/// This node changes its stash: its connections are under the old name, and must be made anew.
#[tokio::test(start_paused = true)]
async fn a_node_whose_account_changes_connects_anew() {
    let network = Network::default();
    let node = network.start(1);
    node.knows(&[3]);
    let mut raw = Raw::dial(&node.handle, &local(3), &remote(1))
        .await
        .unwrap();
    node.connected_to(&[3]).await;
    let start = Instant::now();
    node.handle.set_topology(Some(account(2)), vec![peer(3)]);
    raw.closed().await;
    assert!(
        start.elapsed() < Duration::from_secs(1),
        "closed by its silence only"
    );
    node.connected_to(&[]).await;
    assert!(Raw::dial(&node.handle, &local(3), &remote(1))
        .await
        .is_none());
    let renamed = Remote {
        account: account(2),
        x25519: public(1),
    };
    let _raw = Raw::dial(&node.handle, &local(3), &renamed).await.unwrap();
    node.connected_to(&[3]).await;
}

/// The peer's key changes on chain while a connection with the old one is on its way to its link.
#[tokio::test(start_paused = true)]
async fn a_connection_with_a_key_that_has_just_changed_is_dropped() {
    let (handle, _incoming, mesh) = Mesh::new(config(1));
    handle.set_topology(Some(account(1)), vec![peer(2)]);
    let mut raw = Raw::dial(&handle, &local(2), &remote(1)).await.unwrap();
    let rekeyed = Peer {
        x25519: public(99),
        ..peer(2)
    };
    handle.set_topology(Some(account(1)), vec![rekeyed]);
    tokio::spawn(mesh.run(CancellationToken::new()));
    timeout(Duration::from_secs(1), raw.closed())
        .await
        .expect("still open");
    assert_eq!(handle.stats().connections, 0);
}
