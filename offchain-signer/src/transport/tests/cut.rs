//! Connections that there are not.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::network::{account, config, Network};
use crate::{conduct::Conduct, transport::MeshConfig};
use sp_core::crypto::Ss58Codec;
use std::{path::PathBuf, time::Duration};
use tokio::time::sleep;

/// Node `seed`, which cuts connections in this way, while there is the file.
fn cutting(seed: u8, way: &str, file: Option<PathBuf>) -> MeshConfig {
    MeshConfig {
        conduct: Conduct::new(vec![way.parse().unwrap()], file, None),
        ..config(seed)
    }
}

/// Both when it is the one that dials and when it is the one that is dialled.
#[tokio::test(start_paused = true)]
async fn a_node_that_is_cut_off_has_no_connection_until_the_cut_ends() {
    for (cut, other, third) in [(1, 2, 3), (3, 2, 1)] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("now");
        let way = format!("cut-from={}", account(other).to_ss58check());
        let network = Network::default();
        let seeds = [cut, other, third];
        let one = network.start_with(cut, cutting(cut, &way, Some(file.clone())));
        let two = network.start(other);
        let three = network.start(third);
        for node in [&one, &two, &three] {
            node.knows(&seeds);
        }
        one.connected_to(&[other, third]).await;
        two.connected_to(&[cut, third]).await;

        // A connection that there is ends; none comes in its place, either way.
        std::fs::write(&file, b"").unwrap();
        one.connected_to(&[third]).await;
        two.connected_to(&[third]).await;
        sleep(Duration::from_secs(300)).await;
        assert_eq!(one.handle.connected(), [account(third)].into());
        assert_eq!(two.handle.connected(), [account(third)].into());

        std::fs::remove_file(&file).unwrap();
        one.connected_to(&[other, third]).await;
        two.connected_to(&[cut, third]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_can_be_cut_off_from_all() {
    let network = Network::default();
    let one = network.start_with(1, cutting(1, "cut-from=all", None));
    let two = network.start(2);
    let three = network.start(3);
    for node in [&one, &two, &three] {
        node.knows(&[1, 2, 3]);
    }
    two.connected_to(&[3]).await;
    sleep(Duration::from_secs(300)).await;
    assert!(one.handle.connected().is_empty());
    assert_eq!(two.handle.connected(), [account(3)].into());
}
