//! More requests than there may be.

use super::refused;
use crate::request::testing::{
    json, program_key, registration, status_and_code, until, FakePrograms, World, RELAYER,
};
use signing_primitives::wire::{SignRequest, SignedMessage, UserSignatureRequest};
use sp_core::{sr25519, Pair};
use std::{sync::Arc, time::Duration};

#[tokio::test]
async fn more_requests_than_the_limit() {
    let world = World::new();
    world.limit_requests(2);
    let number = |index: u8| UserSignatureRequest {
        message: vec![index],
        ..world.request()
    };
    // What is refused does not count: a stranger cannot use up the user's requests.
    world.register(registration(program_key(), &["no"]));
    for index in 0..4 {
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

/// Asks the relayer, or has it ask a signer: the status, and the code of a refusal.
async fn ask(world: &World, node: usize, asker: &sr25519::Pair, password: &[u8]) -> (u16, String) {
    let request = UserSignatureRequest {
        auxilary_data: Some(vec![Some(password.to_vec())]),
        ..world.request()
    };
    let signed = SignedMessage::sign(serde_json::to_vec(&request).unwrap(), asker);
    let to = &world.nodes[node];
    let answer = if node == RELAYER {
        to.post("/user/relay_tx", to.seal(&signed)).await
    } else {
        let sign = SignRequest {
            user_signed_request: Some(signed),
            ..world.sign_request(&request, &[0, 1])
        };
        let body = world.relayed(node, RELAYER, &sign);
        to.post("/user/sign_tx", body).await
    };
    status_and_code(answer)
}

/// Strangers ask, each with an account that has never asked before, until they are not listened to
/// any more. Says how often the programs have refused.
async fn flood(world: &World, node: usize) -> usize {
    for index in 0..=u8::MAX {
        let stranger = sr25519::Pair::from_seed(&[index; 32]);
        let answer = ask(world, node, &stranger, b"now").await;
        if answer != refused(403, "program_refused") {
            assert_eq!(answer, refused(429, "rate_limited"));
            return index.into();
        }
    }
    panic!("there is no end to it");
}

/// Strangers make a user's programs run. That has an end, does not use up the user's requests, and
/// does not keep out who has been granted one before. Signers count for themselves, whatever a
/// relayer lets pass.
#[tokio::test]
async fn a_flood_of_requests_that_programs_refuse() {
    for node in [RELAYER, 0] {
        let world = World::new();
        world.limit_requests(2);
        world.register(registration(program_key(), &["password"]));
        let newcomer = sr25519::Pair::from_string("//newcomer", None).unwrap();
        let granted = (200, String::new());
        let limited = refused(429, "rate_limited");

        // Half of four times the limit is for anybody. To begin with the owner is anybody, too.
        assert_eq!(flood(&world, node).await, 4);
        assert_eq!(ask(&world, node, &world.user, b"please").await, limited);
        // It has to be faster, once.
        world.chain.import(|_| ());
        assert_eq!(ask(&world, node, &world.user, b"please").await, granted);
        assert_eq!(flood(&world, node).await, 3);
        assert_eq!(ask(&world, node, &world.user, b"please").await, granted);

        // From then on it has all of its requests, whoever floods, and only newcomers have to wait.
        world.chain.import(|_| ());
        assert_eq!(flood(&world, node).await, 4);
        for answer in [&granted, &granted, &limited] {
            let owner = ask(&world, node, &world.user, b"please").await;
            assert_eq!(owner, *answer);
            assert_eq!(ask(&world, node, &newcomer, b"please").await, limited);
        }
        // More than that has not been evaluated, of eight in each of these blocks.
        let evaluated = world.nodes[node].programs.evaluated.lock().unwrap().len();
        assert_eq!(evaluated, 4 + (1 + 3 + 1) + (4 + 2));
    }
}

/// A validator has a request that the programs refuse, and hands it to a signer again and again.
#[tokio::test]
async fn a_request_is_not_evaluated_for_ever() {
    let world = World::new();
    world.limit_requests(10);
    world.register(registration(program_key(), &["password"]));
    let granted = (200, String::new());
    assert_eq!(ask(&world, 0, &world.user, b"please").await, granted);
    let mut sign = world.sign_request(&world.request(), &[0, 1]);
    for attempt in 0..20 {
        sign.nonce = Some([attempt; 32]);
        let refusal = match attempt {
            0..16 => refused(403, "program_refused"),
            _ => refused(409, "too_many_attempts"),
        };
        assert_eq!(world.sign_refusal(&sign).await, refusal, "{attempt}");
    }
    let evaluated = world.nodes[0].programs.evaluated.lock().unwrap().len();
    assert_eq!(evaluated, 1 + 16);
    // Its requester still has evaluations of those that are kept, whatever strangers do.
    flood(&world, 0).await;
    assert_eq!(ask(&world, 0, &world.user, b"please").await, granted);
}

/// Anybody on the line between two nodes can send again what a relayer has sent.
#[tokio::test]
async fn copies_of_an_attempt_are_evaluated_once() {
    let world = Arc::new(World::new());
    world.register(registration(program_key(), &["wait"]));
    let programs = world.nodes[0].programs.clone();
    let gate = Gate::close(&programs).await;
    let sign = world.sign_request(&world.request(), &[0, 1]);
    let body = world.relayed(0, RELAYER, &sign);
    // All at once: some pass the quick checks before another one is counted.
    let copies: Vec<_> = (0..20)
        .map(|_| {
            let (world, body) = (world.clone(), body.clone());
            tokio::spawn(async move { world.nodes[0].post("/user/sign_tx", body).await })
        })
        .collect();
    until(|| copies.iter().filter(|copy| copy.is_finished()).count() == 19).await;
    gate.open();
    let mut answers = Vec::new();
    for copy in copies {
        answers.push(status_and_code(copy.await.unwrap()));
    }
    answers.sort();
    let replayed = refused(409, "request_replayed");
    assert_eq!(answers[0], (200, String::new()));
    assert!(
        answers[1..].iter().all(|answer| *answer == replayed),
        "{answers:?}"
    );
    assert_eq!(programs.evaluated.lock().unwrap().len(), 1);

    // Nor do copies of one that was refused.
    world.register(registration(program_key(), &["no"]));
    let sign = world.sign_request(&world.request(), &[0, 1]);
    let body = world.relayed(0, RELAYER, &sign);
    for copy in 0..20 {
        let refusal = world.nodes[0].refusal("/user/sign_tx", body.clone()).await;
        let answer = match copy {
            0 => refused(403, "program_refused"),
            _ => refused(409, "request_replayed"),
        };
        assert_eq!(refusal, answer);
    }
    assert_eq!(programs.evaluated.lock().unwrap().len(), 2);
}

/// Holds up the programs with the config "wait".
struct Gate {
    close: std::sync::mpsc::Sender<()>,
    keeper: std::thread::JoinHandle<()>,
}

impl Gate {
    async fn close(programs: &Arc<FakePrograms>) -> Self {
        let (close, opened) = std::sync::mpsc::channel::<()>();
        let (locked, is_locked) = tokio::sync::oneshot::channel();
        let programs = programs.clone();
        let keeper = std::thread::spawn(move || {
            let _gate = programs.gate.lock().unwrap();
            locked.send(()).unwrap();
            let _ = opened.recv();
        });
        is_locked.await.unwrap();
        Self { close, keeper }
    }

    fn open(self) {
        drop(self.close);
        self.keeper.join().unwrap();
    }
}

/// Its request has not been evaluated, and does not count as if it had. Nor does that of one who hangs up
/// while it waits.
#[tokio::test]
async fn who_is_told_busy_has_used_nothing_up() {
    let world = Arc::new(World::new());
    world.limit_requests(2);
    world.register(registration(program_key(), &["wait"]));
    let programs = world.relayer().programs.clone();
    let gate = Gate::close(&programs).await;
    // As many as strangers may have evaluated in a block: one has the turn, and the others wait for it.
    let strangers: Vec<_> = (0..4)
        .map(|index| {
            let world = world.clone();
            tokio::spawn(async move {
                let stranger = sr25519::Pair::from_seed(&[index; 32]);
                ask(&world, RELAYER, &stranger, b"").await
            })
        })
        .collect();
    let (mut answers, busy) = (Vec::new(), refused(503, "busy"));
    let are_told = until(|| strangers.iter().filter(|one| one.is_finished()).count() >= 3);
    let in_time = tokio::time::timeout(Duration::from_secs(60), are_told).await;
    gate.open();
    in_time.unwrap();
    for stranger in strangers {
        answers.push(stranger.await.unwrap());
    }
    assert_eq!(answers.iter().filter(|answer| **answer == busy).count(), 3);
    let another = sr25519::Pair::from_seed(&[9; 32]);
    let granted = (200, String::new());
    assert_eq!(ask(&world, RELAYER, &another, b"").await, granted);
    assert_eq!(programs.evaluated.lock().unwrap().len(), 2);

    world.chain.import(|_| ());
    let gate = Gate::close(&programs).await;
    let first = tokio::spawn({
        let world = world.clone();
        async move { ask(&world, RELAYER, &sr25519::Pair::from_seed(&[10; 32]), b"").await }
    });
    let is_asked = until(|| programs.evaluated.lock().unwrap().len() == 3);
    let in_time = tokio::time::timeout(Duration::from_secs(60), is_asked).await;
    for index in 11..=255 {
        let stranger = sr25519::Pair::from_seed(&[index; 32]);
        let asked = ask(&world, RELAYER, &stranger, b"");
        let answer = tokio::time::timeout(Duration::from_millis(20), asked).await;
        assert!(answer.is_err(), "{answer:?}");
    }
    gate.open();
    in_time.unwrap();
    assert_eq!(first.await.unwrap(), granted);
}

#[tokio::test]
async fn slow_programs_are_not_in_the_way_of_what_is_quick() {
    let world = Arc::new(World::new());
    world.limit_requests(1_000);
    world.register(registration(program_key(), &["wait"]));
    let node = world.relayer();
    let programs = node.programs.clone();
    let mut slow: Vec<_> = Vec::new();
    {
        let gate = Gate::close(&programs).await;
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
        gate.open();
    }
    for slow in slow {
        // Signed, or told to come back.
        let (status, _) = slow.await.unwrap();
        assert!(matches!(status.as_u16(), 200 | 503), "{status}");
    }
}
