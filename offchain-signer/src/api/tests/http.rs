//! Everything around requests: routes, methods, limits, what clients may ask.

use super::{super::ApiConfig, refused};
use crate::{
    chain::fake::FakeState,
    request::{
        testing::{json, send, until, World, RELAYER},
        RelayConfig,
    },
};
use axum::{
    body::{Body, Bytes},
    http::{header, Method, Request, StatusCode},
};
use futures::{stream, StreamExt};
use serde_json::json;
use signing_primitives::{
    limits::{MAX_RELAY_BODY, MAX_SIGN_BODY},
    wire::{ApiErrorBody, Info, Role},
    Phase,
};
use std::{convert::Infallible, future::ready, io, time::Duration};
use tower::ServiceExt;

async fn get(world: &World, node: usize, path: &str) -> (StatusCode, Vec<u8>) {
    send(world.nodes[node].router.clone(), "GET", path, Body::empty()).await
}

fn code(answer: (StatusCode, Vec<u8>)) -> (u16, String) {
    let body: ApiErrorBody = serde_json::from_slice(&answer.1).unwrap();
    (answer.0.as_u16(), body.code)
}

#[tokio::test]
async fn what_clients_may_ask() {
    let world = World::new();
    for prefix in ["", "/v1"] {
        let path = |route: &str| format!("{prefix}{route}");
        assert_eq!(
            get(&world, 0, &path("/healthz")).await,
            (StatusCode::OK, b"ok".to_vec())
        );
        let version = get(&world, 0, &path("/version")).await;
        assert_eq!(version, (StatusCode::OK, b"0.1.0 (abcdef)".to_vec()));
        assert_eq!(
            json(get(&world, 0, &path("/hashes")).await),
            json!(["sha2", "sha3", "keccak", "blake2_256", "identity", "custom"])
        );
        for (node, role) in [(0, Role::Signer), (3, Role::Relayer)] {
            let info = json(get(&world, node, &path("/info")).await);
            let info: Info = serde_json::from_value(info).unwrap();
            assert_eq!(
                (info.ready, info.role, info.generation),
                (true, Some(role), Some(1))
            );
            assert_eq!(info.tss_account, world.nodes[node].listed().tss_account);
            assert_eq!(info.x25519_public_key, world.nodes[node].x25519_public);
        }
    }
}

#[tokio::test]
async fn a_node_is_not_ready_before_the_network_is() {
    let world = World::new();
    world
        .chain
        .import(|state| state.network.phase = Phase::AwaitingSigners);
    world.chain.finalize();
    assert_eq!(json(get(&world, 0, "/info").await)["ready"], false);
    world
        .chain
        .import(|state| state.network.phase = Phase::Active);
    world.chain.finalize();
    assert_eq!(json(get(&world, 0, "/info").await)["ready"], true);

    // A pause and lost seats count from the best block on, as they do for requests.
    world.chain.import(|state| state.network.paused = true);
    assert_eq!(
        json(get(&world, 0, "/info").await)["ready"],
        false,
        "paused"
    );
    let expel = |state: &mut FakeState, node: usize| {
        let account = state.network.validators[node].account.clone();
        let committee = state.network.committee.as_mut().unwrap();
        committee.expelled.try_push(account).unwrap();
    };
    for (expelled, ready) in [(1, true), (2, false)] {
        world.chain.import(|state| {
            state.network.paused = false;
            expel(state, expelled);
        });
        for node in [0, RELAYER] {
            let info = json(get(&world, node, "/info").await);
            assert_eq!(info["ready"], ready, "{expelled} of three have no seat");
        }
    }

    world.chain.import(|state| {
        let committee = state.network.committee.as_mut().unwrap();
        committee.expelled = Default::default();
        state.network.validators[0].signer.as_mut().unwrap().x25519 = [1; 32];
        state.network.validators.remove(4);
    });
    world.chain.finalize();
    assert_eq!(
        json(get(&world, 0, "/info").await)["ready"],
        false,
        "another key announced"
    );
    let observer = json(get(&world, 4, "/info").await);
    assert_eq!(
        (&observer["ready"], &observer["role"]),
        (&json!(false), &json!("observer"))
    );
}

#[tokio::test]
async fn unknown_routes_and_methods() {
    let world = World::new();
    for path in [
        "/nothing",
        "/v1/nothing",
        "/v2/info",
        "/user",
        "/user/relay_tx/",
    ] {
        assert_eq!(
            code(get(&world, 0, path).await),
            refused(404, "not_found"),
            "{path}"
        );
    }
    for path in ["/user/relay_tx", "/v1/user/sign_tx"] {
        assert_eq!(
            code(get(&world, 0, path).await),
            refused(405, "method_not_allowed"),
            "{path}"
        );
    }
    for path in ["/info", "/v1/version", "/ws", "/"] {
        let refusal = world.nodes[0].refusal(path, vec![]).await;
        assert_eq!(refusal, refused(405, "method_not_allowed"), "{path}");
    }
    assert_eq!(
        code(get(&world, 0, "/ws").await),
        refused(400, "upgrade_required")
    );
}

#[tokio::test]
async fn browsers_may_ask_from_anywhere() {
    let world = World::new();
    let preflight = Request::builder()
        .method(Method::OPTIONS)
        .uri("/user/relay_tx")
        .header(header::ORIGIN, "https://dapp.example")
        .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST")
        .header(header::ACCESS_CONTROL_REQUEST_HEADERS, "content-type")
        .body(Body::empty())
        .unwrap();
    let response = world.nodes[0]
        .router
        .clone()
        .oneshot(preflight)
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
    assert_eq!(
        response.headers()[header::ACCESS_CONTROL_ALLOW_METHODS],
        "*"
    );
    assert_eq!(
        response.headers()[header::ACCESS_CONTROL_ALLOW_HEADERS],
        "*"
    );

    // Errors can be read, too.
    let failing = Request::builder()
        .method(Method::POST)
        .uri("/user/relay_tx")
        .header(header::ORIGIN, "https://dapp.example")
        .body(Body::from("?"))
        .unwrap();
    let response = world.nodes[0]
        .router
        .clone()
        .oneshot(failing)
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert_eq!(response.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
}

#[tokio::test]
async fn bodies_over_the_limit() {
    let world = World::new();
    for (path, limit) in [
        ("/user/relay_tx", MAX_RELAY_BODY),
        ("/user/sign_tx", MAX_SIGN_BODY),
    ] {
        let refusal = world.nodes[3].refusal(path, vec![b' '; limit + 1]).await;
        assert_eq!(refusal, refused(413, "body_too_large"));
        let refusal = world.nodes[3].refusal(path, vec![b' '; limit]).await;
        assert_eq!(refusal, refused(400, "envelope_malformed"));
        // Without reading what is declared to be too long.
        let declared = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::CONTENT_LENGTH, limit + 1)
            .body(Body::from_stream(stream::pending::<io::Result<Bytes>>()))
            .unwrap();
        let response = world.nodes[3]
            .router
            .clone()
            .oneshot(declared)
            .await
            .unwrap();
        assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come() {
    let world = World::new();
    let never = Body::from_stream(stream::pending::<io::Result<Bytes>>());
    let answer = send(
        world.nodes[3].router.clone(),
        "POST",
        "/user/relay_tx",
        never,
    )
    .await;
    assert_eq!(code(answer), refused(408, "body_timeout"));
}

#[tokio::test]
async fn more_requests_than_a_node_takes() {
    let api = ApiConfig {
        concurrency: 1,
        ..ApiConfig::default()
    };
    let world = World::with(RelayConfig::default(), api);
    let gate = world.nodes[0].sessions.gate.lock().await;
    let body = world.relayed(0, 3, &world.sign_request(&world.request(), &[0, 1]));
    let first = send(world.nodes[0].router.clone(), "POST", "/user/sign_tx", body);
    let first = tokio::spawn(first);
    until(|| world.orders() == [(0, 1)].into()).await;
    let refusal = world.nodes[0]
        .refusal("/user/sign_tx", b"{}".to_vec())
        .await;
    assert_eq!(refusal, refused(503, "busy"));
    // What costs nothing is still answered.
    assert_eq!(get(&world, 0, "/healthz").await.0, StatusCode::OK);
    drop(gate);
    json(first.await.unwrap());
    let refusal = world.nodes[0]
        .refusal("/user/sign_tx", b"{}".to_vec())
        .await;
    assert_eq!(refusal, refused(400, "envelope_malformed"));
}

/// Nor does who only sends the beginning of one.
#[tokio::test]
async fn a_body_that_does_not_come_is_in_nobodys_way() {
    let api = ApiConfig {
        concurrency: 1,
        ..ApiConfig::default()
    };
    let world = World::with(RelayConfig::default(), api);
    let begun = stream::once(ready(Ok::<_, Infallible>(Bytes::from_static(b"{"))));
    let request = Request::post("/user/sign_tx")
        .body(Body::from_stream(begun.chain(stream::pending())))
        .unwrap();
    let stalled = tokio::spawn(world.nodes[0].router.clone().oneshot(request));
    tokio::task::yield_now().await;
    let body = world.relayed(0, 3, &world.sign_request(&world.request(), &[0, 1]));
    let answer = send(world.nodes[0].router.clone(), "POST", "/user/sign_tx", body).await;
    json(answer);
    assert!(!stalled.is_finished());
    stalled.abort();
}

#[tokio::test(start_paused = true)]
async fn a_session_without_end_is_ended() {
    let api = ApiConfig {
        request_timeout: Duration::from_secs(60),
        ..ApiConfig::default()
    };
    let world = World::with(RelayConfig::default(), api);
    let _gate = world.nodes[0].sessions.gate.lock().await;
    let body = world.relayed(0, 3, &world.sign_request(&world.request(), &[0, 1]));
    let refusal = world.nodes[0].refusal("/user/sign_tx", body).await;
    assert_eq!(refusal, refused(504, "timed_out"));
}
