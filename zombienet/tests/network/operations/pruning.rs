//! Nodes that keep the state of every block, and one that keeps that of the last few.

use crate::place::{hash, heights, until, Place};
use network_tests::{Rpc, Validator};
use serde_json::{json, Value};
use std::time::Duration;

/// They keep all, as `pruning.toml` says.
const ARCHIVE: &str = "alice";
/// It keeps as many as `pruning.toml` says.
const PRUNED: &str = "bob";
const KEPT: u32 = 32;
/// What a node says of a state that it does not keep (JSON-RPC).
const DISCARDED: &str = "State already discarded";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "long: scripts/test operations"]
async fn pruned_and_archive_nodes_answer_what_they_can() {
    let place = Place::open("pruning", &[]).await;
    let load = place.load("charlie").await;
    let archive = place.network.validator(ARCHIVE);
    let pruned = place.network.validator(PRUNED);
    let head = until(
        "a state is old enough",
        Duration::from_secs(300),
        || async {
            let finalized = heights(&pruned).await.finalized;
            (finalized > 3 * KEPT).then_some(finalized)
        },
    )
    .await;

    println!("| state of block | {ARCHIVE}, archive | {PRUNED}, {KEPT} blocks |");
    println!("| --- | --- | --- |");
    for (block, is_kept) in [(1, false), (head - 2 * KEPT, false), (head, true)] {
        let (full, part) = (answer(&archive, block).await, answer(&pruned, block).await);
        println!("| {block} of {head} | {full:?} | {part:?} |");
        let full = full.unwrap();
        match is_kept {
            true => assert_eq!(part.unwrap(), full),
            false => {
                let error = part.unwrap_err();
                assert!(error.contains(DISCARDED), "{error}");
            }
        }
    }

    // Both do their work for users: as relayers, or as members.
    for node in [&archive, &pruned] {
        let client = node.client().await;
        let account = node.account.as_deref().unwrap();
        let role = until("it serves", Duration::from_secs(120), || async {
            if let Ok(signature) = place.sign(&client, Some(node)).await {
                assert!(signature.verified);
                return Some("relayed");
            }
            let signature = place.sign(&client, None).await.unwrap();
            let mut signers = signature.signers.iter();
            signers
                .find(|one| one.to_string() == account)
                .map(|_| "signed")
        })
        .await;
        println!("{} has {role}", node.name);
    }
    let (answered, failed) = load.stop().await;
    println!("{answered} requests answered, {failed} failed");
    assert_eq!(failed, 0);
}

/// The whole of what the network is like at a block, or the node's refusal.
async fn answer(node: &Validator, block: u32) -> Result<usize, String> {
    let rpc = Rpc::new(&node.rpc);
    let hash = hash(&rpc, block).await.unwrap();
    let call = json!(["SigningApi_network_state", "0x", hash]);
    match rpc.call("state_call", call).await {
        Ok(Value::String(state)) => Ok(state.len() / 2 - 1),
        Ok(other) => panic!("{other}"),
        Err(error) => Err(format!("{} {}", error.message, error.data())),
    }
}
