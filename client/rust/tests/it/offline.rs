//! Commands that need no node.

use crate::world::{command, run, Outcome};

async fn cli(arguments: &[&str]) -> Outcome {
    let mut command = command();
    command.args(arguments);
    run(command).await
}

const MODULE: &str = r#"(module
    (memory (export "memory") 1)
    (func (export "signing_program_abi_1"))
    (func (export "alloc") (param i32) (result i32) i32.const 0)
    (func (export "evaluate") (param i32 i32) (result i64) i64.const 0))"#;

#[tokio::test]
async fn program_check() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("good"), wat::parse_str(MODULE).unwrap()).unwrap();
    std::fs::write(path("text"), MODULE).unwrap();

    let outcome = cli(&["program", "check", &path("good"), "--json"]).await;
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert_eq!(outcome.json()["abi_version"], 1);
    assert_eq!(outcome.json()["executed"], false);
    let outcome = cli(&["program", "check", &path("good")]).await;
    assert!(
        outcome.stdout.contains("it was not run"),
        "it says what it did not do"
    );

    let outcome = cli(&["program", "check", &path("text"), "--json"]).await;
    assert_eq!(
        (outcome.code, outcome.error_code().as_str()),
        (1, "not_a_program")
    );
    let outcome = cli(&["program", "check", &path("none"), "--json"]).await;
    assert_eq!(
        (outcome.code, outcome.error_code().as_str()),
        (1, "unreadable_file")
    );
    // What signers would not run is not deployed: no node is even asked.
    let words = [
        "program",
        "deploy",
        &path("text"),
        "--suri",
        "//Alice",
        "--json",
    ];
    let outcome = cli(&words).await;
    assert_eq!(
        (outcome.code, outcome.error_code().as_str()),
        (1, "not_a_program")
    );
}

const TO: &str = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";

async fn payload(rest: &[&str]) -> Outcome {
    let mut words = vec!["ethereum", "payload", "--to", TO, "--nonce", "0", "--json"];
    words.extend(rest);
    cli(&words).await
}

/// A transaction signed with Hardhat's first development key recovers to that key's well-known
/// address.
#[tokio::test]
async fn ethereum_payload_and_recover() {
    let built = payload(&[
        "--chain-id",
        "1",
        "--max-fee",
        "30gwei",
        "--value",
        "1ether",
    ])
    .await;
    assert_eq!(built.code, 0, "{built:?}");
    let json = built.json();
    let payload = json["payload"].as_str().unwrap();
    let bytes = hex::decode(&payload[2..]).unwrap();
    assert_eq!(bytes[0], 2);
    let hash: [u8; 32] = hex::decode(&json["signing_hash"].as_str().unwrap()[2..])
        .unwrap()
        .try_into()
        .unwrap();
    assert_eq!(alloy_primitives::keccak256(&bytes).0, hash);

    let secret = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
    let secret = k256::ecdsa::SigningKey::from_slice(&hex::decode(secret).unwrap()).unwrap();
    let (signature, recovery) = secret.sign_prehash_recoverable(&hash).unwrap();
    let mut signature = signature.to_bytes().to_vec();
    signature.push(recovery.to_byte());
    let hex_signature = format!("0x{}", hex::encode(&signature));

    let recover = |signature: String| async move {
        let words = [
            "ethereum",
            "recover",
            "--payload",
            payload,
            "--json",
            "--signature",
        ];
        cli(&[&words[..], &[&signature]].concat()).await
    };
    let outcome = recover(hex_signature.clone()).await;
    assert_eq!(outcome.code, 0, "{outcome:?}");
    let sender = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
    assert_eq!(outcome.json()["sender"], sender);
    let raw = outcome.json()["raw"].as_str().unwrap().to_owned();
    assert!(raw.starts_with("0x02f8"));

    // Expected sender: right and wrong.
    let words = [
        "ethereum",
        "recover",
        "--payload",
        payload,
        "--signature",
        &hex_signature,
    ];
    assert_eq!(
        cli(&[&words[..], &["--expect", sender]].concat())
            .await
            .code,
        0
    );
    assert_eq!(cli(&[&words[..], &["--expect", TO]].concat()).await.code, 4);

    // A flipped v gives another sender, a short signature none.
    let mut flipped = signature.clone();
    flipped[64] ^= 1;
    let outcome = recover(format!("0x{}", hex::encode(flipped))).await;
    assert_ne!(outcome.json()["sender"], sender);
    assert_eq!(recover("0x00".into()).await.code, 4);
}

#[tokio::test]
async fn a_tip_is_not_above_the_fee() {
    for (tip, code) in [("30gwei", 0), ("31gwei", 1)] {
        let fees = ["--chain-id", "1", "--max-fee", "30gwei"];
        let outcome = payload(&[&fees[..], &["--max-priority-fee", tip]].concat()).await;
        assert_eq!(outcome.code, code, "{outcome:?}");
        if code == 1 {
            assert_eq!(outcome.error_code(), "bad_value");
        }
    }
}

#[tokio::test]
async fn payloads_that_are_none() {
    let signature = format!("0x{}", "01".repeat(65));
    for payload in ["0x", "0x01c0", "0x02", "0x02c0", "0x02ff"] {
        let words = [
            "ethereum",
            "recover",
            "--payload",
            payload,
            "--signature",
            &signature,
        ];
        let outcome = cli(&[&words[..], &["--json"]].concat()).await;
        assert_eq!(
            (outcome.code, outcome.error_code().as_str()),
            (1, "bad_payload"),
            "{payload}"
        );
    }
}

#[tokio::test]
async fn usage_errors_exit_with_2() {
    for words in [
        &[][..],
        &["nonsense"],
        &["sign"],
        &["program"],
        &["status", "--nonsense"],
    ] {
        let outcome = cli(words).await;
        assert_eq!(outcome.code, 2, "{words:?}");
        assert_eq!(outcome.stdout, "");
        // As all other errors.
        let outcome = cli(&[words, &["--json"]].concat()).await;
        assert_eq!(
            (outcome.code, outcome.error_code().as_str()),
            (2, "usage"),
            "{words:?}"
        );
        let json = outcome.json();
        let message = json["error"]["message"].as_str().unwrap();
        assert!(!message.is_empty() && !message.contains("Usage"), "{json}");
    }
    for words in [
        &["--help"][..],
        &["sign", "--help", "--json"],
        &["--version"],
    ] {
        let outcome = cli(words).await;
        assert_eq!(outcome.code, 0, "{words:?}");
        assert!(serde_json::from_str::<serde_json::Value>(&outcome.stdout).is_err());
    }
}
