//! A hand-over in which nothing goes wrong.

use super::*;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_signed_all_the_while_the_key_is_handed_over() {
    let world = Arc::new(world());
    let nodes = world.start_all().await;
    let old = &world.old;
    let joining = world.fresh[0];
    until("generation 1 is in use", || {
        old.iter()
            .all(|node| held(&nodes[*node]) == (vec![1], vec![1]))
    })
    .await;

    // Requests to the members that stay, one after the other, all of which must succeed.
    let stop = Arc::new(AtomicBool::new(false));
    let signed = Arc::new(AtomicU32::new(0));
    let generation = Arc::new(AtomicU32::new(1));
    let requests = tokio::spawn({
        let (world, stop, signed) = (world.clone(), stop.clone(), signed.clone());
        let pair = [old[1], old[2]].map(|node| (node, nodes[node].signer.clone()));
        let generation = generation.clone();
        async move {
            while !stop.load(Ordering::Relaxed) {
                let number = signed.fetch_add(1, Ordering::Relaxed);
                let generation = generation.load(Ordering::Relaxed);
                world.sign(pair.clone(), generation, 1000 + number).await;
            }
        }
    });
    let seen = |count: u32| {
        let before = signed.load(Ordering::Relaxed);
        let signed = signed.clone();
        until("requests are signed", move || {
            signed.load(Ordering::Relaxed) > before + count
        })
    };

    world.begin_hand_over();
    until("all new members have confirmed", || {
        world.confirmed().len() == 3
    })
    .await;
    // What is confirmed is on disk, and not in use before the chain says so.
    for node in world.next_members() {
        assert!(nodes[node].key_store.pending(SECOND).unwrap().is_some());
        assert!(nodes[node].shares.of_generation(2).is_none());
    }
    assert!(nodes[old[0]].key_store.pending(SECOND).unwrap().is_none());
    seen(1).await;

    // In force at the best block only: both generations sign, nothing is promoted.
    world.activate();
    until("the new generation is in use", || {
        let members = world.next_members();
        members
            .iter()
            .all(|node| nodes[*node].shares.of_generation(2).is_some())
    })
    .await;
    assert_eq!(held(&nodes[old[1]]), (vec![1, 2], vec![1]));
    assert_eq!(held(&nodes[joining]), (vec![2], vec![]));
    world.sign_with(&nodes, [old[1], joining], 2).await;
    seen(1).await;

    // Final: promoted, and the old one is still there, for requests that name it.
    world.chain.finalize();
    until("the new generation is promoted", || {
        held(&nodes[old[1]]).1 == [1, 2] && held(&nodes[joining]).1 == [2]
    })
    .await;
    world.sign_with(&nodes, [old[0], old[1]], 1).await;
    seen(1).await;

    generation.store(2, Ordering::Relaxed);
    // The request that is under way, and the next one.
    seen(2).await;
    world.chain.advance(9);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(held(&nodes[old[0]]), (vec![1], vec![1]), "too early");
    world.chain.advance(1);
    until("old shares are erased", || {
        // Who has left has nothing any more.
        held(&nodes[old[0]]) == (vec![], vec![])
            && held(&nodes[old[1]]) == (vec![2], vec![2])
            && held(&nodes[joining]) == (vec![2], vec![2])
    })
    .await;
    seen(1).await;
    stop.store(true, Ordering::Relaxed);
    requests.await.unwrap();
    world.sign_with(&nodes, [old[2], joining], 2).await;
    let gone = nodes[old[0]].signer.sign(SigningOrder {
        trace: Default::default(),
        verifying_key: [2; 33],
        network_key: committee().1[0].verifying_key(),
        registration_index: INDEX,
        digest: [1; 32],
        request_id: [1; 32],
        relayer: world.members[world.fresh[1]].party.clone(),
        me: world.members[old[0]].party.clone(),
        participants: [old[0], old[1]]
            .map(|node| world.members[node].party.clone())
            .into(),
        generation: 1,
    });
    assert!(matches!(
        gone.await,
        Err(SigningFailure::NoShare { generation: 1 })
    ));
}
