//! Nodes that are killed at random moments.

use crate::{
    place::{id, state, until},
    signing::{account, everybody_signs, serve},
    users,
};
use network_tests::{Network, Validator};
use rand::{seq::SliceRandom, Rng};
use signing_client::Phase;
use std::time::Duration;

/// Ten times somebody is killed without warning and started again: six times while the key is being
/// made, confirmed or finalized, four times after. While it is made it hits one of those that make it. (The
/// end of each node between the two, for certain: `scenarios::crashing`.) There is one key, and it signs in
/// the end.
#[tokio::test(flavor = "multi_thread")]
async fn ten_kills_at_random_moments() {
    let network = Network::start().await;
    let nodes = network.status().validators.into_iter();
    let everybody: Vec<String> = nodes.map(|node| node.name).collect();
    let mut key = None;
    let mut in_keygen = 0;
    for kill in 0..6 {
        if kill == 3 {
            // Or there is a key already, if nobody was killed in time.
            until("a key generation", Duration::from_secs(240), || async {
                let now = state(&network.client().await).await;
                let has_begun = matches!(now.phase, Phase::Keygen(_));
                (has_begun || now.verifying_key.is_some()).then_some(())
            })
            .await;
        }
        tokio::time::sleep(pause(5_000)).await;
        let phase = state(&network.client().await).await.phase;
        let status = network.status();
        same_key(&mut key, status.verifying_key);
        let makers = makers(&status.validators, &phase);
        let name = match makers.is_empty() {
            true => choose(&everybody),
            false => choose(&makers),
        };
        println!("kill {kill}: {name}, while {makers:?} make the key; key {key:?}");
        in_keygen += u32::from(!makers.is_empty());
        network.kill(name);
        network.restart(name);
    }
    assert!(
        in_keygen > 0,
        "the key was made before any of those that make it was killed"
    );
    let (made, _) = network.wait_for_key(Duration::from_secs(420)).await;
    same_key(&mut key, Some(made.clone()));

    let bob = account("//Bob");
    let client = network.client().await;
    let registered = users::requester_only(&client, &bob).await;
    serve(&client, registered.verifying_key, &bob).await;
    for kill in 6..10 {
        tokio::time::sleep(pause(3_000)).await;
        let name = choose(&everybody);
        println!("kill {kill}: {name}");
        network.kill(name);
        network.restart(name);
        same_key(&mut key, network.status().verifying_key);
    }
    let client = network.client().await;
    everybody_signs(&client, registered.verifying_key, &bob, 3).await;
    same_key(&mut key, network.status().verifying_key);
}

/// Those that make the key, and have not said yet that they have it; nobody in other phases.
fn makers(nodes: &[Validator], phase: &Phase) -> Vec<String> {
    let Phase::Keygen(attempt) = phase else {
        return Vec::new();
    };
    // Those that have not announced themselves are not known by their accounts yet.
    let announced = nodes.iter().filter(|node| node.account.is_some());
    let makers = announced.filter(|node| {
        let account = id(node);
        let mut members = attempt.members.iter();
        members.any(|member| member.validator == account) && !attempt.confirmed.contains(&account)
    });
    makers.map(|node| node.name.clone()).collect()
}

fn choose(names: &[String]) -> &str {
    names.choose(&mut rand::thread_rng()).unwrap()
}

fn pause(longest: u64) -> Duration {
    Duration::from_millis(rand::thread_rng().gen_range(0..longest))
}

/// There is never a second network key.
fn same_key(known: &mut Option<String>, seen: Option<String>) {
    if let Some(seen) = seen {
        assert_eq!(*known.get_or_insert_with(|| seen.clone()), seen);
    }
}
