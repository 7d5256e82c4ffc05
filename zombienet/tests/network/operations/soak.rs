//! An hour of steady load, in which a random node is killed every few minutes and started again. A member and
//! a relayer are spared: whether nodes leak can be seen only in processes that last.
//!
//! `SOAK_MINUTES` in the environment makes it shorter or longer.

use crate::place::{generation, heights, until, Place};
use network_tests::{Role, Validator};
use rand::seq::SliceRandom;
use std::{
    fmt,
    time::{Duration, Instant},
};

const MINUTES: u64 = 60;
/// From one kill to the next.
const BETWEEN_KILLS: Duration = Duration::from_secs(180);
/// How many requests are answered in that time at least: some half of what two slow cores do.
const LEAST: u32 = 50;
/// Long enough for a member to be reported and to lose its seat.
const DOWN: Duration = Duration::from_secs(60);
const MIB: u64 = 1 << 20;
/// Of the chain's state a node keeps in memory what it has read and written lately, up to 1 GiB: for an hour
/// that grows with each block. Those that are spared keep so much, which is reached soon.
const STATE_CACHE: &str = "--trie-cache-size=8388608";
/// When a node has done everything that it does, and keeps all that it keeps: then it is measured first. Others
/// have been killed by then, and the key has been handed over.
const SETTLED: Duration = Duration::from_secs(600);
/// How much more a process may have of its own at the end than then, MiB. In between there are 1,500 blocks
/// and some 3,000 requests: if it kept 30 kB of each block, or 15 kB of each request, it would have more. What
/// it needs for sessions and hand-overs comes and goes, and is less.
const GROWTH: u64 = 40;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "an hour: scripts/test operations soak"]
async fn a_soak_with_kills() {
    let minutes = std::env::var("SOAK_MINUTES").map_or(MINUTES, |text| text.parse().unwrap());
    let long = Duration::from_secs(60 * minutes);
    let place = Place::open("local", &[]).await;
    let names = place.names();
    let spared = spare_two(&place).await;
    let others: Vec<&String> = names.iter().filter(|name| !spared.contains(name)).collect();
    // Users read the chain at one that is not killed. Which relayer they ask is up to chance.
    let reader = place.network.validator(&spared[1]);
    let load = place.load(&reader.name).await;
    let client = reader.client().await;
    let (first, begin) = (generation(&client).await, Instant::now());
    let (at_first, mut settled) = (processes(&place, &names), None);
    println!("| minute | killed | role | generation | answered | failed |");
    println!("| --- | --- | --- | --- | --- | --- |");
    let (mut members_killed, mut answered_before) = (0, 0);
    while begin.elapsed() < long {
        let name = others.choose(&mut rand::thread_rng()).unwrap();
        let node = place.network.validator(name);
        let next = Instant::now() + BETWEEN_KILLS;
        place.network.kill(name);
        tokio::time::sleep(DOWN).await;
        place.network.restart(name);
        at_the_head(&node, &reader).await;
        tokio::time::sleep(next.saturating_duration_since(Instant::now())).await;
        let ((answered, failed), minute) = (load.so_far(), begin.elapsed().as_secs() / 60);
        let (role, now) = (node.role, generation(&client).await);
        println!("| {minute} | {name} | {role:?} | {now} | {answered} | {failed} |");
        let meanwhile = answered - answered_before;
        assert!(
            meanwhile >= LEAST,
            "hardly anybody is answered: {meanwhile}"
        );
        answered_before = answered;
        members_killed += u32::from(role == Role::Signer);
        if settled.is_none() && begin.elapsed() >= SETTLED.min(long / 2) {
            settled = Some(processes(&place, &names));
        }
    }
    let (answered, failed) = load.stop().await;
    let last = generation(&client).await;
    println!(
        "\n| node | spared | at first | settled | in the end |\n| --- | --- | --- | --- | --- |"
    );
    let mut leaks = Vec::new();
    let settled = settled.unwrap();
    let before = at_first.iter().zip(&settled);
    for ((begun, before), after) in before.zip(processes(&place, &names)) {
        let (name, is_spared) = (&after.name, spared.contains(&after.name));
        println!("| {name} | {is_spared} | {begun} | {before} | {after} |");
        if is_spared {
            assert_eq!(before.pid, after.pid, "{name} has ended meanwhile");
            if after.own > before.own + GROWTH {
                leaks.push(name.clone());
            }
        }
    }
    let sent = answered + failed;
    println!("{sent} requests sent, {answered} answered, {failed} failed");
    println!("the key was handed over {} times", last - first);
    assert!(leaks.is_empty(), "{leaks:?} leak");
    assert_eq!(failed, 0);
    assert!(
        last > first || members_killed == 0,
        "{members_killed} members were killed, and nobody took over"
    );
    assert_eq!(place.network.status().verifying_key, Some(place.key));
}

/// Chooses a member and a relayer, and starts them again so that they keep little of the chain's state.
async fn spare_two(place: &Place) -> [String; 2] {
    let client = place.network.client().await;
    let members = place.members(&client, &[]).await;
    let relayer = place.relayer(&client, &[]).await;
    drop(client);
    let spared = [&members[0], &relayer];
    for (node, other) in [(&members[0], &relayer), (&relayer, &members[0])] {
        place.network.stop_one(&node.name);
        place.network.restart_with(&node.name, &[STATE_CACHE]);
        at_the_head(node, other).await;
    }
    let client = relayer.client().await;
    until("they serve", Duration::from_secs(120), || async {
        place.sign(&client, None).await.ok()
    })
    .await;
    spared.map(|node| node.name.clone())
}

async fn at_the_head(node: &Validator, other: &Validator) {
    until("it is at the head", BETWEEN_KILLS, || async {
        let (own, others) = (heights(node).await, heights(other).await);
        (own.best + 1 >= others.best).then_some(())
    })
    .await;
}

/// A node's process.
struct Process {
    name: String,
    pid: u32,
    age: Duration,
    /// Memory of its own, MiB.
    own: u64,
    /// With that of files, MiB.
    resident: u64,
}

fn processes(place: &Place, names: &[String]) -> Vec<Process> {
    let nodes = names.iter().map(|name| place.network.validator(name));
    nodes.map(Process::of).collect()
}

impl Process {
    fn of(node: Validator) -> Self {
        Self {
            pid: node.pid.unwrap(),
            age: node.age().unwrap(),
            own: node.own_memory().unwrap() / MIB,
            resident: node.resident_memory().unwrap() / MIB,
            name: node.name,
        }
    }
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.age.as_secs() / 60;
        let (own, resident) = (self.own, self.resident);
        write!(f, "{minutes} min old: {own} MiB, {resident} with files")
    }
}
