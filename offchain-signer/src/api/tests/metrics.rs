//! What requests leave in the metrics: of whoever sends whatever.

use crate::{
    metrics::testing::{series, value},
    request::testing::{Session, World, RELAYER},
};
use std::time::Duration;

fn outcomes(world: &World, node: usize, role: &str, outcome: &str) -> u64 {
    let labels = [("role", role), ("outcome", outcome)];
    let registry = &world.nodes[node].registry;
    value(registry, "signing_requests_total", &labels)
}

fn times(world: &World, node: usize, role: &str, stage: &str) -> u64 {
    let labels = [("role", role), ("stage", stage)];
    let registry = &world.nodes[node].registry;
    value(registry, "signing_request_stage_seconds", &labels)
}

#[tokio::test]
async fn a_signature_is_counted_and_timed_where_it_is_relayed_and_where_it_is_made() {
    let world = World::new();
    let (status, _) = world.relay(&world.request()).await;
    assert_eq!(status, 200);
    assert_eq!(outcomes(&world, RELAYER, "relayer", "ok"), 1);
    let signers = (0..3).map(|node| outcomes(&world, node, "signer", "ok"));
    assert_eq!(signers.sum::<u64>(), 2);
    for stage in [
        "body",
        "decryption",
        "chain_reads",
        "queue",
        "programs",
        "session_setup",
        "protocol",
        "answer",
    ] {
        assert!(times(&world, RELAYER, "relayer", stage) > 0, "{stage}");
    }
    let signer = (0..3).find(|node| outcomes(&world, *node, "signer", "ok") == 1);
    let signer = signer.unwrap();
    // Set-up and protocol are the sessions' to tell, which are fakes here.
    for stage in ["body", "decryption", "chain_reads", "programs", "answer"] {
        assert!(times(&world, signer, "signer", stage) > 0, "{stage}");
    }
    assert_eq!(times(&world, signer, "relayer", "body"), 0);
    let registry = &world.nodes[RELAYER].registry;
    let role = [("role", "relayer")];
    assert_eq!(value(registry, "signing_requests_in_work", &role), 0);
    assert_eq!(value(registry, "signing_request_seconds", &role), 1);
}

#[tokio::test]
async fn a_refusal_is_counted_by_its_code() {
    let world = World::new();
    let node = &world.nodes[RELAYER];
    for path in ["/user/relay_tx", "/v1/user/relay_tx"] {
        let (_, code) = node.refusal(path, b"{}".to_vec()).await;
        assert_eq!(code, "envelope_malformed");
    }
    let _ = node.refusal("/user/sign_tx", b"{}".to_vec()).await;
    let malformed = |role| outcomes(&world, RELAYER, role, "envelope_malformed");
    assert_eq!((malformed("relayer"), malformed("signer")), (2, 1));
    assert_eq!(outcomes(&world, RELAYER, "relayer", "ok"), 0);
}

#[tokio::test(start_paused = true)]
async fn who_hangs_up_is_counted_as_such() {
    let world = World::new();
    for node in &world.nodes {
        *node.sessions.session.lock().unwrap() = Session::Hangs;
    }
    let request = world.request();
    let asked = tokio::time::timeout(Duration::from_millis(500), world.relay(&request)).await;
    assert!(asked.is_err());
    assert_eq!(outcomes(&world, RELAYER, "relayer", "hung_up"), 1);
    let registry = &world.nodes[RELAYER].registry;
    let in_work = value(registry, "signing_requests_in_work", &[("role", "relayer")]);
    assert_eq!(in_work, 0);
}

/// Whatever strangers send, they make up no series: an operator's memory is not theirs.
#[tokio::test]
async fn strangers_add_no_series() {
    let world = World::new();
    let node = &world.nodes[RELAYER];
    let before = series(&node.registry);
    for index in 0..20 {
        let path = ["/user/relay_tx", "/user/sign_tx"][index % 2];
        let _ = node.post(path, vec![b'x'; index]).await;
        let _ = node.post(&format!("{path}/{index}"), Vec::new()).await;
        let _ = node.post(&format!("{path}?role={index}"), Vec::new()).await;
    }
    let mut request = world.request();
    for index in 0..5u8 {
        request.message = vec![index; 8];
        request.signature_verifying_key = [index; 33];
        let _ = world.relay(&request).await;
    }
    assert_eq!(series(&node.registry), before);
}
