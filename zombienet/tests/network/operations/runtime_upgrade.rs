//! The runtime of a live network is replaced by a later one, which stores something otherwise.

use crate::place::{generation, stored, until, value, value_of_signing, Place};
use crate::{signing::account, users};
use codec::Encode;
use network_tests::{Encoded, Events, Rpc, RUNTIME_VERSION, UPGRADED_RUNTIME};
use serde_json::json;
use std::time::{Duration, Instant};

/// Where a pallet's storage version is kept.
const STORAGE_VERSION: &str = ":__STORAGE_VERSION__:";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "long: scripts/test operations"]
async fn the_runtime_is_upgraded_and_signing_goes_on() {
    let code = UPGRADED_RUNTIME.expect("built with SKIP_WASM_BUILD");
    let place = Place::open("local", &[]).await;
    let alice = place.network.validator("alice");
    let (rpc, client) = (Rpc::new(&alice.rpc), alice.client().await);
    let events = Events::follow(&alice.rpc).await;
    // At the last finalized block, by which clients make transactions.
    let spec_version = || async {
        let finalized = rpc.call("chain_getFinalizedHead", json!([])).await.unwrap();
        let version = rpc
            .call("state_getRuntimeVersion", json!([finalized]))
            .await;
        version.unwrap()["specVersion"].as_u64().unwrap()
    };
    let storage_version = || value::<u16>(&rpc, STORAGE_VERSION);
    let next_index = || async { stored(&rpc, &value_of_signing("NextIndex"), None).await };

    let before = (
        spec_version().await,
        storage_version().await,
        next_index().await,
    );
    assert_eq!(before.0, u64::from(RUNTIME_VERSION.spec_version));
    // What `upgrade-test` in runtime/src/lib.rs and pallets/signing/src/upgrade_test.rs begin with.
    assert_eq!((before.0, before.1), (1, Some(1)));
    // Four bytes: one user has registered.
    assert_eq!(before.2, Some(vec![1, 0, 0, 0]));

    let load = place.load("bob").await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let begin = Instant::now();
    let argument = (Encoded(code.encode()),);
    rpc.sudo("System", "set_code", argument, &account("//Alice"))
        .await;
    until(
        "the later runtime runs",
        Duration::from_secs(60),
        || async { (spec_version().await > before.0).then_some(()) },
    )
    .await;
    let took = begin.elapsed();
    let (answered_before, _) = load.so_far();

    // The migration has run: in the first block of the later runtime, at the latest.
    until("the migration has run", Duration::from_secs(20), || async {
        (storage_version().await == Some(2)).then_some(())
    })
    .await;
    let after = (
        spec_version().await,
        storage_version().await,
        next_index().await,
    );
    assert_eq!(after.2, Some(vec![1, 0, 0, 0, 0, 0, 0, 0]));

    // What it has changed is right: the next registration gets the next index, and a key of its own.
    let client_after = alice.client().await;
    let registered = users::requester_only(&client_after, &account("//Charlie")).await;
    assert_eq!(registered.index, 1);
    assert_ne!(registered.verifying_key, place.users_key);
    // A client that was connected all the while goes on as well.
    place.sign(&client, None).await.unwrap();

    // So do the signers' own calls: they hand the key over.
    let generations = generation(&client_after).await;
    let members = place.members(&client_after, &[]).await;
    place.replace(&members[0], &client_after, &rpc).await;
    let generations = (generations, generation(&client_after).await);
    place.sign(&client_after, None).await.unwrap();

    let (answered, failed) = load.stop().await;
    println!("| | before | after |\n| --- | --- | --- |");
    println!("| spec version | {} | {} |", before.0, after.0);
    println!(
        "| storage version | {:?} | {:?} |",
        before.1.unwrap(),
        after.1.unwrap()
    );
    println!(
        "| next index, stored | 0x{} | 0x{} |",
        hex::encode(before.2.unwrap()),
        hex::encode(after.2.unwrap())
    );
    println!("| generation | {} | {} |", generations.0, generations.1);
    println!(
        "| requests answered | {answered_before} | {} |",
        answered - answered_before
    );
    println!(
        "{} bytes of code; upgraded {:.0} s after it was submitted; {failed} requests failed",
        code.len(),
        took.as_secs_f64()
    );
    assert_eq!(failed, 0);
    assert!(
        answered > answered_before + 10,
        "hardly anybody asked after the upgrade"
    );
    // Of blocks of the later runtime, too.
    assert_eq!(events.named("CommitteeActivated").len(), 1);
    assert_eq!(events.named("Slashed"), []);
    assert_eq!(place.network.status().verifying_key, Some(place.key));
}
