//! Two of seven validators are cut off from the others, as if a cable were pulled, and come back.

use crate::load::USERS;
use crate::place::{hash, heights, id, set_parameters, state, until, Heights, Place};
use network_tests::{Event, Events, Rpc, Validator};
use signing_client::{AccountId, SigningClient};
use std::time::Duration;

/// Those in the network namespace of their own.
const FEW: [&str; 2] = ["ferdie", "one"];
/// For how long they are cut off: until they are reported, lose their seats and are challenged.
const CUT: Duration = Duration::from_secs(100);
/// Blocks in which a challenge must be answered: as in the normal runtime. In the fast one it is half a
/// minute, and whoever is cut off for longer pays for it as it should.
const CHALLENGE_WINDOW: u32 = 300;

/// Each time it is chance who gets the seat.
const MOST_HAND_OVERS: u32 = 12;

/// Needs root: the network namespace is made with it.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "long: scripts/test operations"]
async fn a_partition_heals_and_nobody_is_slashed() {
    let place = Place::open("seven", &["--apart", &FEW.join(",")]).await;
    let many = place.network.validator("alice");
    let few = place.network.validator(FEW[0]);
    let (rpc, client) = (Rpc::new(&many.rpc), many.client().await);
    let events = Events::follow(&many.rpc).await;
    set_parameters(&client, &rpc, |parameters| {
        parameters.challenge_window = CHALLENGE_WINDOW;
    })
    .await;
    let cut_off = one_member_among_the_few(&place, &client, &rpc).await;

    let load = place.load("alice").await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let mut rows = vec![row("before", &many, &few, load.so_far()).await];

    place.network.cut();
    // What was under way when the cable was pulled.
    tokio::time::sleep(Duration::from_secs(10)).await;
    let (begin, (met, at_the_cut)) = (both(&many, &few).await, load.so_far());
    tokio::time::sleep(CUT).await;
    let end = both(&many, &few).await;
    rows.push(row("cut off", &many, &few, load.so_far()).await);
    assert!(
        end.0.finalized > begin.0.finalized + 20,
        "the many stand still: {end:?}"
    );
    assert_eq!(
        end.1.finalized, begin.1.finalized,
        "two of seven have finalized"
    );
    let met = load.so_far().0 - met;
    assert!(met > 5, "the many answered {met} requests");

    place.network.heal();
    let healed = until(
        "both finalize the same chain",
        Duration::from_secs(180),
        || async {
            let (many_now, few_now) = both(&many, &few).await;
            let height = many_now.finalized.min(few_now.finalized);
            (few_now.finalized > end.0.best).then_some(height)
        },
    )
    .await;
    let (one, other) = (
        hash(&rpc, healed).await,
        hash(&Rpc::new(&few.rpc), healed).await,
    );
    assert!(
        one.is_some() && one == other,
        "{one:?} and {other:?} are both final"
    );
    until(
        "all challenges are answered",
        Duration::from_secs(180),
        || async {
            let state = state(&client).await;
            state.challenges.is_empty().then_some(())
        },
    )
    .await;
    // Those that were cut off take part again: one that is no member relays.
    let relayer = place
        .relayer(&client, &["alice", "bob", "charlie", "dave", "eve"])
        .await;
    until(
        "one that was cut off relays",
        Duration::from_secs(120),
        || async { place.sign(&client, Some(&relayer)).await.ok() },
    )
    .await;
    rows.push(row("healed", &many, &few, load.so_far()).await);
    let (answered, failed) = load.stop().await;

    println!("| | finalized by five | by two | best of two | answered | failed |");
    println!("| --- | --- | --- | --- | --- | --- |\n{}", rows.join("\n"));
    for event in ["SeatLost", "Challenged", "ChallengeAnswered"] {
        let of = events.named(event);
        let of: Vec<AccountId> = of.iter().map(Event::fields).collect();
        println!("{event}: {}", of.len());
        assert!(of.contains(&id(&cut_off)), "{event}: {of:?}");
    }
    assert_eq!(events.named("Slashed"), []);
    assert_eq!(events.named("ChallengeUnanswered"), []);
    println!("{answered} requests answered, {failed} failed, {at_the_cut} of them at the cut");
    assert!(
        at_the_cut <= USERS,
        "only what was under way at the cut may fail: one request of each user"
    );
    assert_eq!(failed, at_the_cut, "two members are enough to sign");
    assert_eq!(place.network.status().verifying_key, Some(place.key));
}

/// Has members leave until one is among those to be cut off, and the others can sign without it.
async fn one_member_among_the_few(place: &Place, client: &SigningClient, rpc: &Rpc) -> Validator {
    for _ in 0..MOST_HAND_OVERS {
        let mut members = place.members(client, &FEW).await;
        match members.len() {
            0 => {
                place
                    .replace(&place.members(client, &[]).await[0], client, rpc)
                    .await
            }
            1 => return members.remove(0),
            _ => place.replace(&members[0], client, rpc).await,
        }
    }
    panic!(
        "{MOST_HAND_OVERS} members have left, and never was one of {FEW:?} the only one of them"
    );
}

async fn both(many: &Validator, few: &Validator) -> (Heights, Heights) {
    (heights(many).await, heights(few).await)
}

async fn row(what: &str, many: &Validator, few: &Validator, load: (u32, u32)) -> String {
    let (many, few) = both(many, few).await;
    format!(
        "| {what} | {} | {} | {} | {} | {} |",
        many.finalized, few.finalized, few.best, load.0, load.1
    )
}
