//! Whatever users, relayers and strangers send to a running signer, it answers with the named
//! error, and goes on serving. `docs/http-api.md` has the table of answers.

mod sign_requests;

use self::sign_requests::{bodies, contents, old_key_relays_nothing, sign_requests, Careless};
use crate::{
    chain_refusals, hostile,
    key_stores::{self, Opened},
    place::{set_parameters, state, until},
    secrets, session_keys,
    signing::{account, nonce, refused, serve},
    users, ws,
};
use network_tests::{ask, envelope, relay, Answer, Ask, Network, Role, Rpc};
use signing_client::{Account, SignOptions, SigningClient, VerifyingKey};
use signing_primitives::wire::{HashChoice, SignedMessage};
use sp_core::{sr25519, Pair};
use std::time::Duration;
use tokio::time::timeout;

/// How long it may take until a program is refused. All its fuel lasts for half a second (docs/programs.md);
/// the rest is for a machine with much else to do.
const TO_REFUSE: Duration = Duration::from_secs(20);

/// The nodes' logs are at their most talkative, and all that goes to signers and from them is
/// recorded: in the end no secret may be in any of it.
#[tokio::test(flavor = "multi_thread")]
async fn bad_input_gets_the_named_answer() {
    let network = Network::start_recorded().await;
    let client = network.client().await;
    session_keys::in_keygen(&network, &client).await;
    let (key, status) = network.wait_for_key(Duration::from_secs(240)).await;
    let bob = account("//Bob");
    let registered = users::requester_only(&client, &bob).await;
    serve(&client, registered.verifying_key, &bob).await;
    let genesis = client.status().await.unwrap().genesis_hash;
    let nodes = status.validators.iter();
    let at_first: Vec<Opened> = nodes
        .map(|node| key_stores::open(&network, &node.name, genesis))
        .collect();
    let world = World {
        relayer: status.with_role(Role::Relayer)[0].url(),
        signer: status.with_role(Role::Signer)[0].url(),
        network_key: hex::decode(key.trim_start_matches("0x"))
            .unwrap()
            .try_into()
            .unwrap(),
        key: registered.verifying_key,
        pair: pair("Bob"),
    };
    let rotation = session_keys::rotate(status.with_role(Role::Relayer)[1]).await;

    session_keys::a_member_stays(status.with_role(Role::Signer)[0]).await;
    session_keys::when_active(&network, &client).await;
    chain_refusals::refusals(&status, &client, &registered).await;
    envelopes(&world, &client).await;
    requests(&world, &client).await;
    let careless = sign_requests(&world, &client, &status).await;
    bodies(&world, &careless).await;
    contents(&world, &client, &careless).await;
    hostile_programs(&network, &client, &world, &careless).await;
    // Before the attacks, which may cost a signer its seat.
    stale(&world, &client, &careless).await;
    ws::attacks(&network, &client, &world).await;
    nothing_is_left_open(&network).await;
    rotation.done(&client).await;
    too_many(&world, &client, &Rpc::new(&status.validators[0].rpc)).await;
    rotation.old_key_is_nobodys(&client).await;
    old_key_relays_nothing(&world, &client, &rotation).await;
    nothing_is_left_open(&network).await;

    // Nobody has died of it, and nothing is in the way of an honest user.
    for validator in network.status().validators {
        assert!(validator.pid.is_some(), "{} has died", validator.name);
    }
    let message: [u8; 32] = rand::random();
    let mut options = SignOptions::new(world.key, message.to_vec(), bob);
    options.relayer = Some(rotation.endpoint().into());
    let signature = client.sign(&options).await.unwrap();

    let pages = network.pages().await;
    network.stop();
    let told = secrets::Told {
        genesis,
        at_first: &at_first,
        network_key: world.network_key,
        user: &registered,
        message: &message,
        signature: &signature,
        pages: &pages,
    };
    secrets::none_has_left(&network, &told);
}

/// What the attacks are made with.
pub(crate) struct World {
    relayer: String,
    signer: String,
    network_key: VerifyingKey,
    pub(crate) key: VerifyingKey,
    pair: sr25519::Pair,
}

impl World {
    /// A good request, never sent before.
    async fn good(&self, client: &SigningClient) -> Ask {
        let best = client.status().await.unwrap().best.number;
        Ask::new(nonce().to_vec(), self.key, best, self.pair.clone())
    }

    /// The user.
    pub(crate) fn account(&self) -> Account {
        self.pair.clone().into()
    }
}

pub(crate) fn pair(name: &str) -> sr25519::Pair {
    sr25519::Pair::from_string(&format!("//{name}"), None).unwrap()
}

#[track_caller]
fn expect(answer: Answer, status: u16, code: &str) {
    assert_eq!(
        answer,
        Answer {
            status,
            code: code.into()
        }
    );
}

async fn envelopes(world: &World, client: &SigningClient) {
    let node = &world.relayer;
    let route = "/user/relay_tx";
    expect(
        ask(node, route, b"{".to_vec()).await,
        400,
        "envelope_malformed",
    );
    let for_another = envelope(&world.signer, b"{}").await;
    expect(
        ask(node, route, for_another).await,
        400,
        "envelope_undecryptable",
    );
    expect(
        relay(node, b"no json").await,
        400,
        "signed_message_malformed",
    );
    let too_long = vec![b'0'; 9_000_000];
    expect(ask(node, route, too_long).await, 413, "body_too_large");

    let garbage = SignedMessage::sign(b"no json either".to_vec(), &world.pair);
    expect(
        relay(node, &serde_json::to_vec(&garbage).unwrap()).await,
        400,
        "request_malformed",
    );
    let mut forged = world.good(client).await.signed();
    forged.sender = pair("Dave").public().into();
    expect(
        relay(node, &serde_json::to_vec(&forged).unwrap()).await,
        401,
        "signature_invalid",
    );
}

async fn requests(world: &World, client: &SigningClient) {
    let node = &world.relayer;
    let good = world.good(client).await;
    let block = good.request.block_number;

    expect(
        good.clone().relay(&world.signer).await,
        400,
        "node_is_signer",
    );
    let future = good
        .clone()
        .with(|request| request.block_number = block + 10_000);
    expect(future.relay(node).await, 400, "block_in_future");
    let unknown = good
        .clone()
        .with(|request| request.signature_verifying_key = [2; 33]);
    expect(unknown.relay(node).await, 404, "key_not_registered");
    let parent = good
        .clone()
        .with(|request| request.signature_verifying_key = world.network_key);
    expect(parent.relay(node).await, 400, "key_is_network_key");
    let data = good
        .clone()
        .with(|request| request.auxilary_data = Some(vec![None, None]));
    expect(data.relay(node).await, 400, "auxiliary_data_mismatch");
    for (hash, code) in [
        (HashChoice::Sha1, "hash_unsupported"),
        (HashChoice::Custom(1), "hash_out_of_range"),
        (HashChoice::Custom(0), "hash_not_provided"),
        (HashChoice::Identity, "hash_needs_32_bytes"),
    ] {
        expect(
            good.clone()
                .with(|request| request.hash = hash)
                .relay(node)
                .await,
            400,
            code,
        );
    }
    for length in [31, 33] {
        let identity = good.clone().with(|request| {
            request.hash = HashChoice::Identity;
            request.message = vec![7; length];
        });
        expect(identity.relay(node).await, 400, "hash_needs_32_bytes");
    }
    let too_long = good
        .clone()
        .with(|request| request.message = vec![0; 1_000_001]);
    expect(too_long.relay(node).await, 413, "message_too_large");

    // What is allowed, at its very edges.
    for message in [Vec::new(), vec![9; 1_000_000]] {
        let edge = world
            .good(client)
            .await
            .with(|request| request.message = message);
        expect(edge.relay(node).await, 200, "");
    }
    let digest = world.good(client).await.with(|request| {
        request.hash = HashChoice::Identity;
        request.message = vec![5; 32];
    });
    expect(digest.relay(node).await, 200, "");

    let once = serde_json::to_vec(&world.good(client).await.signed()).unwrap();
    expect(relay(node, &once).await, 200, "");
    expect(relay(node, &once).await, 409, "request_replayed");
}

/// A request that names a block from before those that count. So many there are only after a while.
async fn stale(world: &World, client: &SigningClient, careless: &Careless) {
    let window = client.status().await.unwrap();
    let window = window.network.parameters.freshness_window;
    // The node's best block may be some behind the one that was asked for.
    let behind = 5;
    let good = loop {
        let good = world.good(client).await;
        if good.request.block_number > window + behind {
            break good;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    };
    let stale = good.with(|request| request.block_number -= window + behind);
    expect(stale.relay(&world.relayer).await, 400, "block_stale");
    let passed_on = careless.relay(world, &stale, stale.signed()).await;
    expect(passed_on, 400, "block_stale");
}

/// More requests for a key than it may have in a block.
async fn too_many(world: &World, client: &SigningClient, rpc: &Rpc) {
    let set = |limit: u32| async move {
        set_parameters(client, rpc, |parameters| parameters.request_limit = limit).await;
        let is_set = || async {
            let now = state(client).await.parameters.request_limit;
            (now == limit).then_some(())
        };
        until("the request limit is set", Duration::from_secs(60), is_set).await;
    };
    let before = state(client).await.parameters;
    set(1).await;
    let good = world.good(client).await;
    let requests = (0..4u8).map(|number| {
        let request = good.clone().with(|request| request.message = vec![number]);
        async move { request.relay(&world.relayer).await }
    });
    let mut answers: Vec<u16> = Vec::new();
    for answer in futures::future::join_all(requests).await {
        match answer.status {
            200 => expect(answer.clone(), 200, ""),
            _ => expect(answer.clone(), 429, "rate_limited"),
        }
        answers.push(answer.status);
    }
    // They may have come in two blocks.
    assert!(
        answers.contains(&200) && answers.contains(&429),
        "{answers:?}"
    );
    set(before.request_limit).await;
}

/// Whatever strangers began is over.
async fn nothing_is_left_open(network: &Network) {
    for validator in network.status().validators {
        until("no session is open", Duration::from_secs(60), || async {
            let metrics = network.metrics(&validator.name).await;
            let begin = |name: &'static str| move |line: &&str| line.starts_with(name);
            let requests = metrics.lines().filter(begin("signing_requests_in_work{"));
            let sessions = metrics.lines().filter(begin("signing_sessions_open{"));
            let sessions = sessions.filter(|line| line.contains(r#"kind="signing""#));
            // Every series is there from the start: those of a relayer's requests and of a signer's, and that
            // of sessions. Without them this would look at nothing.
            let counts = (requests.clone().count(), sessions.clone().count());
            assert_eq!(counts, (2, 1), "{}: {metrics}", validator.name);
            let idle = requests.chain(sessions).all(|line| line.ends_with(" 0"));
            idle.then_some(())
        })
        .await;
    }
}

/// They are run where the user asks, and where a relayer passes them on without a look.
async fn hostile_programs(
    network: &Network,
    client: &SigningClient,
    world: &World,
    careless: &Careless,
) {
    let charlie = account("//Charlie");
    let mut users = Vec::new();
    for (name, module, code) in hostile::modules() {
        let user = users::register_module(client, &charlie, module, "").await;
        users.push((name, user.verifying_key, code));
    }
    finality(client).await;
    for (name, key, code) in users {
        let options = SignOptions::new(key, nonce().to_vec(), charlie.clone());
        println!("a program that {name}");
        let answer = timeout(TO_REFUSE, client.sign(&options)).await;
        refused(answer.unwrap(), code);
        let block = client.status().await.unwrap().best.number;
        let asked = Ask::new(nonce().to_vec(), key, block, pair("Charlie"));
        let passed_on = careless.relay(world, &asked, asked.signed());
        let answer = timeout(TO_REFUSE, passed_on).await;
        expect(answer.unwrap(), 422, code);
    }
    for validator in network.status().validators {
        assert!(validator.pid.is_some(), "{} has died", validator.name);
    }
}

/// Waits until what is in a block now is final.
async fn finality(client: &SigningClient) {
    let now = client.status().await.unwrap().best.number;
    while client.status().await.unwrap().finalized.number < now {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

pub(crate) fn capitalized(name: &str) -> String {
    let (first, rest) = name.split_at(1);
    first.to_uppercase() + rest
}
