//! The networks that `zombienet/*.toml` define. Other tests start all but `large`.

use crate::place::{state, Place};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "long: scripts/test operations"]
async fn the_large_network_signs() {
    let place = Place::open("large", &[]).await;
    let client = place.network.client().await;
    let committee = state(&client).await.committee.unwrap();
    let signature = place.sign(&client, None).await.unwrap();
    println!("| validators | members | threshold | vouched |\n| --- | --- | --- | --- |");
    println!(
        "| {} | {} | {} | {} |",
        place.names().len(),
        committee.members.len(),
        committee.threshold,
        signature.signers.len()
    );
    assert_eq!(place.names().len(), 7);
    assert_eq!((committee.members.len(), committee.threshold), (5, 3));
    assert_eq!(signature.signers.len(), 3);
}
