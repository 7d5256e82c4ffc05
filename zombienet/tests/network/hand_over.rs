//! Members that fail are replaced, and users do not notice.

use crate::{
    load::Load,
    signing::{account, serve},
    users,
};
use network_tests::{Events, Network, Role};
use signing_client::{SigningClient, Wait};
use std::time::{Duration, Instant};

/// A member dies. The others say so, the next block names a new committee, the key is handed over,
/// and nobody who asks for signatures meanwhile is refused one.
#[tokio::test(flavor = "multi_thread")]
async fn a_dead_member_is_replaced() {
    let network = Network::start().await;
    let (key, status) = network.wait_for_key(Duration::from_secs(240)).await;
    let relayer = status.with_role(Role::Relayer)[0].clone();
    let victim = status.with_role(Role::Signer)[0].clone();
    let client = SigningClient::connect(&relayer.rpc)
        .await
        .unwrap()
        .with_wait(Wait::Included);
    let bob = account("//Bob");
    let registered = users::requester_only(&client, &bob).await;
    serve(&client, registered.verifying_key, &bob).await;

    let events = Events::follow(&relayer.rpc).await;
    let load = Load::start(client.clone(), registered.verifying_key, bob.clone());
    tokio::time::sleep(Duration::from_secs(5)).await;
    let killed = Instant::now();
    network.kill(&victim.name);
    let deadline = killed + Duration::from_secs(300);
    while events.blocks_with("CommitteeActivated").is_empty() {
        assert!(
            Instant::now() < deadline,
            "no new committee; {:?}\n{}",
            events.seen(),
            network.logs()
        );
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let took = killed.elapsed();
    // Some more requests of the new committee.
    tokio::time::sleep(Duration::from_secs(10)).await;
    let (answered, failed) = load.stop().await;

    let reassigned = events.blocks_with("CommitteeReassigned")[0];
    let reports = events.blocks_with("FaultReported");
    let decided = *reports.iter().rfind(|block| **block < reassigned).unwrap();
    let activated = events.blocks_with("CommitteeActivated")[0];
    println!(
        "{} killed: first report in block {}, decided in {decided}, new committee named in \
         {reassigned}, active in {activated}, {:.0} s after the kill; {answered} requests \
         answered, {failed} failed",
        victim.name,
        reports[0],
        took.as_secs_f64()
    );
    assert_eq!(reassigned, decided + 1);
    assert_eq!(failed, 0);
    assert!(answered > 0);

    let now = network.status();
    assert_eq!(now.verifying_key, Some(key));
    let signers: Vec<_> = now.with_role(Role::Signer);
    assert_eq!(signers.len(), 3);
    assert!(signers.iter().all(|signer| signer.name != victim.name));
    serve(&client, registered.verifying_key, &bob).await;
}
