//! The main path: a key, two users, many signatures, a restart of each node, and one of all at once.

use crate::{
    maintenance,
    operations::rolling_restart::restart_every_node,
    place::{state, until, Place},
    users,
};
use network_tests::{Network, Role};
use rand::Rng;
use signing_client::{Account, SignError, SignOptions, Signature, SigningClient, VerifyingKey};
use sp_core::ecdsa;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

const ALLOWED: &str = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
const MIB: u64 = 1 << 20;
/// What a node may keep in memory, bytes.
const MEMORY: u64 = 250_000_000;
/// How long it may take until the signers of nodes that are up are on chain, and final.
const TO_ANNOUNCE: Duration = Duration::from_secs(120);
/// How long it may take until all is prepared for a hand-over.
const TO_PREPARE: Duration = Duration::from_secs(300);

#[tokio::test(flavor = "multi_thread")]
async fn five_validators_make_a_key_and_sign() {
    let network = Network::start().await;
    let begin = Instant::now();
    let client = network.client().await;
    until(
        "all signers have announced themselves",
        TO_ANNOUNCE,
        || async {
            let validators = state(&client).await.validators;
            let announced = validators.iter().all(|one| one.signer.is_some());
            announced.then_some(())
        },
    )
    .await;
    let announced = begin.elapsed();
    let (key, status) = network.wait_for_key(Duration::from_secs(240)).await;
    println!(
        "network key {key}, {:.1} s after the nodes were up, {:.1} s after the last announcement",
        begin.elapsed().as_secs_f64(),
        (begin.elapsed() - announced).as_secs_f64()
    );
    assert_eq!(status.with_role(Role::Signer).len(), 3);
    assert_eq!(status.with_role(Role::Relayer).len(), 2);
    let committee = status.committee.as_ref().unwrap();
    assert_eq!((committee.generation, committee.threshold), (1, 2));
    let members: BTreeSet<&str> = committee.members.iter().map(String::as_str).collect();
    let signers = status.with_role(Role::Signer).into_iter();
    assert_eq!(
        members,
        signers.flat_map(|one| one.account.as_deref()).collect()
    );

    let (alice, bob) = (account("//Alice"), account("//Bob"));
    let guarded = users::register(
        &client,
        &alice,
        "allow-list",
        &format!(r#"{{"allow":["{ALLOWED}"]}}"#),
    )
    .await;
    let bobs = users::requester_only(&client, &bob).await;
    assert_ne!(guarded.verifying_key, bobs.verifying_key);
    serve(&client, bobs.verifying_key, &bob).await;

    // Each program guards its own key.
    let text = SignOptions::new(
        guarded.verifying_key,
        b"no transaction".to_vec(),
        alice.clone(),
    );
    refused(client.sign(&text).await, "program_refused");
    let stranger = SignOptions::new(bobs.verifying_key, b"mine".to_vec(), alice.clone());
    refused(client.sign(&stranger).await, "program_refused");

    let users = [
        (bobs.verifying_key, bob.clone()),
        (guarded.verifying_key, alice),
    ];
    twenty_in_a_row(&client, &users).await;
    identical_requests(&client, bobs.verifying_key, &bob).await;
    // Making it ahead of a hand-over gives way to signing, but not all of the time.
    until("auxiliary information", TO_PREPARE, || async {
        state(&client).await.aux_info.map(|_| ())
    })
    .await;
    eight_at_once(&client, bobs.verifying_key, &bob).await;

    for validator in network.status().validators {
        let resident = validator.resident_memory().unwrap();
        let peak = validator.peak_memory().unwrap();
        println!(
            "{:8} {:4} MiB resident, {:4} MiB at most",
            validator.name,
            resident / MIB,
            peak / MIB
        );
        assert!(
            resident < MEMORY,
            "{} keeps {resident} bytes in memory",
            validator.name
        );
    }

    let place = Place {
        network,
        key,
        user: bob,
        users_key: bobs.verifying_key,
    };
    restart_every_node(&place).await;

    // Everybody goes down at once, and comes back with the same key.
    let network = place.network;
    network.restart_all();
    let (again, _) = network.wait_for_key(Duration::from_secs(60)).await;
    assert_eq!(again, place.key);
    let client = network.client().await;
    everybody_signs(&client, place.users_key, &place.user, 3).await;
    drop(client);
    maintenance::of_a_stopped_node(&network, "alice");
}

/// Waits until the committee serves: its block has to be final, its members connected.
pub(crate) async fn serve(client: &SigningClient, key: VerifyingKey, account: &Account) {
    let deadline = Instant::now() + Duration::from_secs(90);
    loop {
        let options = SignOptions::new(key, nonce().to_vec(), account.clone());
        match client.sign(&options).await {
            Ok(_) => return,
            Err(error) => {
                assert!(Instant::now() < deadline, "not served: {error}");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

/// A transaction of EIP-1559 to the address that is allowed, unsigned.
fn transaction(nonce: u8) -> Vec<u8> {
    let to = ALLOWED.trim_start_matches("0x");
    let head = format!("02f001{nonce:02x}843b9aca008504a817c800825208");
    hex::decode(format!("{head}94{to}880de0b6b3a764000080c0")).unwrap()
}

/// Of two users, each with a program of its own, by turns.
async fn twenty_in_a_row(client: &SigningClient, users: &[(VerifyingKey, Account)]) {
    let mut pairs: BTreeMap<BTreeSet<_>, u32> = BTreeMap::new();
    let mut took = Vec::new();
    for round in 0..5u8 {
        let batch = (0..4u8).map(|number| {
            let (key, account) = &users[usize::from(number) % users.len()];
            let message = transaction(1 + 4 * round + number);
            let options = SignOptions::new(*key, message, account.clone());
            async move {
                let begin = Instant::now();
                (*key, client.sign(&options).await, begin.elapsed())
            }
        });
        for (key, signature, time) in futures::future::join_all(batch).await {
            let signature = signature.unwrap();
            valid(&signature, key);
            *pairs
                .entry(signature.signers.iter().cloned().collect())
                .or_default() += 1;
            took.push(time.as_secs_f64());
        }
    }
    took.sort_by(f64::total_cmp);
    println!(
        "20 signatures, four at a time: median {:.2} s, slowest {:.2} s",
        took[10], took[19]
    );
    println!(
        "signed by {} different pairs: {:?}",
        pairs.len(),
        pairs.values()
    );
    assert!(pairs.len() > 1, "always the same pair");
}

/// The same thing asked for twice at once is signed once and answered twice.
async fn identical_requests(client: &SigningClient, key: VerifyingKey, account: &Account) {
    let options = SignOptions::new(key, b"the same".to_vec(), account.clone());
    let (a, b) = tokio::join!(client.sign(&options), client.sign(&options));
    valid(&a.unwrap(), key);
    valid(&b.unwrap(), key);
}

/// All of so many members sign: none has lost its share.
pub(crate) async fn everybody_signs(
    client: &SigningClient,
    key: VerifyingKey,
    account: &Account,
    members: usize,
) {
    serve(client, key, account).await;
    let mut seen = BTreeSet::new();
    for _ in 0..40 {
        let options = SignOptions::new(key, nonce().to_vec(), account.clone());
        if let Ok(signature) = client.sign(&options).await {
            seen.extend(signature.signers);
        }
        if seen.len() == members {
            return;
        }
    }
    panic!("only {seen:?} sign");
}

async fn eight_at_once(client: &SigningClient, key: VerifyingKey, account: &Account) {
    let begin = Instant::now();
    for _ in 0..2 {
        let batch = (0..4).map(|_| async {
            let options = SignOptions::new(key, nonce().to_vec(), account.clone());
            client.sign(&options).await
        });
        for signature in futures::future::join_all(batch).await {
            valid(&signature.unwrap(), key);
        }
    }
    println!(
        "eight requests, four at once: {:.1} s",
        begin.elapsed().as_secs_f64()
    );
}

fn valid(signature: &Signature, key: VerifyingKey) {
    assert!(signature.verified);
    // Not only in the client's eyes.
    let recovered = ecdsa::Signature::from_raw(signature.to_bytes())
        .recover_prehashed(&signature.digest.unwrap())
        .unwrap();
    assert_eq!(recovered.0, key);
    assert_eq!(signature.verifying_key, key);
    assert_eq!(signature.signers.iter().collect::<BTreeSet<_>>().len(), 2);
}

pub(crate) fn refused(result: Result<Signature, SignError>, code: &str) {
    match result {
        Err(SignError::Refused(error)) => assert_eq!(error.code, code),
        other => panic!("wanted {code}, got {other:?}"),
    }
}

pub(crate) fn account(uri: &str) -> Account {
    Account::from_uri(uri).unwrap()
}

pub(crate) fn nonce() -> [u8; 16] {
    rand::thread_rng().gen()
}
