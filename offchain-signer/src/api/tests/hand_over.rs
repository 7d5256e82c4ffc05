//! What becomes of requests while members lose their seats and generations change.

use super::refused;
use crate::{
    chain::{fake::FakeState, AccountId, Committee},
    request::testing::{json, World, RELAYER},
};
use signing_primitives::{wire::SignRequest, CommitteeMember, Phase};
use std::time::Duration;

fn committee(state: &mut FakeState) -> &mut Committee {
    state.network.committee.as_mut().unwrap()
}

fn expel(state: &mut FakeState, node: usize) {
    let account = state.network.validators[node].account.clone();
    committee(state).expelled.try_push(account).unwrap();
}

/// The next generation, with these members.
fn hand_over(state: &mut FakeState, nodes: &[usize]) {
    let mut members: Vec<CommitteeMember<AccountId>> = nodes
        .iter()
        .map(|node| &state.network.validators[*node])
        .map(|validator| CommitteeMember {
            validator: validator.account.clone(),
            party: validator.signing_key.clone(),
        })
        .collect();
    members.sort_by(|a, b| a.party.cmp(&b.party));
    let committee = committee(state);
    committee.members = members.try_into().unwrap();
    committee.generation += 1;
    committee.expelled = Default::default();
}

fn committee_now(world: &World) -> Committee {
    use crate::chain::WatchChain;
    let best = world.chain.heads().borrow().best.hash;
    world.chain.network_state(best).unwrap().committee.unwrap()
}

fn generations(world: &World, node: usize) -> Vec<u32> {
    let orders = world.nodes[node].sessions.orders.lock().unwrap();
    orders.iter().map(|order| order.generation).collect()
}

async fn sign(world: &World, node: usize, request: &SignRequest) -> (u16, String) {
    let body = world.relayed(node, RELAYER, request);
    let (status, answer) = world.nodes[node].post("/user/sign_tx", body).await;
    let code = serde_json::from_slice::<serde_json::Value>(&answer).unwrap()["code"].clone();
    (status.as_u16(), code.as_str().unwrap_or_default().into())
}

fn signed() -> (u16, String) {
    (200, String::new())
}

/// A request that names a generation, new for each nonce.
fn naming(world: &World, signers: &[usize], generation: Option<u32>, nonce: u8) -> SignRequest {
    SignRequest {
        generation,
        nonce: Some([nonce; 32]),
        ..world.sign_request(&world.request(), signers)
    }
}

#[tokio::test]
async fn nobody_signs_with_an_expelled_member_from_the_best_block_on() {
    let world = World::new();
    world.chain.import(|state| expel(state, 1));
    assert_eq!(
        world
            .sign_refusal(&naming(&world, &[0, 1], Some(1), 1))
            .await,
        refused(400, "signer_expelled")
    );
    // Not even the expelled member itself.
    assert_eq!(
        sign(&world, 1, &naming(&world, &[0, 1], Some(1), 2)).await,
        refused(400, "signer_expelled")
    );
    json(world.relay(&world.request()).await);
    assert_eq!(world.orders(), [(0, 1), (2, 1)].into());
}

#[tokio::test]
async fn an_expelled_member_is_a_relayer_again() {
    let world = World::new();
    world.chain.import(|state| expel(state, 1));
    world.chain.finalize();
    let node = &world.nodes[1];
    let (_, info) = crate::request::testing::send(node.router.clone(), "GET", "/info", "").await;
    let info: serde_json::Value = serde_json::from_slice(&info).unwrap();
    assert_eq!(info["role"], "relayer");
    let body = node.seal(&world.signed(&world.request()));
    json(node.post("/user/relay_tx", body).await);
    assert_eq!(
        sign(&world, 1, &naming(&world, &[0, 2], Some(1), 9)).await,
        refused(400, "node_is_not_signer")
    );
}

#[tokio::test]
async fn a_degraded_network_says_so() {
    let world = World::new();
    // As soon as it is known, though the phase is not final.
    world.chain.import(|state| {
        expel(state, 1);
        expel(state, 2);
    });
    let degraded = refused(503, "network_degraded");
    assert_eq!(world.relay_refusal(&world.request()).await, degraded);
    let request = naming(&world, &[0, 1], Some(1), 1);
    assert_eq!(world.sign_refusal(&request).await, degraded);
    world
        .chain
        .import(|state| state.network.phase = Phase::Degraded);
    world.chain.finalize();
    assert_eq!(world.relay_refusal(&world.request()).await, degraded);
    assert_eq!(world.sign_refusal(&request).await, degraded);
    // One is back.
    world.chain.import(|state| {
        committee(state).expelled.pop();
        state.network.phase = Phase::Active;
    });
    world.chain.finalize();
    json(world.relay(&world.request()).await);
    assert_eq!(world.orders(), [(0, 1), (2, 1)].into());
}

#[tokio::test]
async fn the_generation_before_signs_while_its_share_is_there() {
    let world = World::new();
    let before = committee_now(&world);
    world.chain.import(|state| hand_over(state, &[1, 2, 4]));
    world.chain.finalize();
    // Node 0 is no member any more, node 1 still is.
    for node in [0, 1] {
        let request = naming(&world, &[0, 1], Some(1), 1);
        assert_eq!(
            sign(&world, node, &request).await,
            refused(409, "generation_not_in_force")
        );
        let held = &world.nodes[node].sessions.committees;
        held.lock().unwrap().push(before.clone());
        assert_eq!(sign(&world, node, &request).await, signed());
        assert_eq!(generations(&world, node), [1]);
    }
    // The new member was no member then, and the old one is none now.
    assert_eq!(
        world
            .sign_refusal(&naming(&world, &[0, 4], Some(1), 2))
            .await,
        refused(400, "signer_not_member")
    );
    assert_eq!(
        sign(&world, 1, &naming(&world, &[0, 1], Some(2), 2)).await,
        refused(400, "signer_not_member")
    );
    // Who is expelled from the new one does not sign for the old one either.
    world.chain.import(|state| expel(state, 1));
    assert_eq!(
        world
            .sign_refusal(&naming(&world, &[0, 1], Some(1), 3))
            .await,
        refused(400, "signer_expelled")
    );
}

#[tokio::test]
async fn a_generation_that_is_final_elsewhere_signs_here() {
    let world = World::new();
    world.chain.import(|state| hand_over(state, &[1, 2, 4]));
    // It is in force at the best block, not at the finalized one.
    for (nonce, generation, signers) in [
        (1, Some(2), [1, 4]),
        (2, Some(1), [0, 1]),
        (3, None, [0, 1]),
    ] {
        let request = naming(&world, &signers, generation, nonce);
        assert_eq!(sign(&world, 1, &request).await, signed(), "{generation:?}");
    }
    assert_eq!(generations(&world, 1), [2, 1, 1]);
    for other in [0, 3, u32::MAX] {
        let request = naming(&world, &[1, 2], Some(other), 4);
        assert_eq!(
            sign(&world, 1, &request).await,
            refused(409, "generation_not_in_force")
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_relayer_turns_to_the_committee_that_there_is_then() {
    use crate::request::testing::Wire;
    let world = World::new();
    let wires: Vec<_> = [0, 1, 2]
        .iter()
        .map(|node| (*node, Wire::Node(world.nodes[*node].router.clone())))
        .collect();
    for node in [0, 1, 2] {
        world.rewire(node, Wire::Silent);
    }
    let request = world.request();
    let changing = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        world.chain.import(|state| hand_over(state, &[1, 2, 4]));
        world.chain.finalize();
        for (node, wire) in wires {
            world.rewire(node, wire);
        }
    };
    let (answer, ()) = tokio::join!(world.relay(&request), changing);
    json(answer);
    let asked = world.orders();
    assert!(!asked.contains_key(&0), "{asked:?}");
    for node in asked.keys() {
        assert_eq!(generations(&world, *node), [2]);
    }
}
