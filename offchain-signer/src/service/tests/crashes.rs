//! All nodes at once crash, at each step of a hand-over.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn crashes_between_storing_confirming_promoting_and_erasing_cost_nothing() {
    let world = world();
    let nodes = world.start_all().await;
    let old = world.old.clone();
    let joining = world.fresh[0];

    // Between storing and confirming: the pool takes nothing.
    world.chain.close_pool(true);
    world.begin_hand_over();
    until("all new members have stored their shares", || {
        let members = world.next_members();
        members
            .iter()
            .all(|node| nodes[*node].key_store.pending(SECOND).unwrap().is_some())
    })
    .await;
    let stored: Vec<_> = world
        .next_members()
        .iter()
        .map(|node| nodes[*node].key_store.pending(SECOND).unwrap().unwrap())
        .map(|material| material.commitment())
        .collect();
    assert!(world.confirmed().is_empty());
    drop(nodes);
    world.chain.close_pool(false);
    let nodes = world.start_all().await;
    until("all new members have confirmed", || {
        world.confirmed().len() == 3
    })
    .await;
    assert!(world.confirmed().into_values().eq(stored));
    world.sign_with(&nodes, [old[0], old[2]], 1).await;

    // Between confirming and promoting: the chain goes on without them.
    drop(nodes);
    world.activate();
    world.chain.finalize();
    let nodes = world.start_all().await;
    until("the new generation is promoted", || {
        held(&nodes[old[1]]) == (vec![2], vec![1, 2]) && held(&nodes[joining]).1 == [2]
    })
    .await;
    world.sign_with(&nodes, [old[1], joining], 2).await;

    // Between promoting and erasing.
    drop(nodes);
    let nodes = world.start_all().await;
    until("the new generation is in use again", || {
        held(&nodes[old[1]]) == (vec![2], vec![1, 2]) && held(&nodes[joining]).0 == [2]
    })
    .await;
    assert_eq!(held(&nodes[old[0]]).1, [1], "not erased yet");
    world.chain.advance(11);
    until("old shares are erased", || {
        held(&nodes[old[0]]).1.is_empty() && held(&nodes[old[1]]).1 == [2]
    })
    .await;
    drop(nodes);
    let nodes = world.start_all().await;
    until("the new generation is in use", || {
        held(&nodes[old[2]]).0 == [2] && held(&nodes[joining]).0 == [2]
    })
    .await;
    world.sign_with(&nodes, [old[2], joining], 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_comes_late_is_waited_for() {
    let world = world();
    let joining = world.fresh[0];
    let mut nodes = Vec::new();
    for index in (0..5).filter(|index| *index != joining) {
        nodes.push(world.start(index).await);
    }
    world.begin_hand_over();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(world.confirmed().is_empty());
    nodes.push(world.start(joining).await);
    until("all new members have confirmed", || {
        world.confirmed().len() == 3
    })
    .await;
}

/// Who has lost its share hands nothing over, and does nothing else instead.
#[tokio::test(flavor = "multi_thread")]
async fn an_old_holder_without_its_share_takes_no_part() {
    let world = world();
    let lost = world.old[0];
    std::fs::remove_file(world.path(lost)).unwrap();
    let nodes = world.start_all().await;
    world.begin_hand_over();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(world.chain.submitted().is_empty());
    assert_eq!(held(&nodes[lost]), (vec![], vec![]));
    // The others sign on.
    world
        .sign_with(&nodes, [world.old[1], world.old[2]], 1)
        .await;
}
