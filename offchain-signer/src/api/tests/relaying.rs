//! What a relayer does with its committee: whole, in part, and not at all.

use super::refused;
use crate::{
    api::ApiConfig,
    chain::SignerId,
    metrics::FaultKind,
    request::{
        recovers_to,
        testing::{fake_hash, json, send, until, Session, Wire, World, RELAYER},
        RelayConfig,
    },
};
use axum::http::StatusCode;
use signing_primitives::wire::{digest, HashChoice, SignatureAnswer, UserSignatureRequest};
use std::collections::BTreeSet;

fn answers(answer: (StatusCode, Vec<u8>)) -> Vec<SignatureAnswer> {
    serde_json::from_value(json(answer)).unwrap()
}

/// Who vouches for the answers, each of them once.
fn vouchers(world: &World, answers: &[SignatureAnswer]) -> BTreeSet<usize> {
    let mut by = BTreeSet::new();
    for answer in answers {
        let mut nodes = 0..world.nodes.len();
        let node = nodes
            .find(|node| answer.is_by(&world.nodes[*node].party()))
            .unwrap();
        assert!(by.insert(node), "two answers by one signer");
    }
    by
}

#[tokio::test]
async fn every_hash_is_signed_by_two_members() {
    let world = World::new();
    let message = vec![5; 32];
    for hash in [
        HashChoice::Sha2,
        HashChoice::Sha3,
        HashChoice::Keccak,
        HashChoice::Blake2_256,
        HashChoice::Identity,
        HashChoice::Custom(0),
    ] {
        let request = UserSignatureRequest {
            hash,
            message: message.clone(),
            ..world.request()
        };
        let answers = answers(world.relay(&request).await);
        let by = vouchers(&world, &answers);
        assert_eq!(by.len(), 2);
        assert!(by.iter().all(|node| *node < 3), "members of the committee");
        let digest = digest(hash, &message).unwrap_or_else(|_| fake_hash(&message));
        for answer in answers {
            assert!(
                recovers_to(&answer.signature, &digest, &world.user_key),
                "{hash:?}"
            );
        }
    }
    // Each program was asked by the relayer and by both signers, for each request.
    let asked: usize = world
        .nodes
        .iter()
        .map(|node| node.programs.evaluated.lock().unwrap().len())
        .sum();
    assert_eq!(asked, 6 * 3);
}

#[tokio::test]
async fn pairs_of_signers_vary() {
    let world = World::new();
    let mut pairs = BTreeSet::new();
    for index in 0..40 {
        world.chain.advance(1);
        let request = UserSignatureRequest {
            message: vec![index],
            block_number: 100 + u32::from(index),
            ..world.request()
        };
        pairs.insert(vouchers(&world, &answers(world.relay(&request).await)));
    }
    assert_eq!(pairs.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn one_member_that_is_of_no_use_is_got_round() {
    for wire in [
        Wire::Dead,
        Wire::Silent,
        Wire::Says(200, b"[]".to_vec()),
        Wire::Says(500, b"<html>".to_vec()),
        Wire::Says(503, br#"{"code":"busy","message":""}"#.to_vec()),
        Wire::Says(307, vec![]),
    ] {
        let world = World::new();
        world.rewire(1, wire);
        for index in 0..8 {
            let request = UserSignatureRequest {
                message: vec![index],
                ..world.request()
            };
            let by = vouchers(&world, &answers(world.relay(&request).await));
            assert_eq!(by, [0, 2].into());
        }
        // Once it has failed it is not asked again for a while. (At most three attempts went to one
        // of the others in vain: in the first request only.)
        let asked = world.orders();
        assert!(asked[&0] + asked[&2] <= 8 * 2 + 2, "{asked:?}");
    }
}

fn request(world: &World, index: u8) -> UserSignatureRequest {
    UserSignatureRequest {
        message: vec![index],
        ..world.request()
    }
}

/// A stranger can use a signer's limits up, or be a block ahead of it, and nobody is to blame.
#[tokio::test(start_paused = true)]
async fn only_refusals_that_no_honest_signer_gives_are_held_against_it() {
    for (code, is_fault) in [
        ("busy", true),
        ("program_refused", true),
        ("rate_limited", false),
        ("request_replayed", false),
        ("generation_not_in_force", false),
    ] {
        let world = World::new();
        let body = format!(r#"{{"code":"{code}","message":""}}"#);
        world.rewire(1, Wire::Says(503, body.into_bytes()));
        // It is asked in the first few of these.
        for index in 0..12 {
            answers(world.relay(&request(&world, index)).await);
        }
        let seen = world.nodes[RELAYER].observations.recent();
        let seen: Vec<_> = seen.iter().map(|one| (&one.party, one.kind)).collect();
        let member = world.nodes[1].party();
        let expected = [(&member, FaultKind::Silent)];
        assert_eq!(seen, &expected[..usize::from(is_fault)], "{code}");
    }
}

/// It says at once that the others failed. Nobody can tell; so it is asked last itself, like them.
#[tokio::test(start_paused = true)]
async fn one_member_that_accuses_the_others_is_got_round() {
    let world = World::new();
    let accusation = br#"{"code":"session_failed","message":""}"#;
    world.rewire(1, Wire::Says(502, accusation.to_vec()));
    for index in 0..8 {
        let by = vouchers(&world, &answers(world.relay(&request(&world, index)).await));
        assert_eq!(by, [0, 2].into());
    }
    // After the first request the pair that has signed comes first.
    let asked = world.orders();
    assert!(asked[&0] + asked[&2] <= 8 * 2 + 2, "{asked:?}");
    assert!(world.nodes[RELAYER].observations.recent().is_empty());
}

#[tokio::test(start_paused = true)]
async fn one_member_that_cheats_is_got_round() {
    for session in [
        Session::Hangs,
        Session::HasNoShare,
        Session::SignsSomethingElse,
    ] {
        let world = World::new();
        *world.nodes[2].sessions.session.lock().unwrap() = session;
        let by = vouchers(&world, &answers(world.relay(&world.request()).await));
        assert_eq!(by, [0, 1].into());
    }
    // A signature that is right, vouched for by the wrong key; a signature over something else.
    let world = World::new();
    let other = UserSignatureRequest {
        message: b"other".to_vec(),
        ..world.request()
    };
    let by_one = world.sign_request(&world.request(), &[1, 2]);
    let by_one = world.nodes[1]
        .post("/user/sign_tx", world.relayed(1, 4, &by_one))
        .await;
    let over_other = world.sign_request(&other, &[1, 2]);
    let over_other = world.nodes[2]
        .post("/user/sign_tx", world.relayed(2, 4, &over_other))
        .await;
    for (_, answer) in [by_one, over_other] {
        world.rewire(2, Wire::Says(200, answer));
        let by = vouchers(&world, &answers(world.relay(&world.request()).await));
        assert_eq!(by, [0, 1].into());
    }
}

/// Its healthy partner sees only that somebody was silent; the blame must fall on the right one.
#[tokio::test(start_paused = true)]
async fn a_member_that_hangs_is_blamed_on_its_partners_word() {
    let world = World::new();
    *world.nodes[0].sessions.session.lock().unwrap() = Session::MissesOthers;
    *world.nodes[1].sessions.session.lock().unwrap() = Session::MissesOthers;
    world.rewire(2, Wire::Silent);
    // With 2 hanging, the pairs (0, 2) and (1, 2) end with a word against 2; then (0, 1) is asked,
    // which here fails, too: three sets, and no more.
    let refusal = world.relay_refusal(&world.request()).await;
    assert_eq!(refusal, refused(502, "signing_failed"));
    *world.nodes[0].sessions.session.lock().unwrap() = Session::Signs;
    *world.nodes[1].sessions.session.lock().unwrap() = Session::Signs;
    tokio::time::advance(std::time::Duration::from_secs(31)).await;
    let by = vouchers(&world, &answers(world.relay(&world.request()).await));
    assert_eq!(by, [0, 1].into());
}

#[tokio::test(start_paused = true)]
async fn fewer_members_than_it_takes() {
    let world = World::new();
    for node in 0..3 {
        world.rewire(node, Wire::Dead);
    }
    let refusal = world.relay_refusal(&world.request()).await;
    assert_eq!(refusal, refused(502, "signing_failed"));

    for node in 0..3 {
        world.rewire(node, Wire::Silent);
    }
    let start = tokio::time::Instant::now();
    let (status, code) = world.relay_refusal(&world.request()).await;
    assert!(
        ["signing_failed", "signing_timed_out"].contains(&code.as_str()),
        "{status} {code}"
    );
    assert!(start.elapsed().as_secs() <= 30);

    world.chain.import(|state| {
        state.network.validators[0].signer = None;
        state.network.validators[1].signer = None;
    });
    world.chain.finalize();
    let refusal = world.relay_refusal(&world.request()).await;
    assert_eq!(refusal, refused(503, "too_few_signers"));
}

/// A member must not spoil requests by announcing a key that nothing can be encrypted to, or an
/// endpoint that is none.
#[tokio::test]
async fn a_member_with_a_useless_announcement_is_got_round() {
    let world = World::new();
    world.chain.import(|state| {
        state.network.validators[1].signer.as_mut().unwrap().x25519 = [0; 32];
    });
    world.chain.finalize();
    for index in 0..8 {
        let request = UserSignatureRequest {
            message: vec![index],
            ..world.request()
        };
        let by = vouchers(&world, &answers(world.relay(&request).await));
        assert_eq!(by, [0, 2].into());
    }
}

#[tokio::test]
async fn the_same_asked_at_once_is_signed_once() {
    let world = World::new();
    let gates = [
        world.nodes[0].sessions.gate.lock().await,
        world.nodes[1].sessions.gate.lock().await,
        world.nodes[2].sessions.gate.lock().await,
    ];
    // Different requests, from different blocks, for the same signature.
    let relayer = world.relayer();
    let ask = |block_number| {
        let request = UserSignatureRequest {
            block_number,
            ..world.request()
        };
        let body = relayer.seal(&world.signed(&request));
        tokio::spawn(send(relayer.router.clone(), "POST", "/user/relay_tx", body))
    };
    let first = ask(100);
    until(|| world.orders().values().sum::<usize>() == 2).await;
    let others = [ask(99), ask(98)];
    until(|| relayer.relayer.joined() == 2).await;
    drop(gates);
    let first = answers(first.await.unwrap());
    for other in others {
        assert_eq!(answers(other.await.unwrap()), first);
    }
    assert_eq!(
        world.orders().values().sum::<usize>(),
        2,
        "one session of two"
    );
    // Each of them was judged by the program on its own.
    assert_eq!(relayer.programs.evaluated.lock().unwrap().len(), 3);
}

/// Who joins a request that fails, maybe for reasons of its own, gets a run of their own.
#[tokio::test]
async fn a_joined_request_that_fails_does_not_fail_the_other() {
    let relay = RelayConfig {
        attempts: 1,
        ..RelayConfig::default()
    };
    let world = World::with(relay, ApiConfig::default());
    let sessions = |session: Session| {
        for node in &world.nodes {
            *node.sessions.session.lock().unwrap() = session.clone();
        }
    };
    let mut gates = Vec::new();
    for node in 0..3 {
        gates.push(world.nodes[node].sessions.gate.lock().await);
    }
    let relayer = world.relayer();
    let ask = |block_number| {
        let request = UserSignatureRequest {
            block_number,
            ..world.request()
        };
        let body = relayer.seal(&world.signed(&request));
        tokio::spawn(send(relayer.router.clone(), "POST", "/user/relay_tx", body))
    };
    // The first's sessions will fail when the gates open, those that begin after them will not.
    sessions(Session::HasNoShare);
    let first = ask(100);
    until(|| world.orders().values().sum::<usize>() == 2).await;
    sessions(Session::Signs);
    let second = ask(99);
    until(|| relayer.relayer.joined() == 1).await;
    drop(gates);
    assert_eq!(first.await.unwrap().0, StatusCode::BAD_GATEWAY);
    assert_eq!(answers(second.await.unwrap()).len(), 2);
}

#[tokio::test]
async fn who_hangs_up_ends_the_session() {
    let world = World::new();
    let mut gates = Vec::new();
    for node in 0..3 {
        gates.push(world.nodes[node].sessions.gate.lock().await);
    }
    let relayer = world.relayer();
    let body = relayer.seal(&world.signed(&world.request()));
    let asking = tokio::spawn(send(relayer.router.clone(), "POST", "/user/relay_tx", body));
    until(|| world.orders().values().sum::<usize>() == 2).await;
    asking.abort();
    assert!(asking.await.unwrap_err().is_cancelled());
    drop(gates);
    // Nothing of it is left: the same asked again is a new run, of two new sessions.
    let request = UserSignatureRequest {
        block_number: 99,
        ..world.request()
    };
    assert_eq!(answers(world.relay(&request).await).len(), 2);
    assert_eq!(relayer.relayer.joined(), 0);
    assert_eq!(world.orders().values().sum::<usize>(), 4);
}

#[tokio::test]
async fn signers_are_asked_in_the_relayers_name_and_by_the_chains_addresses() {
    let world = World::new();
    answers(world.relay(&world.request()).await);
    let relayer: SignerId = world.nodes[RELAYER].party();
    for node in world.orders().keys() {
        let orders = world.nodes[*node].sessions.orders.lock().unwrap();
        assert!(orders.iter().all(|order| order.relayer == relayer));
    }
    // A committee that moves is asked where it is now.
    world.chain.import(|state| {
        for validator in &mut state.network.validators {
            let signer = validator.signer.as_mut().unwrap();
            signer.endpoint = [b"moved-", &signer.endpoint[..]]
                .concat()
                .try_into()
                .unwrap();
        }
    });
    world.chain.finalize();
    {
        let mut wires = world.wires.wires.lock().unwrap();
        let moved: Vec<_> = wires
            .drain()
            .map(|(endpoint, wire)| (format!("moved-{endpoint}"), wire))
            .collect();
        wires.extend(moved);
    }
    let again = UserSignatureRequest {
        message: b"again".to_vec(),
        ..world.request()
    };
    assert_eq!(answers(world.relay(&again).await).len(), 2);
}
