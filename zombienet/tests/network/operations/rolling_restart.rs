//! Every node is restarted, one after the other, as for a new version of the node.

use crate::place::{heights, until, Place};
use std::time::{Duration, Instant};

/// Until a node that has been restarted is connected to all others, and relayers ask it again.
const TO_SETTLE: Duration = Duration::from_secs(10);

/// On a network of its own. The main path's is restarted in this way in every run of the tests.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "long: scripts/test operations"]
async fn every_node_is_restarted_and_no_request_fails() {
    restart_every_node(&Place::open("local", &[]).await).await;
}

/// No request fails meanwhile. Users read the chain at a node that is not being restarted; which relayer they
/// ask is up to chance.
pub(crate) async fn restart_every_node(place: &Place) {
    let names = place.names();
    let load = place.load(&names[1]).await;
    let mut rows = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let reader = place.network.validator(&names[(index + 1) % names.len()]);
        load.read_at(reader.client().await).await;
        let node = place.network.validator(name);
        let (before, begin) = (load.so_far().0, Instant::now());
        place.network.stop_one(name);
        place.network.restart(name);
        let down = begin.elapsed();
        until(
            "the node is at the head",
            Duration::from_secs(60),
            || async {
                let (own, others) = (heights(&node).await, heights(&reader).await);
                (own.best + 1 >= others.best).then_some(())
            },
        )
        .await;
        tokio::time::sleep(TO_SETTLE).await;
        let (answered, failed) = load.so_far();
        rows.push(format!(
            "| {name} | {:?} | {:.1} | {} | {failed} |",
            node.role,
            down.as_secs_f64(),
            answered - before
        ));
    }
    let (answered, failed) = load.stop().await;
    println!("| node | role | down for, s | answered meanwhile | failed so far |");
    println!("| --- | --- | --- | --- | --- |\n{}", rows.join("\n"));
    println!("{answered} requests answered, {failed} failed");
    assert_eq!(failed, 0);
    assert!(answered > 20, "hardly anybody asked: {answered}");
    assert_eq!(
        place.network.status().verifying_key.as_ref(),
        Some(&place.key)
    );
}
