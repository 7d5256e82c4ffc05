//! An hour of steady load, in which a random node is killed every few minutes and started again.
//!
//! `SOAK_MINUTES` in the environment makes it shorter or longer.

use crate::place::{generation, heights, until, Place};
use network_tests::Role;
use rand::seq::SliceRandom;
use std::time::{Duration, Instant};

const MINUTES: u64 = 60;
/// From one kill to the next.
const BETWEEN_KILLS: Duration = Duration::from_secs(180);
/// Long enough for a member to be reported and to lose its seat.
const DOWN: Duration = Duration::from_secs(60);
/// At least so many requests are answered from one kill to the next.
const BETWEEN_KILLS_ANSWERED: u32 = 30;
const MIB: u64 = 1 << 20;
/// What a node may have more at the end than it had when it had served for a while, MiB.
const MEMORY: u64 = 100;
/// That while.
const WARM_UP: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "an hour: scripts/test operations soak"]
async fn a_soak_with_kills() {
    let minutes = std::env::var("SOAK_MINUTES").map_or(MINUTES, |text| text.parse().unwrap());
    let place = Place::open("local", &[]).await;
    let names = place.names();
    let load = place.load(&names[0]).await;
    let generation = || async { generation(&place.network.client().await).await };
    tokio::time::sleep(WARM_UP).await;
    let (first, begin) = (generation().await, Instant::now());
    let before: Vec<u64> = memory(&place, &names);
    println!("| minute | killed | role | generation | answered | failed |");
    println!("| --- | --- | --- | --- | --- | --- |");
    let (mut members_killed, mut answered_before) = (0, 0);
    while begin.elapsed() < Duration::from_secs(60 * minutes) {
        let name = names.choose(&mut rand::thread_rng()).unwrap();
        let node = place.network.validator(name);
        // Users read the chain elsewhere. Which relayer they ask is up to chance.
        let mut others = names.iter().filter(|other| *other != name);
        let reader = place.network.validator(others.next().unwrap());
        load.read_at(reader.client().await).await;
        let next = Instant::now() + BETWEEN_KILLS;
        place.network.kill(name);
        tokio::time::sleep(DOWN).await;
        place.network.restart(name);
        until("it is at the head", BETWEEN_KILLS, || async {
            let (own, others) = (heights(&node).await, heights(&reader).await);
            (own.best + 1 >= others.best).then_some(())
        })
        .await;
        tokio::time::sleep(next.saturating_duration_since(Instant::now())).await;
        let ((answered, failed), minute) = (load.so_far(), begin.elapsed().as_secs() / 60);
        let (role, now) = (node.role, generation().await);
        println!("| {minute} | {name} | {role:?} | {now} | {answered} | {failed} |");
        assert!(
            answered >= answered_before + BETWEEN_KILLS_ANSWERED,
            "hardly anybody is answered"
        );
        answered_before = answered;
        members_killed += u32::from(role == Role::Signer);
    }
    let (answered, failed) = load.stop().await;
    let last = generation().await;
    println!("\n| node | MiB before | MiB after |\n| --- | --- | --- |");
    let memory = before.into_iter().zip(memory(&place, &names));
    for (name, (before, after)) in names.iter().zip(memory) {
        println!("| {name} | {before} | {after} |");
        assert!(after < before + MEMORY, "{name} leaks");
    }
    let sent = answered + failed;
    println!("{sent} requests sent, {answered} answered, {failed} failed");
    println!("the key was handed over {} times", last - first);
    assert_eq!(failed, 0);
    assert!(
        last > first || members_killed == 0,
        "{members_killed} members were killed, and nobody took over"
    );
    assert_eq!(place.network.status().verifying_key, Some(place.key));
}

/// What each node has in memory, MiB.
fn memory(place: &Place, names: &[String]) -> Vec<u64> {
    let node = |name| place.network.validator(name).resident_memory().unwrap() / MIB;
    names.iter().map(|name| node(name)).collect()
}
