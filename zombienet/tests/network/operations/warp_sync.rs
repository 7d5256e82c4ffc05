//! A node without a database gets the chain by warp sync, and relays.

use crate::place::{hash, heights, until, Place};
use network_tests::Rpc;
use serde_json::json;
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "long: scripts/test operations"]
async fn a_fresh_node_warps_to_the_head_and_relays() {
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
    // It has not executed the blocks below the one that it warped to: it has no state of them.
    let rpc = Rpc::new(&node.rpc);
    assert!(
        place.network.log(&name).contains("Warp sync is complete"),
        "it has synced otherwise"
    );
    let first = hash(&Rpc::new(&alice.rpc), 1).await.unwrap();
    let refusal = rpc.call("state_getRuntimeVersion", json!([first])).await;
    let refusal = refusal.expect_err("it has the state of block 1");
    println!("| node | head before | at the head after, s | relays after, s |");
    println!("| --- | --- | --- | --- |");
    println!(
        "| {name} | {} | {:.0} | {:.0} |",
        before.best,
        synced.as_secs_f64(),
        relayed.as_secs_f64()
    );
    println!("state of block 1: {}", refusal.message);
    assert_eq!(place.network.status().verifying_key, Some(place.key));
}
