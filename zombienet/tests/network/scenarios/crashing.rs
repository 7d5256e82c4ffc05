//! Nodes that crash wherever a share could be lost: before and after each step of a key generation and
//! of a hand-over that a crash may interrupt, all of them, one after the other.

use crate::{
    place::{self, generation, stash, Place},
    signing::everybody_signs,
};
use network_tests::{Network, Rpc};
use signing_client::{NetworkState, SigningClient};
use std::{
    collections::BTreeMap,
    path::Path,
    time::{Duration, Instant},
};

const VALIDATORS: usize = 5;
const MEMBERS: usize = 3;
/// Steps of a key generation and a hand-over (`--help` of the node lists the points).
const STEPS: [&str; 7] = [
    "storing-share",
    "confirming-keygen",
    "promoting-share",
    "storing-aux-info",
    "confirming-aux-info",
    "confirming-reshare",
    "erasing-shares",
];
/// Attempts fail of it: those who had not stored what they had made have nothing to confirm.
const PATIENCE: Duration = Duration::from_secs(900);

/// All members, when they have made the key and nobody knows yet.
#[tokio::test(flavor = "multi_thread")]
async fn members_crash_between_the_key_and_its_confirmation() {
    const STEP: &str = "confirming-keygen";
    let crashing = Crashing::new(Network::start().await, &[STEP]);
    crashing.restart_all();
    crashing
        .until("a key", async |network| {
            state(network).await?.verifying_key.map(|_| ())
        })
        .await;
    let crashed = crashes(&crashing.network);
    println!("crashed: {crashed:?}");
    for moment in ["before", "after"] {
        let nodes = crashed.get(&format!("{moment}-{STEP}"));
        assert_eq!(nodes, Some(&MEMBERS), "crashed {moment} {STEP}");
    }

    let place = Place::of(crashing.network).await;
    // Honest again, with what they have stored.
    place.network.restart_all();
    let client = place.network.client().await;
    let attempt = place::state(&client).await.committee.unwrap().attempt;
    println!("the key is that of attempt {attempt}");
    everybody_signs(&client, place.users_key, &place.user, MEMBERS).await;
    assert_eq!(place.network.status().verifying_key, Some(place.key));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "long: scripts/test scenarios crashing"]
async fn no_share_is_lost_wherever_nodes_crash() {
    let crashing = Crashing::new(Network::start_with(VALIDATORS).await, &STEPS);
    crashing.restart_all();
    crashing
        .until("a key, and auxiliary information", async |network| {
            state(network).await?.aux_info.map(|_| ())
        })
        .await;

    let place = Place::of(crashing.network).await;
    let client = place.network.client().await;
    let first = generation(&client).await;
    let leaver = &place.members(&client, &[]).await[0];
    let rpc = Rpc::new(&leaver.rpc);
    rpc.transact("Signing", "leave_committee", (), &stash(leaver))
        .await;
    let crashing = Crashing::new(place.network, &STEPS);
    crashing
        .until("another committee", async |network| {
            let now = state(network).await?.committee?.generation;
            (now > first).then_some(())
        })
        .await;
    // That is when the hand-over is final.
    crashing
        .until("older shares are erased", async |network| {
            let crashed = crashes(network);
            crashed.contains_key("after-erasing-shares").then_some(())
        })
        .await;

    println!("| crashed | nodes |\n| --- | --- |");
    let crashed = crashes(&crashing.network);
    for (point, nodes) in &crashed {
        println!("| {point} | {nodes} |");
    }
    for step in STEPS {
        for moment in ["before", "after"] {
            let point = format!("{moment}-{step}");
            assert!(crashed.contains_key(&point), "nobody has crashed {point}");
        }
    }

    // Honest again, all at once.
    let network = crashing.network;
    network.restart_all();
    let client = network.client().await;
    everybody_signs(&client, place.users_key, &place.user, MEMBERS).await;
    assert_eq!(network.status().verifying_key, Some(place.key));
}

/// A network whose nodes crash before and after some steps, each once at each, and are started again.
struct Crashing {
    network: Network,
    ways: Vec<String>,
}

impl Crashing {
    fn new(network: Network, steps: &[&str]) -> Self {
        let points = steps
            .iter()
            .flat_map(|step| ["before", "after"].map(|moment| format!("crash-at={moment}-{step}")));
        Self {
            network,
            ways: points.collect(),
        }
    }

    /// Starts a node again. It may crash before it answers.
    fn restart(&self, name: &str) {
        let ways: Vec<&str> = self.ways.iter().map(String::as_str).collect();
        if let Err(error) = self.network.try_restart_misbehaving(name, &ways) {
            println!("{name}: {}", error.lines().next().unwrap_or_default());
        }
    }

    fn restart_all(&self) {
        for name in names(&self.network) {
            self.network.kill(&name);
            self.restart(&name);
        }
    }

    /// Starts again who has crashed, until there is what is looked for.
    async fn until<T>(&self, what: &str, look: impl AsyncFn(&Network) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let ended = self.network.status().validators;
            let ended: Vec<String> = ended
                .into_iter()
                .filter(|node| node.pid.is_none())
                .map(|node| node.name)
                .collect();
            for name in &ended {
                println!("{name} has crashed; starting it again");
                self.restart(name);
            }
            if ended.is_empty() {
                if let Some(found) = look(&self.network).await {
                    return found;
                }
            }
            assert!(Instant::now() < deadline, "not after {PATIENCE:?}: {what}");
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
}

/// The network's state, unless the node that is asked crashes.
async fn state(network: &Network) -> Option<NetworkState> {
    let rpc = network.status().validators.swap_remove(0).rpc;
    let client = SigningClient::connect(&rpc).await.ok()?;
    Some(client.status().await.ok()?.network)
}

fn names(network: &Network) -> Vec<String> {
    let nodes = network.status().validators;
    nodes.into_iter().map(|node| node.name).collect()
}

/// At which points how many nodes have crashed.
fn crashes(network: &Network) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for name in names(network) {
        marks(&network.base_path(&name), &mut found);
    }
    found
}

/// Counts the marks that nodes leave where they have crashed.
fn marks(folder: &Path, found: &mut BTreeMap<String, usize>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        if let Some(point) = name.strip_prefix("crashed-at-") {
            *found.entry(point.into()).or_default() += 1;
        } else if entry.file_type().unwrap().is_dir() {
            marks(&entry.path(), found);
        }
    }
}
