//! One request in the logs of all who work on it.

use super::refused;
use crate::{
    request::testing::{json, program_key, registration, Session, Wire, World, RELAYER},
    trace::testing::{lines_with, listen},
};
use codec::Encode;
use signing_primitives::wire::{SignedMessage, UserSignatureRequest};

/// The request's id, worked out as the documentation says.
fn id(signed: &SignedMessage) -> String {
    let sender: &[u8; 32] = signed.sender.as_ref();
    let named = (
        b"signing-network/user-request/1",
        sender,
        &signed.message,
        &signed.signature,
    );
    let hash = sp_crypto_hashing::blake2_256(&named.encode());
    hex::encode(hash)[..16].to_owned()
}

fn request(world: &World, message: &[u8]) -> (UserSignatureRequest, SignedMessage) {
    let request = UserSignatureRequest {
        message: message.to_vec(),
        ..world.request()
    };
    let signed = world.signed(&request);
    (request, signed)
}

async fn relay(world: &World, signed: &SignedMessage) -> (axum::http::StatusCode, Vec<u8>) {
    let node = &world.nodes[RELAYER];
    node.post("/user/relay_tx", node.seal(signed)).await
}

fn said_by<'a>(lines: &'a [String], role: &str, what: &str) -> Vec<&'a String> {
    let role = format!("role=\"{role}\"");
    let by = lines.iter().filter(|line| line.contains(&role));
    by.filter(|line| line.contains(what)).collect()
}

#[tokio::test]
async fn relayer_and_signers_call_a_request_the_same() {
    listen();
    let world = World::new();
    let message = b"what nobody but the user is to read";
    let (_, signed) = request(&world, message);
    json(relay(&world, &signed).await);

    let lines = lines_with(&format!("request {}", id(&signed)));
    for (role, what, times) in [
        ("relayer", "the programs say yes", 1),
        ("relayer", "asks a set of signers", 1),
        ("relayer", "a signer has signed", 2),
        ("relayer", "the request is over outcome=\"ok\"", 1),
        ("signer", "the programs say yes", 2),
        ("signer", "the request is over outcome=\"ok\"", 2),
    ] {
        let said = said_by(&lines, role, what);
        assert_eq!(said.len(), times, "{role}: {what}: {lines:#?}");
    }
    // What was asked, by whom, and what came of it, in any form.
    let user: &[u8; 32] = signed.sender.as_ref();
    let secrets = [
        String::from_utf8_lossy(message).into_owned(),
        hex::encode(message),
        format!("{message:?}"),
        hex::encode(user),
        signed.sender.to_string(),
        hex::encode(signed.signature),
        hex::encode(world.user_key),
    ];
    for secret in secrets {
        assert!(!secret.is_empty());
        for line in &lines {
            assert!(!line.contains(&secret), "{line}");
        }
    }
}

#[tokio::test]
async fn another_request_is_called_otherwise_even_for_the_same_message() {
    listen();
    let world = World::new();
    let (_, one) = request(&world, b"twice");
    let (_, other) = request(&world, b"twice");
    json(relay(&world, &one).await);
    json(relay(&world, &other).await);
    assert_ne!(id(&one), id(&other));
    for signed in [one, other] {
        let lines = lines_with(&id(&signed));
        let over = said_by(&lines, "signer", "the request is over");
        assert_eq!(over.len(), 2, "{lines:#?}");
    }
}

#[tokio::test]
async fn failures_are_told_under_the_name_of_the_request() {
    listen();
    let world = World::new();
    for node in 0..3 {
        world.rewire(node, Wire::Dead);
    }
    let (_, signed) = request(&world, b"nobody answers");
    let (status, _) = relay(&world, &signed).await;
    assert_eq!(status, 502);
    let lines = lines_with(&id(&signed));
    for what in ["a signer is silent", "a request failed", "signing_failed"] {
        assert!(!said_by(&lines, "relayer", what).is_empty(), "{lines:#?}");
    }

    // At a signer, and before it has looked at the user's own request.
    let world = World::new();
    let (request, _) = request(&world, b"not with these");
    let mut asked = world.sign_request(&request, &[0, 1]);
    asked.validators_info.pop();
    let signed = asked.user_signed_request.clone().unwrap();
    assert_eq!(
        world.sign_refusal(&asked).await,
        refused(400, "signer_count_wrong")
    );
    let lines = lines_with(&id(&signed));
    assert!(
        !said_by(&lines, "signer", "signer_count_wrong").is_empty(),
        "{lines:#?}"
    );
}

/// What a program does is told as what this program of the request does.
#[tokio::test]
async fn a_program_s_refusal_names_the_program() {
    listen();
    let world = World::new();
    world.register(registration(program_key(), &["yes", "no"]));
    let (_, signed) = request(&world, b"no");
    let (status, _) = relay(&world, &signed).await;
    assert_eq!(status, 403);
    let lines = lines_with(&id(&signed));
    let refusals = said_by(&lines, "relayer", "program_refused");
    assert!(!refusals.is_empty(), "{lines:#?}");
}

#[tokio::test]
async fn a_session_that_hangs_up_is_over_too() {
    listen();
    let world = World::new();
    for node in &world.nodes {
        *node.sessions.session.lock().unwrap() = Session::HasNoShare;
    }
    let (_, signed) = request(&world, b"no share");
    relay(&world, &signed).await;
    let lines = lines_with(&id(&signed));
    let over = said_by(&lines, "signer", "outcome=\"no_share\"");
    assert!(!over.is_empty(), "{lines:#?}");
}
