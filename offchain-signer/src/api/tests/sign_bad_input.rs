//! Relayers' requests that must not be signed.

use super::refused;
use crate::request::testing::{
    hashless_program_key, json, program_key, registration, Session, World, RELAYER,
};
use signing_primitives::{
    limits::MAX_MESSAGE,
    wire::{HashChoice, SignRequest, SignatureAnswer, SignedMessage, UserSignatureRequest},
    Phase,
};
use std::collections::BTreeSet;

#[tokio::test]
async fn a_good_request_is_signed_by_this_node() {
    let world = World::new();
    let request = world.request();
    let sign = world.sign_request(&request, &[0, 2]);
    let answer = json(
        world.nodes[0]
            .post("/user/sign_tx", world.relayed(0, RELAYER, &sign))
            .await,
    );
    let answer: SignatureAnswer = serde_json::from_value(answer).unwrap();
    assert!(answer.is_by(&world.nodes[0].party()));

    let orders = world.nodes[0].sessions.orders.lock().unwrap();
    let order = &orders[0];
    assert_eq!(order.verifying_key, world.user_key);
    assert_eq!(order.network_key, world.network_key);
    assert_eq!((order.registration_index, order.generation), (7, 1));
    assert_eq!(order.digest, sp_crypto_hashing::keccak_256(b"pay"));
    assert_eq!(order.relayer, world.relayer().party());
    assert_eq!(order.me, world.nodes[0].party());
    let participants = BTreeSet::from([world.nodes[0].party(), world.nodes[2].party()]);
    assert_eq!(order.participants, participants);
}

#[tokio::test]
async fn participants_agree_on_the_attempt_and_attempts_differ() {
    let world = World::new();
    let request = world.request();
    let mut sign = world.sign_request(&request, &[0, 1]);
    json(
        world.nodes[0]
            .post("/user/sign_tx", world.relayed(0, RELAYER, &sign))
            .await,
    );
    json(
        world.nodes[1]
            .post("/user/sign_tx", world.relayed(1, RELAYER, &sign))
            .await,
    );
    sign.nonce = Some([2; 32]);
    json(
        world.nodes[0]
            .post("/user/sign_tx", world.relayed(0, RELAYER, &sign))
            .await,
    );
    // Another relayer, with all the rest the same.
    json(
        world.nodes[0]
            .post("/user/sign_tx", world.relayed(0, 4, &sign))
            .await,
    );
    // The order of the list does not matter.
    sign.validators_info.reverse();
    sign.nonce = Some([1; 32]);
    let reversed = world.relayed(0, RELAYER, &sign);
    let refusal = world.nodes[0].refusal("/user/sign_tx", reversed).await;
    assert_eq!(refusal, refused(409, "request_replayed"));

    let ids = |node: usize| -> Vec<_> {
        let orders = world.nodes[node].sessions.orders.lock().unwrap();
        orders.iter().map(|order| order.request_id).collect()
    };
    assert_eq!(ids(0)[0], ids(1)[0]);
    assert_eq!(ids(0).iter().collect::<BTreeSet<_>>().len(), 3);
}

#[tokio::test]
async fn attempts_have_an_end() {
    let world = World::new();
    let mut sign = world.sign_request(&world.request(), &[0, 1]);
    for attempt in 0..8 {
        sign.nonce = Some([attempt; 32]);
        json(
            world.nodes[0]
                .post("/user/sign_tx", world.relayed(0, RELAYER, &sign))
                .await,
        );
    }
    sign.nonce = Some([8; 32]);
    assert_eq!(
        world.sign_refusal(&sign).await,
        refused(409, "too_many_attempts")
    );
}

#[tokio::test]
async fn senders_that_are_no_validators() {
    let world = World::new();
    let sign = world.sign_request(&world.request(), &[0, 1]);
    let message = serde_json::to_vec(&sign).unwrap();
    let stranger = SignedMessage::sign(message.clone(), &world.user);
    let node = &world.nodes[0];
    let refusal = node.refusal("/user/sign_tx", node.seal(&stranger)).await;
    assert_eq!(refusal, refused(403, "sender_not_validator"));

    // A stranger in a validator's name.
    let mut forged = stranger;
    forged.sender = world.relayer().listed().tss_account;
    let refusal = node.refusal("/user/sign_tx", node.seal(&forged)).await;
    assert_eq!(refusal, refused(401, "signature_invalid"));

    // A validator that is one no more.
    world.chain.import(|state| {
        state.network.validators.remove(RELAYER);
    });
    world.chain.finalize();
    let former = SignedMessage::sign(message, &world.relayer().pair);
    let refusal = node.refusal("/user/sign_tx", node.seal(&former)).await;
    assert_eq!(refusal, refused(403, "sender_not_validator"));
    assert!(world.orders().is_empty());
}

#[tokio::test]
async fn envelopes_and_json_that_are_none() {
    let world = World::new();
    let node = &world.nodes[0];
    let refusal = node.refusal("/user/sign_tx", b"?".to_vec()).await;
    assert_eq!(refusal, refused(400, "envelope_malformed"));
    let sign = world.sign_request(&world.request(), &[0, 1]);
    let refusal = node
        .refusal("/user/sign_tx", world.relayed(1, RELAYER, &sign))
        .await;
    assert_eq!(refusal, refused(400, "envelope_undecryptable"));
    let refusal = node.refusal("/user/sign_tx", node.seal_bytes(b"[]")).await;
    assert_eq!(refusal, refused(400, "signed_message_malformed"));
    // A user's request is not a relayer's, not even a validator's own.
    let user_words = serde_json::to_vec(&world.request()).unwrap();
    let signed = SignedMessage::sign(user_words, &world.relayer().pair);
    let refusal = node.refusal("/user/sign_tx", node.seal(&signed)).await;
    assert_eq!(refusal, refused(400, "request_malformed"));
}

#[tokio::test]
async fn lists_of_signers() {
    let world = World::new();
    let request = world.request();
    for (signers, code) in [
        (&[][..], "signer_count_wrong"),
        (&[0], "signer_count_wrong"),
        (&[0, 1, 2], "signer_count_wrong"),
        (&[0, 0], "signer_duplicate"),
        (&[0, 4], "signer_not_member"),
        (&[0, RELAYER], "signer_not_member"),
        (&[1, 2], "signer_list_without_node"),
    ] {
        let refusal = world
            .sign_refusal(&world.sign_request(&request, signers))
            .await;
        assert_eq!(refusal, refused(400, code), "{signers:?}");
    }
    // A list as long as the body allows costs no more than its parsing.
    let long = world.sign_request(&request, &[0; 10_000]);
    assert_eq!(
        world.sign_refusal(&long).await,
        refused(400, "signer_count_wrong")
    );
    assert!(world.orders().is_empty());
}

#[tokio::test]
async fn addresses_and_keys_in_the_list_are_ignored() {
    let world = World::new();
    let mut sign = world.sign_request(&world.request(), &[0, 1]);
    for listed in &mut sign.validators_info {
        listed.ip_address = "evil.example:80".into();
        listed.x25519_public_key = [6; 32];
    }
    json(
        world.nodes[0]
            .post("/user/sign_tx", world.relayed(0, RELAYER, &sign))
            .await,
    );
    // What the session is about holds neither.
    let orders = world.nodes[0].sessions.orders.lock().unwrap();
    assert!(orders[0].participants.contains(&world.nodes[1].party()));
    assert!(!format!("{:?}", orders[0]).contains("evil"));
}

#[tokio::test]
async fn to_a_node_that_does_not_sign() {
    let world = World::new();
    let sign = world.sign_request(&world.request(), &[0, 1]);
    let body = world.relayed(4, RELAYER, &sign);
    let refusal = world.nodes[4].refusal("/user/sign_tx", body).await;
    assert_eq!(refusal, refused(400, "node_is_not_signer"));

    world.chain.import(|state| state.network.paused = true);
    assert_eq!(
        world.sign_refusal(&sign).await,
        refused(503, "network_paused")
    );
    world.chain.import(|state| {
        state.network.paused = false;
        state.network.phase = Phase::AwaitingSigners;
    });
    world.chain.finalize();
    assert_eq!(
        world.sign_refusal(&sign).await,
        refused(503, "network_not_active")
    );
}

#[tokio::test]
async fn a_relayer_that_puts_words_into_the_users_mouth() {
    let world = World::new();
    let good = world.sign_request(&world.request(), &[0, 1]);

    let without = SignRequest {
        user_signed_request: None,
        ..good.clone()
    };
    assert_eq!(
        world.sign_refusal(&without).await,
        refused(400, "user_request_missing")
    );
    let without = SignRequest {
        nonce: None,
        ..good.clone()
    };
    assert_eq!(
        world.sign_refusal(&without).await,
        refused(400, "nonce_missing")
    );

    for change in [
        |request: &mut UserSignatureRequest| request.message = b"pay me".to_vec(),
        |request: &mut UserSignatureRequest| request.hash = HashChoice::Sha2,
        |request: &mut UserSignatureRequest| request.block_number += 1,
        |request: &mut UserSignatureRequest| request.auxilary_data = Some(vec![None]),
        |request: &mut UserSignatureRequest| request.signature_verifying_key = [3; 33],
    ] {
        let mut other = good.clone();
        change(&mut other.user_signature_request);
        assert_eq!(
            world.sign_refusal(&other).await,
            refused(400, "user_request_differs")
        );

        // In the signed words, too: then the user has not signed them.
        let mut forged = other.user_signature_request.clone();
        let mut signed = world.signed(&world.request());
        signed.message = serde_json::to_vec(&forged).unwrap();
        other.user_signed_request = Some(signed);
        assert_eq!(
            world.sign_refusal(&other).await,
            refused(401, "signature_invalid")
        );
        change(&mut forged);
    }
    let garbage = SignedMessage::sign(b"yes".to_vec(), &world.user);
    let other = SignRequest {
        user_signed_request: Some(garbage),
        ..good
    };
    assert_eq!(
        world.sign_refusal(&other).await,
        refused(400, "request_malformed")
    );
    assert!(world.orders().is_empty());
}

/// Whatever a relayer says, a signer makes every check of the content itself.
#[tokio::test]
async fn a_relayer_that_checks_nothing() {
    let world = World::new();
    let good = world.request();
    let with = |change: fn(&mut UserSignatureRequest)| {
        let mut request = good.clone();
        change(&mut request);
        request
    };
    let mut network_key = good.clone();
    network_key.signature_verifying_key = world.network_key;
    for (request, status, code) in [
        (with(|r| r.block_number = 79), 400, "block_stale"),
        (with(|r| r.block_number = 121), 400, "block_in_future"),
        (
            with(|r| r.message = vec![0; MAX_MESSAGE + 1]),
            413,
            "message_too_large",
        ),
        (
            with(|r| r.signature_verifying_key = [5; 33]),
            404,
            "key_not_registered",
        ),
        (network_key, 400, "key_is_network_key"),
        (with(|r| r.hash = HashChoice::Sha1), 400, "hash_unsupported"),
        (
            with(|r| r.hash = HashChoice::Identity),
            400,
            "hash_needs_32_bytes",
        ),
        (
            with(|r| r.hash = HashChoice::Custom(1)),
            400,
            "hash_out_of_range",
        ),
        (
            with(|r| r.auxilary_data = Some(vec![])),
            400,
            "auxiliary_data_mismatch",
        ),
    ] {
        let sign = world.sign_request(&request, &[0, 1]);
        assert_eq!(world.sign_refusal(&sign).await, refused(status, code));
    }
    world.register(registration(hashless_program_key(), &["yes"]));
    let custom = with(|r| r.hash = HashChoice::Custom(0));
    let sign = world.sign_request(&custom, &[0, 1]);
    assert_eq!(
        world.sign_refusal(&sign).await,
        refused(400, "hash_not_provided")
    );
    world.register(registration(program_key(), &["no"]));
    let sign = world.sign_request(&good, &[0, 1]);
    assert_eq!(
        world.sign_refusal(&sign).await,
        refused(403, "program_refused")
    );
    assert!(world.orders().is_empty());

    // The limit counts requests, not attempts at them.
    world.register(registration(program_key(), &["yes"]));
    world.limit_requests(1);
    let mut sign = world.sign_request(&good, &[0, 1]);
    for nonce in 0..3 {
        sign.nonce = Some([nonce; 32]);
        json(
            world.nodes[0]
                .post("/user/sign_tx", world.relayed(0, RELAYER, &sign))
                .await,
        );
    }
    assert_eq!(
        world.sign_refusal(&sign).await,
        refused(409, "request_replayed")
    );
    let second = world.sign_request(&with(|r| r.message = b"more".to_vec()), &[0, 1]);
    assert_eq!(
        world.sign_refusal(&second).await,
        refused(429, "rate_limited")
    );
}

#[tokio::test]
async fn sessions_that_fail() {
    let world = World::new();
    for (nonce, session, status, code) in [
        (1, Session::MissesOthers, 504, "session_timed_out"),
        (2, Session::HasNoShare, 503, "no_share"),
        (3, Session::SignsSomethingElse, 500, "internal"),
    ] {
        *world.nodes[0].sessions.session.lock().unwrap() = session;
        let mut sign = world.sign_request(&world.request(), &[0, 1]);
        sign.nonce = Some([nonce; 32]);
        // The same signed request in all three: what failed may be tried again.
        assert_eq!(world.sign_refusal(&sign).await, refused(status, code));
    }
}
