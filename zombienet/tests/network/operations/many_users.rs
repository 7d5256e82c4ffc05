//! More users than the machine has cores, who do not rest.

use crate::load::Load;
use crate::place::{state, until, Place};
use crate::{signing::serve, users};
use std::time::{Duration, Instant};

const USERS: u32 = 8;
/// For how long they ask.
const LONG: Duration = Duration::from_secs(60);
/// How long it may take until all is prepared for a hand-over: what is done for that is not to be measured.
const TO_PREPARE: Duration = Duration::from_secs(300);

/// Each with a key of its own, since what is asked for with one key has limits.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "long: scripts/test operations"]
async fn eight_users_at_once_are_all_answered() {
    let place = Place::open("local", &[]).await;
    let client = place.network.client().await;
    let mut keys = vec![place.users_key];
    for _ in 1..USERS {
        let registered = users::requester_only(&client, &place.user).await;
        keys.push(registered.verifying_key);
    }
    for key in &keys {
        serve(&client, *key, &place.user).await;
    }
    until("auxiliary information", TO_PREPARE, || async {
        state(&client).await.aux_info.map(|_| ())
    })
    .await;

    let begin = Instant::now();
    let mut load = Load::of(client, keys, &place.user, Duration::ZERO);
    tokio::time::sleep(LONG).await;
    load.end().await;
    let (answered, failed) = load.so_far();
    println!("| users | answered | failed | answered per second | slowest, s |");
    println!("| --- | --- | --- | --- | --- |");
    println!(
        "| {USERS} | {answered} | {failed} | {:.2} | {:.1} |",
        f64::from(answered) / begin.elapsed().as_secs_f64(),
        load.slowest().as_secs_f64()
    );
    assert_eq!(failed, 0);
    assert!(answered > USERS, "hardly anybody was answered: {answered}");
    assert_eq!(place.network.status().verifying_key, Some(place.key));
}
