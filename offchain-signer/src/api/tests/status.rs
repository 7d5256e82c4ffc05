//! The status page, and what it is told.

use crate::{
    chain::{AccountId, NetworkState},
    metrics::FaultKind,
    request::testing::{json, program_key, registration, Wire, World, RELAYER},
};
use axum::{
    body::{to_bytes, Body},
    http::{header, HeaderMap, Request, StatusCode},
};
use serde_json::{json, Value};
use signing_primitives::{
    wire::UserSignatureRequest, AuxInfoAttempt, CommitteeMember, Phase, ReshareAttempt,
    UnprovableFault,
};
use std::time::Duration;
use tower::ServiceExt;

async fn get(world: &World, node: usize, path: &str) -> (StatusCode, HeaderMap, String) {
    let request = Request::builder().uri(path).body(Body::empty()).unwrap();
    let response = world.nodes[node].router.clone().oneshot(request).await;
    let response = response.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, headers, String::from_utf8(body.to_vec()).unwrap())
}

async fn status(world: &World, node: usize) -> Value {
    let (status, _, body) = get(world, node, "/status.json").await;
    json((status, body.into_bytes()))
}

fn members(state: &NetworkState, of: &[usize]) -> Vec<CommitteeMember<AccountId>> {
    let validators = of.iter().map(|index| &state.validators[*index]);
    validators
        .map(|validator| CommitteeMember {
            validator: validator.account.clone(),
            party: validator.signing_key.clone(),
        })
        .collect()
}

fn account(index: u8) -> String {
    AccountId::new([0x50 + index; 32]).to_string()
}

#[tokio::test]
async fn the_page_takes_nothing_but_its_own_and_runs_no_script_but_its_own() {
    let world = World::new();
    for prefix in ["", "/v1"] {
        for (path, kind) in [
            ("/", "text/html; charset=utf-8"),
            ("/status.css", "text/css; charset=utf-8"),
            ("/status.js", "text/javascript; charset=utf-8"),
            ("/status.json", "application/json"),
        ] {
            let path = match (prefix, path) {
                ("", path) => path.to_owned(),
                (prefix, "/") => prefix.to_owned(),
                (prefix, path) => format!("{prefix}{path}"),
            };
            let (status, headers, body) = get(&world, 0, &path).await;
            assert_eq!(
                (status, headers[header::CONTENT_TYPE].to_str().unwrap()),
                (StatusCode::OK, kind)
            );
            let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
            let allowed: Vec<&str> = policy.split("; ").collect();
            for rule in [
                "default-src 'none'",
                "script-src 'self'",
                "base-uri 'none'",
                "frame-ancestors 'none'",
            ] {
                assert!(allowed.contains(&rule), "{policy}");
            }
            assert!(
                !policy.contains("unsafe") && !policy.contains('*'),
                "{policy}"
            );
            assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
            for elsewhere in ["http://", "https://", "//cdn", "@import"] {
                assert!(!body.contains(elsewhere), "{path}: {elsewhere}");
            }
        }
    }
    let (.., page) = get(&world, 0, "/").await;
    for inline in ["<script>", "<style", "style=", "onload=", "onclick="] {
        assert!(!page.contains(inline), "{inline}");
    }
    let (.., script) = get(&world, 0, "/status.js").await;
    for way in [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "Function(",
    ] {
        assert!(!script.contains(way), "{way}");
    }
}

#[tokio::test]
async fn it_tells_where_the_network_is_and_what_this_node_is() {
    let world = World::new();
    world.nodes[0].status.holds(Some(1));
    let status = status(&world, 0).await;
    assert_eq!(status["version"], "0.1.0 (abcdef)");
    assert_eq!(
        status["chain"],
        json!({"current": true, "best": 100, "finalized": 100})
    );
    assert_eq!(
        status["node"],
        json!({"role": "signer", "standby": false, "validator": account(0), "share": 1})
    );
    let network = &status["network"];
    assert_eq!(
        (&network["phase"], &network["paused"]),
        (&json!("active"), &json!(false))
    );
    let key = format!("0x{}", hex::encode(world.network_key));
    assert_eq!(network["verifying_key"], key);
    let committee = &network["committee"];
    assert_eq!(
        (&committee["generation"], &committee["threshold"]),
        (&json!(1), &json!(2))
    );
    let mut found: Vec<Value> = committee["members"].as_array().unwrap().clone();
    found.sort_by_key(|member| member["account"] != account(0));
    assert_eq!(found.len(), 3);
    assert_eq!(
        found[0],
        json!({
            "account": account(0), "endpoint": "validator0:3001", "this_node": true,
            "connected": null, "expelled": false, "prepared": false,
        })
    );
    assert_eq!(
        (&network["announced"], &network["needed"]),
        (&json!(5), &json!(3))
    );
    assert_eq!(network["attempts"], json!([]));
    let relayer = super::status::status(&world, RELAYER).await;
    assert_eq!(relayer["node"]["role"], "relayer");
    assert_eq!(relayer["node"]["share"], Value::Null);
}

#[tokio::test]
async fn it_tells_of_a_hand_over_and_of_who_is_in_trouble() {
    let world = World::new();
    world.chain.import(|state| {
        let network = &mut state.network;
        network.paused = true;
        let (old, new) = (members(network, &[1, 2]), members(network, &[1, 2, 3]));
        network.phase = Phase::Resharing(ReshareAttempt {
            attempt: 8,
            generation: 2,
            old_holders: old.try_into().unwrap(),
            members: new.clone().try_into().unwrap(),
            threshold: 2,
            aux_info: None,
            confirmed: vec![new[0].validator.clone()].try_into().unwrap(),
            commitment: None,
            deadline: 150,
        });
        network.aux_info_attempt = Some(AuxInfoAttempt {
            attempt: 9,
            parties: new.try_into().unwrap(),
            confirmed: Default::default(),
            commitment: None,
            deadline: 160,
        });
        network.standbys = vec![AccountId::new([0x54; 32])];
        network.challenges = vec![(AccountId::new([0x50; 32]), 120)];
        let committee = network.committee.as_mut().unwrap();
        committee.expelled = vec![AccountId::new([0x50; 32])].try_into().unwrap();
    });
    let status = status(&world, 0).await;
    assert_eq!(status["node"]["role"], "expelled");
    let network = &status["network"];
    assert_eq!(
        (&network["phase"], &network["paused"]),
        (&json!("resharing"), &json!(true))
    );
    assert_eq!(
        network["challenges"],
        json!([{"account": account(0), "deadline": 120}])
    );
    let attempt = &network["attempts"][0];
    assert_eq!(
        (
            &attempt["kind"],
            &attempt["number"],
            &attempt["generation"],
            &attempt["deadline"]
        ),
        (&json!("reshare"), &json!(8), &json!(2), &json!(150))
    );
    let parties = attempt["parties"].as_array().unwrap();
    let confirmed = parties.iter().filter(|party| party["confirmed"] == true);
    assert_eq!((parties.len(), confirmed.count()), (3, 1));
    assert_eq!(network["attempts"][1]["kind"], "aux_info");
    let expelled = network["committee"]["members"].as_array().unwrap().iter();
    let expelled: Vec<_> = expelled
        .filter(|member| member["expelled"] == true)
        .collect();
    assert_eq!(expelled.len(), 1);
    assert_eq!(expelled[0]["account"], account(0));
    assert_eq!(
        super::status::status(&world, 4).await["node"]["standby"],
        true
    );
}

#[tokio::test(start_paused = true)]
async fn it_answers_whatever_the_chain_is_like() {
    let world = World::new();
    world.chain.fall_behind(true);
    let behind = status(&world, RELAYER).await;
    assert_eq!(behind["chain"]["current"], false);
    assert_eq!(behind["network"]["phase"], "active");

    tokio::time::advance(Duration::from_secs(2)).await;
    world
        .chain
        .import(|state| state.network = NetworkState::default());
    let empty = status(&world, RELAYER).await;
    assert_eq!(empty["network"]["phase"], "awaiting_signers");
    assert_eq!(empty["network"]["committee"], Value::Null);
    assert_eq!(empty["node"]["role"], "observer");
    let (status, ..) = get(&world, RELAYER, "/").await;
    assert_eq!(status, StatusCode::OK);
}

/// However many ask: the chain is looked at once a second.
#[tokio::test(start_paused = true)]
async fn an_answer_is_good_for_a_second() {
    let world = World::new();
    let best = |status: Value| status["chain"]["best"].as_u64().unwrap();
    assert_eq!(best(status(&world, 0).await), 100);
    world.chain.import(|_| ());
    for _ in 0..50 {
        assert_eq!(best(status(&world, 0).await), 100);
    }
    tokio::time::advance(Duration::from_millis(1001)).await;
    assert_eq!(best(status(&world, 0).await), 101);
}

#[tokio::test]
async fn signings_are_shown_where_they_are_relayed_and_where_they_are_made() {
    let world = World::new();
    assert_eq!(world.relay(&world.request()).await.0, StatusCode::OK);
    let relayed = status(&world, RELAYER).await["signings"].clone();
    assert_eq!(relayed.as_array().unwrap().len(), 1);
    assert_eq!(
        (&relayed[0]["role"], &relayed[0]["outcome"]),
        (&json!("relayer"), &json!("ok"))
    );
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
        assert!(
            relayed[0]["stages"][stage].is_number(),
            "{stage}: {relayed}"
        );
    }
    let mut made = 0;
    for node in 0..3 {
        for signing in status(&world, node).await["signings"].as_array().unwrap() {
            assert_eq!(
                (&signing["role"], &signing["outcome"]),
                (&json!("signer"), &json!("ok"))
            );
            made += 1;
        }
    }
    assert_eq!(made, 2);
}

#[tokio::test]
async fn a_signing_that_fails_is_shown_with_its_code() {
    let world = World::new();
    for node in 0..3 {
        world.rewire(node, Wire::Dead);
    }
    world.relay(&world.request()).await;
    let signings = &status(&world, RELAYER).await["signings"];
    assert_eq!(signings[0]["outcome"], "signing_failed", "{signings}");
}

/// Whoever can ask for nothing cannot push out what was signed, nor leave a trace of his own.
#[tokio::test]
async fn what_is_refused_is_not_shown() {
    let world = World::new();
    for _ in 0..5 {
        let _ = world.nodes[RELAYER]
            .post("/user/relay_tx", b"{}".to_vec())
            .await;
    }
    let unknown = UserSignatureRequest {
        signature_verifying_key: [2; 33],
        ..world.request()
    };
    world.relay(&unknown).await;
    world.register(registration(program_key(), &["no"]));
    assert_eq!(world.relay(&world.request()).await.0, StatusCode::FORBIDDEN);
    assert_eq!(status(&world, RELAYER).await["signings"], json!([]));
}

#[tokio::test]
async fn nothing_is_shown_of_users_or_of_what_they_ask_for() {
    let world = World::new();
    let request = UserSignatureRequest {
        message: b"what nobody but the user is to read".to_vec(),
        ..world.request()
    };
    let signed = world.signed(&request);
    assert_eq!(world.relay(&request).await.0, StatusCode::OK);
    for node in 0..5 {
        let (.., body) = get(&world, node, "/status.json").await;
        let sender: &[u8; 32] = signed.sender.as_ref();
        for secret in [
            hex::encode(&request.message),
            hex::encode(world.user_key),
            hex::encode(sender),
            signed.sender.to_string(),
            program_key().to_string(),
            hex::encode(program_key()),
        ] {
            assert!(!body.contains(&secret), "{secret} in {body}");
        }
    }
}

#[tokio::test]
async fn faults_are_shown_by_validator() {
    let world = World::new();
    let seen = &world.nodes[RELAYER].observations;
    seen.failed(&world.nodes[1].party(), UnprovableFault::Unreachable);
    seen.failed(&world.nodes[1].party(), UnprovableFault::Unreachable);
    seen.cheated(&world.nodes[2].party());
    let faults = status(&world, RELAYER).await["faults"].clone();
    let summary = |index: usize| {
        let fault = &faults[index];
        (
            fault["account"].clone(),
            fault["kind"].clone(),
            fault["times"].clone(),
        )
    };
    let cheated = FaultKind::Cheated.as_str();
    assert_eq!(summary(0), (json!(account(2)), json!(cheated), json!(1)));
    assert_eq!(
        summary(1),
        (json!(account(1)), json!("unreachable"), json!(2))
    );
    assert_eq!(faults.as_array().unwrap().len(), 2);
}

/// What validators announce is theirs to choose, should the chain ever let it through.
#[tokio::test]
async fn hostile_endpoints_stay_text() {
    let world = World::new();
    let hostile = "</script><script src=x>\"'\\\u{202e}&lt;\u{0}";
    world.chain.import(|state| {
        let signer = state.network.validators[0].signer.as_mut().unwrap();
        signer.endpoint = hostile.as_bytes().to_vec().try_into().unwrap();
        let signer = state.network.validators[1].signer.as_mut().unwrap();
        signer.endpoint = vec![0xff, 0xfe, b'<'].try_into().unwrap();
    });
    let (status, headers, body) = get(&world, 0, "/status.json").await;
    assert_eq!(headers[header::CONTENT_TYPE], "application/json");
    let status = json((status, body.into_bytes()));
    let members = status["network"]["committee"]["members"]
        .as_array()
        .unwrap();
    let endpoints: Vec<_> = members
        .iter()
        .map(|member| member["endpoint"].as_str().unwrap())
        .collect();
    assert!(endpoints.contains(&hostile), "{endpoints:?}");
    assert!(endpoints.contains(&"\u{fffd}\u{fffd}<"), "{endpoints:?}");
    // The page itself says the same whatever is on chain.
    let clean = World::new();
    assert_eq!(get(&world, 0, "/").await.2, get(&clean, 0, "/").await.2);
}
