//! The command line: output, exit codes, progress.

use crate::{
    relayer::{Behaviour, CUSTOM_DIGEST},
    world::{command, hex_key, run, World},
};
use std::{io::Write, process::Stdio};

/// `sign` as Ferdie, with `rest`.
async fn sign(world: &World, rest: &[&str]) -> crate::world::Outcome {
    let key = hex_key();
    let mut arguments = vec!["sign", "--suri", "//Ferdie", "--verifying-key", &key];
    arguments.extend(rest);
    world.cli(&arguments).await
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_prints_a_signature() {
    let world = World::new(Behaviour::Answer(&[0, 1])).await;
    let outcome = sign(&world, &["hello", "--json"]).await;
    assert_eq!(outcome.code, 0, "{outcome:?}");
    let json = outcome.json();
    assert_eq!(json["verified"], true);
    assert_eq!(json["verifying_key"], hex_key());
    assert_eq!(json["signers"].as_array().unwrap().len(), 2);
    let text = |name: &str| json[name].as_str().unwrap().to_owned();
    let whole = format!("{}{}0{}", text("r"), &text("s")[2..], json["v"]);
    assert_eq!(text("signature"), whole);

    // alloy, which knows nothing of this project, finds the same signer.
    let signature = hex::decode(&text("signature")[2..]).unwrap();
    let signature = alloy_primitives::Signature::from_raw(&signature).unwrap();
    let digest = alloy_primitives::keccak256("hello");
    assert_eq!(text("digest"), digest.to_string());
    let address = signature.recover_address_from_prehash(&digest).unwrap();
    assert_eq!(text("address"), address.to_checksum(None));

    let outcome = sign(&world, &["hello"]).await;
    assert_eq!(outcome.code, 0);
    for name in [
        "r ",
        "s ",
        "v ",
        "verifying key",
        "address",
        "verified       yes",
    ] {
        let found = outcome.stdout.lines().any(|line| line.starts_with(name));
        assert!(found, "{name}: {}", outcome.stdout);
    }
    assert!(
        outcome.stderr.contains("asking the relayer"),
        "progress is shown"
    );
    let outcome = sign(&world, &["hello", "--quiet"]).await;
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_from_everywhere_are_the_same() {
    let world = World::new(Behaviour::Answer(&[0, 1])).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("message");
    std::fs::write(&file, "hello").unwrap();
    let file = file.to_str().unwrap();
    for source in [
        &["hello"][..],
        &["--hex", "0x68656c6c6f"],
        &["--file", file],
    ] {
        assert_eq!(sign(&world, source).await.code, 0, "{source:?}");
    }
    let mut command = command();
    command.args(["--url", &world.node.url, "sign", "--stdin"]);
    command
        .env("SIGNING_SURI", "//Ferdie")
        .env("SIGNING_VERIFYING_KEY", hex_key());
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"hello").unwrap();
    let output = tokio::task::spawn_blocking(move || child.wait_with_output());
    assert!(output.await.unwrap().unwrap().status.success());

    for relayer in &world.relayers {
        for received in relayer.received.lock().unwrap().iter() {
            assert_eq!(received.request.message, b"hello");
        }
    }
    assert_eq!(world.requests(), 4);
}

/// Whoever has a key in its environment, root's for example, and names another one, must not sign with the first.
#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_counts_whatever_the_environment_says() {
    let world = World::new(Behaviour::Answer(&[0, 1])).await;
    let folder = tempfile::tempdir().unwrap();
    let (kept, missing) = (folder.path().join("key"), folder.path().join("missing"));
    std::fs::write(&kept, "//Ferdie").unwrap();
    let (kept, missing) = (kept.to_str().unwrap(), missing.to_str().unwrap());
    let nobody = "no key";
    let neither = ["--json", "--quiet"];
    for (arguments, suri, file, refusal) in [
        (["--suri", "//Ferdie"], None, Some(missing), None),
        (["--suri", "//Ferdie"], Some(nobody), Some(missing), None),
        (["--key-file", kept], Some(nobody), None, None),
        (["--key-file", kept], Some(nobody), Some(missing), None),
        (["--key-file", kept], Some("//Ferdie"), Some(kept), None),
        (
            ["--json", "--suri="],
            Some("//Ferdie"),
            None,
            Some("bad_key"),
        ),
        (neither, Some("//Ferdie"), Some(""), None),
        (neither, Some(""), Some(kept), None),
        (neither, Some(""), Some(""), Some("no_key")),
        (neither, Some("//Ferdie"), Some(kept), Some("two_keys")),
    ] {
        let mut command = command();
        command.args(["--url", &world.node.url, "sign", "hello"]);
        command
            .args(["--verifying-key", &hex_key()])
            .args(arguments);
        for (name, value) in [("SIGNING_SURI", suri), ("SIGNING_KEY_FILE", file)] {
            if let Some(value) = value {
                command.env(name, value);
            }
        }
        let outcome = run(command).await;
        let code = refusal.map_or(0, |_| 2);
        assert_eq!(outcome.code, code, "{arguments:?}: {outcome:?}");
        if let Some(refusal) = refusal {
            assert_eq!(outcome.error_code(), refusal);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_exits_with_3_and_the_networks_code() {
    let world = World::new(Behaviour::Refuse(403, "program_refused")).await;
    let outcome = sign(&world, &["hello", "--json"]).await;
    assert_eq!(outcome.code, 3);
    assert_eq!(outcome.error_code(), "program_refused");
    assert!(outcome.stderr.contains("not allowed"));

    let outcome = sign(&world, &["hello"]).await;
    assert_eq!((outcome.code, outcome.stdout.as_str()), (3, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_answer_exits_with_4_and_is_not_shown() {
    for behaviour in [
        Behaviour::FlippedV,
        Behaviour::OtherKey,
        Behaviour::Answer(&[3, 4]),
    ] {
        let world = World::new(behaviour).await;
        let outcome = sign(&world, &["hello", "--json"]).await;
        assert_eq!(outcome.code, 4, "{behaviour:?}");
        assert_eq!(outcome.error_code(), "untrustworthy_answer");
        assert_eq!(outcome.json()["signature"], serde_json::Value::Null);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_custom_hash_exits_with_0_only_if_checked() {
    let world = World::new(Behaviour::Answer(&[0, 1])).await;
    let outcome = sign(&world, &["hello", "--hash", "custom:0", "--json"]).await;
    assert_eq!(outcome.code, 4);
    assert_eq!(outcome.json()["verified"], false);
    assert!(outcome.json()["signature"].is_string());
    let outcome = sign(&world, &["hello", "--hash", "custom:0"]).await;
    assert!(
        outcome.stdout.contains("verified       NO"),
        "{}",
        outcome.stdout
    );

    let digest = hex::encode(CUSTOM_DIGEST);
    let checked = ["hello", "--hash", "custom:0", "--digest", &digest];
    assert_eq!(sign(&world, &checked).await.code, 0);
    let wrong = ["hello", "--hash", "custom:0", "--digest", &"11".repeat(32)];
    assert_eq!(sign(&world, &wrong).await.code, 4);
    // A digest that a built-in hash does not yield is a mistake, found before anyone is asked.
    let before = world.requests();
    let outcome = sign(&world, &["hello", "--digest", &digest, "--json"]).await;
    assert_eq!(
        (outcome.code, outcome.error_code().as_str()),
        (1, "other_digest")
    );
    assert_eq!(world.requests(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn status_shows_who_does_what() {
    let world = World::new(Behaviour::Answer(&[0, 1])).await;
    let outcome = world.cli(&["status", "--json"]).await;
    assert_eq!(outcome.code, 0, "{outcome:?}");
    let json = outcome.json();
    assert_eq!(json["phase"], "active");
    assert_eq!(json["committee"]["threshold"], 2);
    assert_eq!(json["chain"]["best"]["number"], 12);
    assert_eq!(json["chain"]["finalized"]["number"], 10);
    let validators = json["validators"].as_array().unwrap();
    let roles: Vec<_> = validators
        .iter()
        .map(|v| v["role"].as_str().unwrap())
        .collect();
    assert_eq!(roles, ["signer", "signer", "signer", "relayer", "relayer"]);
    assert_eq!(validators[3]["endpoint"], world.relayers[0].endpoint);

    let outcome = world.cli(&["status"]).await;
    assert!(
        outcome.stdout.contains("generation 1, 2 of 3 sign"),
        "{}",
        outcome.stdout
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_and_registrations_are_shown() {
    let world = World::new(Behaviour::Answer(&[0, 1])).await;
    let json = world.cli(&["program", "list", "--json"]).await.json();
    assert_eq!(
        json["programs"][0]["program"],
        format!("0x{}", "06".repeat(32))
    );
    assert_eq!(json["programs"][0]["references"], 1);

    let outcome = world
        .cli(&["registration", "show", &hex_key(), "--json"])
        .await;
    let json = outcome.json();
    assert_eq!(json["index"], 7);
    assert_eq!(json["programs"][0]["config_text"], "{\"limit\":3}");
    let depositor = sp_core::crypto::AccountId32::new([5; 32]).to_string();
    assert_eq!(json["deposit"]["depositor"], depositor);
    assert_eq!(json["deposit"]["amount"], "112300000000");
    let outcome = world.cli(&["registration", "show", &hex_key()]).await;
    assert!(
        outcome.stdout.contains("{\"limit\":3}"),
        "{}",
        outcome.stdout
    );
    let deposit = format!("deposit        0.1123 coins of {depositor}\n");
    assert!(outcome.stdout.contains(&deposit), "{}", outcome.stdout);

    world.node.chain.lock().unwrap().deposits.clear();
    let show = ["registration", "show", &hex_key(), "--json"];
    let json = world.cli(&show).await.json();
    assert_eq!(json["deposit"], serde_json::Value::Null);

    let stranger = format!("0x02{}", "11".repeat(32));
    // To remove what is not there costs no fee: the node is given no transaction.
    for words in [
        &["registration", "show", &stranger, "--json"][..],
        &[
            "registration",
            "remove",
            &stranger,
            "--suri",
            "//Bob",
            "--json",
        ],
    ] {
        let outcome = world.cli(words).await;
        assert_eq!(
            (outcome.code, outcome.error_code().as_str()),
            (1, "not_registered")
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_of_another_version_is_an_error() {
    let world = World::new(Behaviour::Answer(&[0, 1])).await;
    world.node.chain.lock().unwrap().other_version = true;
    let outcome = world.cli(&["status", "--json"]).await;
    assert_eq!(
        (outcome.code, outcome.error_code().as_str()),
        (1, "chain_unavailable")
    );
    assert!(
        outcome.stderr.contains("another version"),
        "{}",
        outcome.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_node_is_an_error() {
    let mut command = command();
    command.args(["--url", "ws://127.0.0.1:1", "status", "--json"]);
    let outcome = run(command).await;
    assert_eq!(
        (outcome.code, outcome.error_code().as_str()),
        (1, "chain_unavailable")
    );
    assert!(
        outcome.stderr.contains("ws://127.0.0.1:1"),
        "{}",
        outcome.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_needed_and_never_repeated() {
    let world = World::new(Behaviour::Answer(&[0, 1])).await;
    let key = hex_key();
    let outcome = world
        .cli(&["sign", "--verifying-key", &key, "hello", "--json"])
        .await;
    assert_eq!((outcome.code, outcome.error_code().as_str()), (2, "no_key"));

    let words = [
        "sign",
        "--verifying-key",
        &key,
        "hello",
        "--suri",
        "bottom drive obey",
    ];
    let outcome = world.cli(&words).await;
    assert_eq!(outcome.code, 2);
    assert!(!outcome.stderr.contains("drive"), "{}", outcome.stderr);

    let words = [
        "sign",
        "--verifying-key",
        &key,
        "hello",
        "--key-file",
        "/does/not/exist",
    ];
    assert_eq!(world.cli(&words).await.code, 2);
}
