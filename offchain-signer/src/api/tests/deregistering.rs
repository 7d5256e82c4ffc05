//! Keys whose registrations are removed.

use super::refused;
use crate::request::testing::{json, program_key, registration, World};
use signing_primitives::wire::UserSignatureRequest;

fn request(world: &World, message: &str) -> UserSignatureRequest {
    UserSignatureRequest {
        message: message.into(),
        ..world.request()
    }
}

/// The relayer refuses a new request, and the signers refuse it from a relayer that does not.
async fn assert_refused(world: &World, message: &str) {
    let request = request(world, message);
    let refusal = refused(404, "key_not_registered");
    assert_eq!(world.relay_refusal(&request).await, refusal, "{message}");
    let sign = world.sign_request(&request, &[0, 1]);
    assert_eq!(world.sign_refusal(&sign).await, refusal, "{message}");
}

fn deregister(world: &World) {
    let key = world.user_key;
    world.chain.import(|state| {
        state.registrations.remove(&key).unwrap();
    });
}

fn evaluations(world: &World) -> Vec<usize> {
    let nodes = world.nodes.iter();
    nodes
        .map(|node| node.programs.evaluated.lock().unwrap().len())
        .collect()
}

#[tokio::test]
async fn a_deregistered_key_is_refused_at_once_and_for_good() {
    let world = World::new();
    json(world.relay(&request(&world, "while it lasts")).await);
    let before = (world.orders(), evaluations(&world));

    // The removal is in the best block, and not final yet.
    deregister(&world);
    assert_refused(&world, "at once").await;
    world.chain.finalize();
    assert_refused(&world, "once it is final").await;
    // The owner has another key by now, which is none of the old one's business.
    world.chain.import(|state| {
        let mut another = registration(program_key(), &["yes"]);
        another.index += 1;
        state.registrations.insert([3; 33], another);
    });
    world.chain.finalize();
    assert_refused(&world, "with another in its place").await;
    // Not even the programs have been asked.
    assert_eq!((world.orders(), evaluations(&world)), before);
}

/// A request that was made while the key was registered, and withheld.
#[tokio::test]
async fn a_request_does_not_outlive_the_registration() {
    let world = World::new();
    let request = request(&world, "kept for later");
    let relayed = world.relayed(0, 3, &world.sign_request(&request, &[0, 1]));
    deregister(&world);
    let refusal = refused(404, "key_not_registered");
    let signer = &world.nodes[0];
    assert_eq!(signer.refusal("/user/sign_tx", relayed).await, refusal);
    assert!(world.orders().is_empty());
}

/// On a fork whose blocks are not final somebody still has, or says to have, what is removed in the
/// final block.
#[tokio::test]
async fn what_is_removed_for_good_does_not_come_back_on_a_fork() {
    let world = World::new();
    deregister(&world);
    world.chain.finalize();
    world.register(registration(program_key(), &["yes"]));
    assert_refused(&world, "back from the dead").await;
    assert!(world.orders().is_empty());
}
