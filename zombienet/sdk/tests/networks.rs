//! Each network that `zombienet/*.toml` defines makes a key and signs, when zombienet's library starts it. Run by
//! `scripts/test zombienet`, one after the other: each needs the whole machine.

use anyhow::{ensure, Result};
use zombienet_sdk_tests::{Committee, Network};

/// Starts the network, and has so many members of which so many sign make a key and sign with it.
async fn signs(
    name: &str,
    nodes: usize,
    members: usize,
    threshold: u64,
) -> Result<(Network, String)> {
    let network = Network::spawn(name).await?;
    ensure!(network.names().len() == nodes, "{:?}", network.names());
    let (_, committee) = network.key().await?;
    let Committee {
        members: of,
        threshold: it_takes,
    } = &committee;
    ensure!(
        (of.len(), *it_takes) == (members, threshold),
        "{committee:?}"
    );
    let key = network.register().await?;
    let signature = network.sign(&key, "hello").await?;
    println!("{name}: signed, {signature}");
    Ok((network, key))
}

/// Also after each node has been restarted; and its metrics are where zombienet looks for them.
#[tokio::test(flavor = "multi_thread")]
async fn the_local_network_signs_and_outlives_restarts() -> Result<()> {
    let (network, key) = signs("local", 5, 3, 2).await?;
    let before = network.key().await?;
    for name in network.names() {
        network.restart(&name).await?;
        network
            .reaches(&name, "signing_key_generation", 1.0)
            .await?;
    }
    ensure!(network.key().await? == before, "another key");
    network.sign(&key, "again").await?;
    network.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_large_network_signs() -> Result<()> {
    signs("large", 7, 5, 3).await?.0.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_network_with_seven_validators_signs() -> Result<()> {
    signs("seven", 7, 3, 2).await?.0.end().await
}

/// The sixth node has no session keys: it runs, and is in nobody's way.
#[tokio::test(flavor = "multi_thread")]
async fn the_network_that_somebody_is_to_join_signs() -> Result<()> {
    signs("join", 6, 3, 2).await?.0.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_network_that_prunes_signs() -> Result<()> {
    signs("pruning", 5, 3, 2).await?.0.end().await
}
