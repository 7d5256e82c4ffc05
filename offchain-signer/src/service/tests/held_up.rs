//! Hand-overs that a member holds up. It hands over and is to stay, and signs well all the while.

use super::*;
use crate::{misbehave::Way, sessions::memory::Silence};
use signing_primitives::UnprovableFault;

/// What each node would report, by node: whom, by node, and of what.
type Due = BTreeMap<usize, Vec<(usize, UnprovableFault)>>;

fn due(world: &World, nodes: &[Running]) -> Due {
    let number = |party: &SignerId| {
        let mut members = world.members.iter();
        members.position(|member| member.party == *party).unwrap()
    };
    let of = |node: &Running| -> Vec<_> {
        let due = node.observations.due().into_iter();
        due.map(|(party, fault)| (number(&party), fault)).collect()
    };
    nodes.iter().map(of).enumerate().collect()
}

/// Begins the hand-over, and lets blocks come until the condition holds. Meanwhile the member signs.
async fn hand_over(world: &World, nodes: &[Running], until: impl Fn(Due, Duration) -> bool) {
    let began = tokio::time::Instant::now();
    let pair = [world.old[1], world.old[2]];
    world.begin_hand_over();
    for number in 0.. {
        tokio::time::sleep(Duration::from_secs(2)).await;
        world.chain.import(|_| ());
        world.chain.finalize();
        let pair = pair.map(|node| (node, nodes[node].signer.clone()));
        world.sign(pair, 1, number).await;
        let took = began.elapsed();
        if until(due(world, nodes), took) {
            return;
        }
        assert!(took < Duration::from_secs(300));
    }
}

async fn start_with(world: &World, silent: usize, ways: &[&str]) -> Vec<Running> {
    let ways: Vec<Way> = ways.iter().map(|way| way.parse().unwrap()).collect();
    let mut nodes = Vec::new();
    for index in 0..5 {
        nodes.push(match index == silent {
            true => {
                world
                    .start_as(index, Conduct::new(ways.clone(), None, None))
                    .await
            }
            false => world.start(index).await,
        });
    }
    until("generation 1 is in use", || {
        world.old.iter().all(|node| held(&nodes[*node]).0 == [1])
    })
    .await;
    nodes
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_is_silent_in_hand_overs_is_reported_although_it_signs() {
    let world = world();
    let silent = world.old[1];
    let nodes = start_with(&world, silent, &["silent-in=reshare"]).await;
    let (staying, joining) = (world.old[2], world.fresh[0]);
    hand_over(&world, &nodes, |due, _| {
        for (node, reports) in &due {
            let named = reports.iter().all(|(whom, _)| *whom == silent);
            assert!(named || *node == silent, "{due:?}");
        }
        [staying, joining]
            .iter()
            .all(|node| due[node] == [(silent, UnprovableFault::Silent)])
    })
    .await;
}

/// It keeps silent to the one that joins, which cannot go on: the others wait for the victim.
async fn one_is_let_down(silence: Silence) {
    let world = world();
    let (silent, victim) = (world.old[1], world.fresh[0]);
    let nodes = start_with(&world, silent, &[]).await;
    let account = |node: usize| world.members[node].validator.clone();
    let (from, to) = (account(silent), account(victim));
    world.net.silence(from, to, silence);
    let long_enough = Duration::from_secs(90);
    hand_over(&world, &nodes, |due, took| {
        for (node, reports) in &due {
            let by_victim = *node == victim && reports.iter().all(|(whom, _)| *whom == silent);
            assert!(reports.is_empty() || by_victim, "{due:?}");
        }
        took > long_enough
    })
    .await;
    assert_eq!(due(&world, &nodes)[&victim].len(), 1);
    assert!(world.confirmed().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_let_down_in_sessions_is_not_reported_for_it() {
    one_is_let_down(Silence::InSessions(Duration::ZERO)).await;
}

/// When the others have nearly waited long enough for the first word of the victim.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_let_into_sessions_late_is_not_reported_for_it() {
    one_is_let_down(Silence::InSessions(Duration::from_secs(9))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_not_let_into_sessions_is_not_reported_for_it() {
    one_is_let_down(Silence::Always).await;
}
