//! Nodes that are killed at random moments.

use crate::{
    place::until,
    signing::{account, everybody_signs, serve},
    users,
};
use network_tests::Network;
use rand::{seq::SliceRandom, Rng};
use std::time::Duration;

/// Ten times somebody is killed without warning and started again: six times while the key is being
/// made, confirmed or finalized, four times after. (The end of each node between the two, for certain:
/// `scenarios::crashing`.) There is one key, and it signs in the end.
#[tokio::test(flavor = "multi_thread")]
async fn ten_kills_at_random_moments() {
    let network = Network::start().await;
    let names: Vec<String> = network
        .status()
        .validators
        .into_iter()
        .map(|validator| validator.name)
        .collect();
    let mut key = None;
    let mut in_keygen = 0;
    for kill in 0..6 {
        if kill == 3 {
            until("a key generation", Duration::from_secs(240), || async {
                (network.status().phase.as_deref() == Some("keygen")).then_some(())
            })
            .await;
        }
        let (name, pause) = choose(&names, 5_000);
        tokio::time::sleep(pause).await;
        let status = network.status();
        println!(
            "kill {kill}: {name}, phase {:?}, key {:?}",
            status.phase, status.verifying_key
        );
        in_keygen += u32::from(status.phase.as_deref() == Some("keygen"));
        same_key(&mut key, status.verifying_key);
        network.kill(&name);
        network.restart(&name);
    }
    assert!(in_keygen > 0, "nobody was killed while the key was made");
    let (made, _) = network.wait_for_key(Duration::from_secs(420)).await;
    same_key(&mut key, Some(made.clone()));

    let bob = account("//Bob");
    let client = network.client().await;
    let registered = users::requester_only(&client, &bob).await;
    serve(&client, registered.verifying_key, &bob).await;
    for kill in 6..10 {
        let (name, pause) = choose(&names, 3_000);
        tokio::time::sleep(pause).await;
        println!("kill {kill}: {name}");
        network.kill(&name);
        network.restart(&name);
        same_key(&mut key, network.status().verifying_key);
    }
    let client = network.client().await;
    everybody_signs(&client, registered.verifying_key, &bob, 3).await;
    same_key(&mut key, network.status().verifying_key);
}

fn choose(names: &[String], longest_pause: u64) -> (String, Duration) {
    let mut rng = rand::thread_rng();
    let name = names.choose(&mut rng).unwrap().clone();
    (name, Duration::from_millis(rng.gen_range(0..longest_pause)))
}

/// There is never a second network key.
fn same_key(known: &mut Option<String>, seen: Option<String>) {
    if let Some(seen) = seen {
        assert_eq!(*known.get_or_insert_with(|| seen.clone()), seen);
    }
}
