//! More requests than there may be.

use super::refused;
use crate::request::testing::{json, program_key, registration, until, World};
use signing_primitives::wire::UserSignatureRequest;
use std::sync::Arc;

#[tokio::test]
async fn more_requests_than_the_limit() {
    let world = World::new();
    world
        .chain
        .import(|state| state.network.parameters.request_limit = 2);
    world.chain.finalize();
    let number = |index: u8| UserSignatureRequest {
        message: vec![index],
        ..world.request()
    };
    // What is refused does not count: a stranger cannot use up the user's requests.
    world.register(registration(program_key(), &["no"]));
    for index in 0..5 {
        assert_eq!(
            world.relay_refusal(&number(index)).await,
            refused(403, "program_refused")
        );
    }
    world.register(registration(program_key(), &["yes"]));
    json(world.relay(&number(0)).await);
    json(world.relay(&number(1)).await);
    assert_eq!(
        world.relay_refusal(&number(2)).await,
        refused(429, "rate_limited")
    );
    world.chain.import(|_| ());
    json(world.relay(&number(2)).await);
}

/// Strangers make a user's programs run: that has an end, and does not use up the user's requests.
#[tokio::test]
async fn a_flood_of_requests_that_programs_refuse() {
    let world = World::new();
    world
        .chain
        .import(|state| state.network.parameters.request_limit = 2);
    world.chain.finalize();
    world.register(registration(program_key(), &["password"]));
    let ask = |index: u8, password: &[u8]| UserSignatureRequest {
        message: vec![index],
        auxilary_data: Some(vec![Some(password.to_vec())]),
        ..world.request()
    };
    let stranger = |index| ask(index, b"now");
    let no = refused(403, "program_refused");
    for index in 0..6 {
        assert_eq!(world.relay_refusal(&stranger(index)).await, no);
    }
    json(world.relay(&ask(6, b"please")).await);
    json(world.relay(&ask(7, b"please")).await);
    // That was four times the limit; from now on nothing is evaluated.
    world.chain.import(|_| ());
    for index in 10..18 {
        assert_eq!(world.relay_refusal(&stranger(index)).await, no);
    }
    let evaluated = || world.relayer().programs.evaluated.lock().unwrap().len();
    assert_eq!(evaluated(), 16);
    assert_eq!(
        world.relay_refusal(&stranger(18)).await,
        refused(429, "rate_limited")
    );
    assert_eq!(evaluated(), 16);
    world.chain.import(|_| ());
    assert_eq!(world.relay_refusal(&stranger(19)).await, no);

    // Signers count for themselves, whatever a relayer lets pass.
    let signer = &world.nodes[0].programs.evaluated;
    signer.lock().unwrap().clear();
    for index in 20..28 {
        let sign = world.sign_request(&stranger(index), &[0, 1]);
        assert_eq!(world.sign_refusal(&sign).await, no);
    }
    let sign = world.sign_request(&stranger(28), &[0, 1]);
    let refusal = world.sign_refusal(&sign).await;
    assert_eq!(refusal, refused(429, "rate_limited"));
    assert_eq!(signer.lock().unwrap().len(), 8);
}

#[tokio::test]
async fn slow_programs_are_not_in_the_way_of_what_is_quick() {
    let world = Arc::new(World::new());
    world
        .chain
        .import(|state| state.network.parameters.request_limit = 1_000);
    world.chain.finalize();
    world.register(registration(program_key(), &["wait"]));
    let node = world.relayer();
    let programs = node.programs.clone();
    let mut slow: Vec<_> = Vec::new();
    {
        let (closed, opened) = std::sync::mpsc::channel::<()>();
        let (locked, is_locked) = tokio::sync::oneshot::channel();
        let gate = programs.clone();
        let keeper = std::thread::spawn(move || {
            let _gate = gate.gate.lock().unwrap();
            locked.send(()).unwrap();
            let _ = opened.recv();
        });
        is_locked.await.unwrap();
        // More than there are threads for anything.
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        for index in 0..(2 * cores + 2) {
            let body = node.seal(&world.signed(&UserSignatureRequest {
                message: vec![index as u8],
                ..world.request()
            }));
            let world = world.clone();
            slow.push(tokio::spawn(async move {
                world.relayer().post("/user/relay_tx", body).await
            }));
        }
        until(|| !programs.evaluated.lock().unwrap().is_empty()).await;
        let stale = UserSignatureRequest {
            block_number: 0,
            ..world.request()
        };
        assert_eq!(
            world.relay_refusal(&stale).await,
            refused(400, "block_stale")
        );
        assert!(slow.iter().any(|slow| !slow.is_finished()));
        drop(closed);
        keeper.join().unwrap();
    }
    for slow in slow {
        // Signed, or told to come back.
        let (status, _) = slow.await.unwrap();
        assert!(matches!(status.as_u16(), 200 | 503), "{status}");
    }
}
