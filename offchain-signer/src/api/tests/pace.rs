//! Requests that wait for their turn at a relayer, because signers have too much to do.

use super::refused;
use crate::{
    api::ApiConfig,
    request::{
        testing::{json, send, status_and_code, until, Wire, World},
        RelayConfig,
    },
};
use axum::http::StatusCode;
use signing_primitives::wire::UserSignatureRequest;
use std::time::Duration;
use tokio::{
    task::JoinHandle,
    time::{sleep, Instant},
};

type Asking = JoinHandle<(StatusCode, Vec<u8>)>;

fn request(world: &World, index: u8) -> UserSignatureRequest {
    UserSignatureRequest {
        message: vec![index],
        ..world.request()
    }
}

fn ask(world: &World, request: &UserSignatureRequest) -> Asking {
    let relayer = world.relayer();
    let body = relayer.seal(&world.signed(request));
    tokio::spawn(send(relayer.router.clone(), "POST", "/user/relay_tx", body))
}

/// As many requests as are signed at a time, each of which has its signers do nothing.
async fn fill(world: &World) -> Vec<Asking> {
    let at_a_time = world.relayer().relayer.pace().at_a_time();
    let filling: Vec<_> = (0..at_a_time)
        .map(|index| ask(world, &request(world, 100 + index as u8)))
        .collect();
    until(|| world.orders().values().sum::<usize>() == 2 * at_a_time).await;
    filling
}

/// Lets a request wait for its turn: the relayer's programs have granted it.
async fn wait(world: &World, request: &UserSignatureRequest) -> Asking {
    let evaluated = || world.relayer().programs.evaluated.lock().unwrap().len();
    let before = evaluated();
    let asking = ask(world, request);
    until(|| evaluated() == before + 1).await;
    sleep(Duration::from_secs(2)).await;
    asking
}

#[tokio::test(start_paused = true)]
async fn who_is_told_busy_after_its_wait_has_used_nothing_up() {
    let world = World::new();
    let at_a_time = world.relayer().relayer.pace().at_a_time();
    // One more than those that fill it may be granted in this block.
    world.limit_requests(at_a_time as u32 + 1);
    let mut gates = Vec::new();
    for node in 0..3 {
        gates.push(world.nodes[node].sessions.gate.lock().await);
    }
    let filling = fill(&world).await;
    let (relayer, path) = (world.relayer(), "/user/relay_tx");
    let late = world.signed(&request(&world, 1));
    let since = Instant::now();
    let refusal = relayer.refusal(path, relayer.seal(&late)).await;
    assert_eq!(refusal, refused(503, "busy"));
    assert_eq!(since.elapsed().as_secs(), 20);
    // Who hangs up while it waits has used nothing up, either.
    let hangs_up = wait(&world, &request(&world, 2)).await;
    hangs_up.abort();
    assert!(hangs_up.await.unwrap_err().is_cancelled());
    drop(gates);
    for filled in filling {
        json(filled.await.unwrap());
    }
    // The same words, in the same block.
    json(relayer.post(path, relayer.seal(&late)).await);
    let refusal = relayer.refusal(path, relayer.seal(&late)).await;
    assert_eq!(refusal, refused(409, "request_replayed"));
    assert_eq!(
        world.relay_refusal(&request(&world, 3)).await,
        refused(429, "rate_limited")
    );
}

#[tokio::test(start_paused = true)]
async fn after_the_wait_the_network_is_looked_at_again() {
    // Signers that were asked would refuse, and that would be another answer.
    let once = RelayConfig {
        attempts: 1,
        ..RelayConfig::default()
    };
    for (code, status) in [
        ("network_paused", 503),
        ("block_stale", 400),
        ("chain_unavailable", 503),
    ] {
        let world = World::with(once, ApiConfig::default());
        let mut gates = Vec::new();
        for node in 0..3 {
            gates.push(world.nodes[node].sessions.gate.lock().await);
        }
        let filling = fill(&world).await;
        let waiting = wait(&world, &request(&world, 1)).await;
        match code {
            "network_paused" => {
                world.chain.import(|state| state.network.paused = true);
                world.chain.finalize();
            }
            "chain_unavailable" => world.chain.fall_behind(true),
            _ => world.chain.advance(1_000),
        }
        drop(gates);
        for filled in filling {
            let _ = filled.await.unwrap();
        }
        let answer = waiting.await.unwrap();
        assert_eq!(status_and_code(answer), refused(status, code));
    }
}

/// Somebody else waits for the same signature: it is made with the words of one who has hung up.
#[tokio::test(start_paused = true)]
async fn words_that_signers_get_in_the_end_are_used_up() {
    let world = World::new();
    let mut gates = Vec::new();
    for node in 0..3 {
        gates.push(world.nodes[node].sessions.gate.lock().await);
    }
    let filling = fill(&world).await;
    let (relayer, path) = (world.relayer(), "/user/relay_tx");
    let (first, second) = (
        world.signed(&request(&world, 1)),
        world.signed(&request(&world, 1)),
    );
    let ask = |signed| {
        let body = relayer.seal(signed);
        tokio::spawn(send(relayer.router.clone(), "POST", path, body))
    };
    let hangs_up = ask(&first);
    sleep(Duration::from_secs(1)).await;
    let joins = ask(&second);
    until(|| relayer.relayer.joined() == 1).await;
    hangs_up.abort();
    assert!(hangs_up.await.unwrap_err().is_cancelled());
    drop(gates);
    json(joins.await.unwrap());
    for filled in filling {
        json(filled.await.unwrap());
    }
    for signed in [&first, &second] {
        let refusal = relayer.refusal(path, relayer.seal(signed)).await;
        assert_eq!(refusal, refused(409, "request_replayed"));
    }
}

#[tokio::test(start_paused = true)]
async fn what_signers_were_asked_for_in_vain_is_used_up() {
    let world = World::new();
    for node in 0..3 {
        world.rewire(node, Wire::Dead);
    }
    let (relayer, path) = (world.relayer(), "/user/relay_tx");
    let signed = world.signed(&world.request());
    for answer in [
        refused(502, "signing_failed"),
        refused(409, "request_replayed"),
    ] {
        let refusal = relayer.refusal(path, relayer.seal(&signed)).await;
        assert_eq!(refusal, answer);
    }
}

/// Who joins another's request has a run of its own when that fails, and no more time for both than for one.
#[tokio::test(start_paused = true)]
async fn who_joins_has_no_more_time_than_others() {
    let world = World::new();
    for node in 0..3 {
        world.rewire(node, Wire::Silent);
    }
    let since = Instant::now();
    let first = ask(&world, &world.request());
    // When that is over, the first waits for its signers.
    sleep(Duration::from_secs(1)).await;
    let joins = UserSignatureRequest {
        block_number: 99,
        ..world.request()
    };
    let second = ask(&world, &joins);
    until(|| world.relayer().relayer.joined() == 1).await;
    for (asking, seconds) in [(first, 30), (second, 51)] {
        let answer = asking.await.unwrap();
        assert_eq!(status_and_code(answer), refused(504, "signing_timed_out"));
        assert_eq!(since.elapsed().as_secs(), seconds);
    }
}
