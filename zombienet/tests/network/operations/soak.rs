//! An hour of steady load, in which a random node is killed every few minutes and started again.
//!
//! `SOAK_MINUTES` in the environment makes it shorter or longer.

use super::place::{heights, state, until, Place};
use network_tests::{Status, Validator};
use rand::seq::SliceRandom;
use std::time::{Duration, Instant};

const MINUTES: u64 = 60;
/// From one kill to the next.
const BETWEEN_KILLS: Duration = Duration::from_secs(180);
/// Long enough for a member to be reported and to lose its seat.
const DOWN: Duration = Duration::from_secs(60);
const MIB: u64 = 1 << 20;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "an hour: scripts/test operations soak"]
async fn a_soak_with_kills() {
    let minutes = std::env::var("SOAK_MINUTES").map_or(MINUTES, |text| text.parse().unwrap());
    let place = Place::open("local", &[]).await;
    let names = place.names();
    let load = place.load(&names[0]).await;
    let generation = || async {
        let client = place.network.client().await;
        state(&client).await.committee.unwrap().generation
    };
    let (first, before, begin) = (generation().await, place.network.status(), Instant::now());
    println!("| minute | killed | role | generation | answered | failed |");
    println!("| --- | --- | --- | --- | --- | --- |");
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
    }
    let (answered, failed) = load.stop().await;
    let (last, after) = (generation().await, place.network.status());
    println!("\n| node | MiB before | MiB after |\n| --- | --- | --- |");
    for name in &names {
        let of = |status: &Status| resident(status.validators.iter().find(|one| one.name == *name));
        println!("| {name} | {} | {} |", of(&before), of(&after));
    }
    println!("{answered} requests answered, {failed} failed");
    println!("the key was handed over {} times", last - first);
    assert_eq!(failed, 0);
    assert!(answered > 20, "hardly anybody asked: {answered}");
    assert_eq!(after.verifying_key, Some(place.key));
}

fn resident(node: Option<&Validator>) -> u64 {
    node.and_then(Validator::resident_memory).unwrap() / MIB
}
