//! Nodes without a database get the chain by warp sync: one whose disk is lost, which relays again, and one that has
//! never been there.

use crate::place::{hash, heights, until, Place};
use network_tests::{Rpc, Validator};
use serde_json::json;
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "long: scripts/test operations"]
async fn a_node_that_has_lost_its_database_warps_to_the_head_and_relays() {
    let place = Place::open("local", &[]).await;
    let client = place.network.client().await;
    let node = place.relayer(&client, &["alice"]).await;
    let name = node.name.clone();
    let before = heights(&node).await;
    // Its machine is new: only the key store of the signer was copied.
    place.network.stop_one(&name);
    let chains = place.network.base_path(&name).join("chains");
    let chain = std::fs::read_dir(chains).unwrap().next().unwrap();
    let database = chain.unwrap().path().join("paritydb");
    std::fs::remove_dir_all(database).unwrap();

    let begin = Instant::now();
    place.network.restart_with(&name, &["--sync=warp"]);
    let alice = place.network.validator("alice");
    until("it is at the head", Duration::from_secs(180), || async {
        let (own, others) = (heights(&node).await, heights(&alice).await);
        (own.finalized > before.finalized && own.best + 1 >= others.best).then_some(())
    })
    .await;
    let synced = begin.elapsed();
    let client = alice.client().await;
    until("it relays", Duration::from_secs(120), || async {
        place.sign(&client, Some(&node)).await.ok()
    })
    .await;
    let relayed = begin.elapsed();
    let refusal = warped(&place, &node, &alice).await;
    println!("| node | head before | at the head after, s | relays after, s |");
    println!("| --- | --- | --- | --- |");
    println!(
        "| {name} | {} | {:.0} | {:.0} |",
        before.best,
        synced.as_secs_f64(),
        relayed.as_secs_f64()
    );
    println!("state of block 1: {refusal}");
    assert_eq!(place.network.status().verifying_key, Some(place.key));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "long: scripts/test operations"]
async fn a_fresh_node_warps_to_the_head() {
    let place = Place::open("join", &["--without", "newcomer"]).await;
    let node = place.network.validator("newcomer");
    let alice = place.network.validator("alice");
    let before = heights(&alice).await;

    let begin = Instant::now();
    place.network.restart_with("newcomer", &["--sync=warp"]);
    until("it is at the head", Duration::from_secs(180), || async {
        let (own, others) = (heights(&node).await, heights(&alice).await);
        (own.finalized >= before.finalized && own.best + 1 >= others.best).then_some(())
    })
    .await;
    println!("| node | head before | at the head after, s |\n| --- | --- | --- |");
    let synced = begin.elapsed().as_secs_f64();
    println!("| newcomer | {} | {synced:.0} |", before.best);
    let refusal = warped(&place, &node, &alice).await;
    println!("state of block 1: {refusal}");
}

/// How a node says that it has no state of the first block, which it has if it has executed the blocks
/// below the one that it has warped to.
async fn warped(place: &Place, node: &Validator, other: &Validator) -> String {
    assert!(
        place
            .network
            .log(&node.name)
            .contains("Warp sync is complete"),
        "it has synced otherwise"
    );
    let first = hash(&Rpc::new(&other.rpc), 1).await.unwrap();
    let refusal = Rpc::new(&node.rpc)
        .call("state_getRuntimeVersion", json!([first]))
        .await;
    let refusal = refusal.expect_err("it has the state of block 1").message;
    // And not for another reason: it knows the block.
    assert!(refusal.contains("State already discarded"), "{refusal}");
    refusal
}
