//! Auxiliary information ahead of time: made, kept, confirmed, and erased when it is not needed.

use super::*;
use signing_primitives::AuxInfoAttempt;

/// What has been confirmed for an attempt, by node.
fn confirmed(world: &World, attempt: u32) -> BTreeMap<usize, H256> {
    let mut confirmed = BTreeMap::new();
    for call in world.chain.submitted() {
        let SessionKeyCall::ConfirmAuxInfo(confirmation, _) = call else {
            continue;
        };
        if confirmation.attempt == attempt {
            let by = |member: &CommitteeMember<AccountId>| member.party == confirmation.signing_key;
            let node = world.members.iter().position(by).unwrap();
            confirmed.insert(node, confirmation.commitment);
        }
    }
    confirmed
}

fn begin(world: &World, attempt: u32, parties: &[usize]) {
    let attempt = AuxInfoAttempt {
        attempt,
        parties: pick(&world.members, parties).try_into().unwrap(),
        confirmed: Default::default(),
        commitment: None,
        deadline: 1000,
    };
    world
        .chain
        .import(|state| state.network.aux_info_attempt = Some(attempt));
    world.chain.finalize();
}

fn held(node: &Running, attempt: u32) -> bool {
    node.key_store.aux_info(attempt).unwrap().is_some()
}

#[tokio::test(flavor = "multi_thread")]
async fn parties_make_store_and_confirm_it_and_confirm_again_after_a_crash() {
    let world = world();
    let nodes = world.start_all().await;
    let parties = [world.old[0], world.fresh[0]];
    world.chain.close_pool(true);
    begin(&world, 9, &parties);
    until("both have stored it", || {
        parties.iter().all(|node| held(&nodes[*node], 9))
    })
    .await;
    let stored = parties.map(|node| nodes[node].key_store.aux_info(9).unwrap().unwrap());
    assert_eq!(stored[0].commitment(), stored[1].commitment());
    assert!(confirmed(&world, 9).is_empty());
    drop(nodes);
    world.chain.close_pool(false);
    let nodes = world.start_all().await;
    until("both have confirmed it", || confirmed(&world, 9).len() == 2).await;
    for node in parties {
        assert_eq!(confirmed(&world, 9)[&node], stored[0].commitment());
    }
    // The others have no part in it.
    assert!(!held(&nodes[world.old[1]], 9));
}

#[tokio::test(flavor = "multi_thread")]
async fn older_sets_are_erased_when_no_resharing_needs_them() {
    let world = world();
    for index in 0..5 {
        let newer = prepared().1[index].of_attempt(9);
        world.open(index).unwrap().put_aux_info(&newer).unwrap();
    }
    let nodes = world.start_all().await;
    begin(&world, 9, &[0, 1, 2, 3, 4]);
    until("all confirm what they have", || {
        confirmed(&world, 9).len() == 5
    })
    .await;
    // It is in force, but a resharing that has begun before uses the one before.
    world.chain.import(|state| {
        state.network.aux_info_attempt = None;
        state.network.aux_info.as_mut().unwrap().attempt = 9;
    });
    world.begin_hand_over();
    let confirmed_hand_over = || {
        let calls = world.chain.submitted();
        let confirms = |call: &&SessionKeyCall| matches!(call, SessionKeyCall::ConfirmReshare(..));
        calls.iter().filter(confirms).count() == 3
    };
    until("the key is handed over", confirmed_hand_over).await;
    assert!(nodes.iter().all(|node| held(node, PREPARED_BY)));
    world
        .chain
        .import(|state| state.network.phase = Phase::Active);
    world.chain.finalize();
    until("the older set is erased", || {
        nodes
            .iter()
            .all(|node| !held(node, PREPARED_BY) && held(node, 9))
    })
    .await;
}
