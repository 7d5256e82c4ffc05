//! Users' requests that must not be signed.

use super::refused;
use crate::request::testing::{
    hashless_program_key, json, program, program_key, registration, World, RELAYER,
};
use signing_primitives::{
    limits::{MAX_AUXILIARY_DATA, MAX_MESSAGE},
    wire::{HashChoice, SignedMessage, UserSignatureRequest},
    Phase,
};

#[tokio::test]
async fn envelopes_that_are_none() {
    let world = World::new();
    let node = world.relayer();
    for body in [
        "",
        "?",
        "{}",
        r#"{"hpke_message":{"ciphertext":"0xz","encapsulation":"0x"}}"#,
    ] {
        let refusal = node.refusal("/user/relay_tx", body.into()).await;
        assert_eq!(refusal, refused(400, "envelope_malformed"), "{body}");
    }
    // For another node; with a short key; cut off.
    let signed = world.signed(&world.request());
    let short = r#"{"hpke_message":{"ciphertext":"0x00","encapsulation":"0x0102"}}"#;
    let cut = r#"{"hpke_message":{"ciphertext":"0x","encapsulation":"0x"#.to_owned()
        + &"07".repeat(32)
        + "\"}}";
    for body in [world.nodes[0].seal(&signed), short.into(), cut.into()] {
        let refusal = node.refusal("/user/relay_tx", body).await;
        assert_eq!(refusal, refused(400, "envelope_undecryptable"));
    }
}

#[tokio::test]
async fn garbage_in_a_good_envelope() {
    let world = World::new();
    let node = world.relayer();
    for plaintext in [&b""[..], b"\xff\x00", b"[]", br#"{"message":"0x"}"#] {
        let refusal = node
            .refusal("/user/relay_tx", node.seal_bytes(plaintext))
            .await;
        assert_eq!(refusal, refused(400, "signed_message_malformed"));
    }
    for message in [&b""[..], b"\xff\x00", b"[]", br#"{"message":"00"}"#] {
        let signed = SignedMessage::sign(message.to_vec(), &world.user);
        let refusal = node.refusal("/user/relay_tx", node.seal(&signed)).await;
        assert_eq!(refusal, refused(400, "request_malformed"));
    }
    // Deeply nested, against the parser's stack.
    let nested = "[".repeat(100_000);
    let refusal = node
        .refusal("/user/relay_tx", node.seal_bytes(nested.as_bytes()))
        .await;
    assert_eq!(refusal, refused(400, "signed_message_malformed"));
}

#[tokio::test]
async fn signatures_of_others() {
    let world = World::new();
    let node = world.relayer();
    let mut other_sender = world.signed(&world.request());
    other_sender.sender = world.nodes[0].listed().tss_account;
    let mut other_message = world.signed(&world.request());
    other_message.message.push(b' ');
    for signed in [other_sender, other_message] {
        let refusal = node.refusal("/user/relay_tx", node.seal(&signed)).await;
        assert_eq!(refusal, refused(401, "signature_invalid"));
    }
    assert!(node.programs.evaluated.lock().unwrap().is_empty());
}

#[tokio::test]
async fn stale_and_future_blocks() {
    let world = World::new();
    let at = |block_number| UserSignatureRequest {
        block_number,
        ..world.request()
    };
    for (block, code) in [
        (0, "block_stale"),
        (79, "block_stale"),
        (121, "block_in_future"),
        (u32::MAX, "block_in_future"),
    ] {
        assert_eq!(
            world.relay_refusal(&at(block)).await,
            refused(400, code),
            "{block}"
        );
    }
    for block in [80, 120] {
        json(world.relay(&at(block)).await);
    }
    // What was fresh goes stale.
    world.chain.advance(1);
    assert_eq!(
        world.relay_refusal(&at(80)).await,
        refused(400, "block_stale")
    );
}

#[tokio::test]
async fn replays() {
    let world = World::new();
    let node = world.relayer();
    let signed = world.signed(&world.request());
    json(node.post("/user/relay_tx", node.seal(&signed)).await);
    // Sealed anew, it is still the same; so it is with another key to answer to.
    let mut again = signed.clone();
    again.receiver_x25519 = Some([1; 32]);
    for replay in [signed.clone(), again] {
        let refusal = node.refusal("/user/relay_tx", node.seal(&replay)).await;
        assert_eq!(refusal, refused(409, "request_replayed"));
    }
    // As long as it is fresh, and then it is not fresh.
    world.chain.advance(20);
    let refusal = node.refusal("/user/relay_tx", node.seal(&signed)).await;
    assert_eq!(refusal, refused(409, "request_replayed"));
    world.chain.advance(1);
    let refusal = node.refusal("/user/relay_tx", node.seal(&signed)).await;
    assert_eq!(refusal, refused(400, "block_stale"));
    // Asking for the same once more is not a replay.
    let later = UserSignatureRequest {
        block_number: 121,
        ..world.request()
    };
    json(world.relay(&later).await);
}

/// A relayer remembers for itself only. Whoever has a signed request can take it to another one, or as
/// a validator to the signers: it gets what the user asked for and the programs grant, and no more.
#[tokio::test]
async fn the_same_signed_request_elsewhere_is_signed_again_but_not_changed() {
    let world = World::new();
    let signed = world.signed(&world.request());
    for relayer in [RELAYER, 4] {
        let node = &world.nodes[relayer];
        json(node.post("/user/relay_tx", node.seal(&signed)).await);
        let refusal = node.refusal("/user/relay_tx", node.seal(&signed)).await;
        assert_eq!(refusal, refused(409, "request_replayed"));
    }
    assert_eq!(world.orders().values().sum::<usize>(), 4, "two of two");

    // A bad relayer makes attempts of its own.
    let signer = &world.nodes[0];
    let attempt = |nonce: usize| {
        let mut sign = world.sign_request(&world.request(), &[0, 1]);
        sign.user_signed_request = Some(signed.clone());
        sign.nonce = Some([nonce as u8; 32]);
        world.relayed(0, RELAYER, &sign)
    };
    world.register(registration(program_key(), &["no"]));
    let refusal = signer.refusal("/user/sign_tx", attempt(100)).await;
    assert_eq!(refusal, refused(403, "program_refused"));
    world.register(registration(program_key(), &["yes"]));
    let made = world.orders().get(&0).copied().unwrap_or(0);
    for nonce in made..8 {
        json(signer.post("/user/sign_tx", attempt(nonce)).await);
    }
    let refusal = signer.refusal("/user/sign_tx", attempt(8)).await;
    assert_eq!(refusal, refused(409, "too_many_attempts"));
    for node in &world.nodes {
        let orders = node.sessions.orders.lock().unwrap();
        let pay = sp_crypto_hashing::keccak_256(b"pay");
        assert!(orders.iter().all(|order| order.digest == pay));
    }

    // It ends with the freshness window.
    world.chain.advance(20);
    let refusal = signer.refusal("/user/sign_tx", attempt(9)).await;
    assert_eq!(refusal, refused(400, "block_stale"));
}

#[tokio::test]
async fn to_a_node_that_does_not_relay() {
    let world = World::new();
    let signed = world.signed(&world.request());
    let signer = &world.nodes[0];
    let refusal = signer.refusal("/user/relay_tx", signer.seal(&signed)).await;
    assert_eq!(refusal, refused(400, "node_is_signer"));

    world.chain.import(|state| {
        state.network.validators.remove(RELAYER);
    });
    // Identities are those of the finalized block.
    json(world.relay(&world.request()).await);
    world.chain.finalize();
    assert_eq!(
        world.relay_refusal(&world.request()).await,
        refused(503, "not_a_validator")
    );
}

#[tokio::test]
async fn to_a_network_that_does_not_sign() {
    let world = World::new();
    // A pause counts at once.
    world.chain.import(|state| state.network.paused = true);
    assert_eq!(
        world.relay_refusal(&world.request()).await,
        refused(503, "network_paused")
    );
    world.chain.import(|state| state.network.paused = false);
    json(world.relay(&world.request()).await);
    world
        .chain
        .import(|state| state.network.phase = Phase::AwaitingSigners);
    world.chain.finalize();
    assert_eq!(
        world.relay_refusal(&world.request()).await,
        refused(503, "network_not_active")
    );
}

#[tokio::test]
async fn keys_that_are_not_registered() {
    let world = World::new();
    let with = |key| UserSignatureRequest {
        signature_verifying_key: key,
        ..world.request()
    };
    assert_eq!(
        world.relay_refusal(&with([5; 33])).await,
        refused(404, "key_not_registered")
    );
    let network = with(world.network_key);
    assert_eq!(
        world.relay_refusal(&network).await,
        refused(400, "key_is_network_key")
    );
    // A registration that ends counts at once.
    let key = world.user_key;
    world.chain.import(|state| {
        state.registrations.remove(&key);
    });
    assert_eq!(
        world.relay_refusal(&world.request()).await,
        refused(404, "key_not_registered")
    );
}

/// On a fork that loses, an attacker has registered the index that is the victim's on the other.
#[tokio::test]
async fn registrations_that_are_not_final() {
    let world = World::new();
    let key = world.user_key;
    let always_yes = registration(program_key(), &["yes"]);
    let unknown = refused(404, "key_not_registered");
    // In the best block only.
    world.chain.import(|state| {
        state.registrations.remove(&key);
    });
    world.chain.finalize();
    world.register(always_yes.clone());
    let sign = world.sign_request(&world.request(), &[0, 1]);
    assert_eq!(world.relay_refusal(&world.request()).await, unknown);
    assert_eq!(world.sign_refusal(&sign).await, unknown);
    // In both, but the final one has another index.
    world.chain.finalize();
    let mut other_index = always_yes.clone();
    other_index.index += 1;
    world.register(other_index);
    assert_eq!(world.relay_refusal(&world.request()).await, unknown);
    assert_eq!(world.sign_refusal(&sign).await, unknown);
    for node in &world.nodes {
        assert!(node.programs.evaluated.lock().unwrap().is_empty());
    }
    // The same, once it is final.
    world.register(always_yes);
    world.chain.finalize();
    json(world.relay(&world.request()).await);
}

#[tokio::test]
async fn registrations_that_are_final_but_have_changed() {
    let world = World::new();
    let key = world.user_key;
    let sign = world.sign_request(&world.request(), &[0, 1]);
    // New programs, such as to revoke somebody's right, count at once.
    world.register(registration(program_key(), &["no"]));
    let refusal = refused(403, "program_refused");
    assert_eq!(world.relay_refusal(&world.request()).await, refusal);
    assert_eq!(world.sign_refusal(&sign).await, refusal);
    // So does the end of a registration.
    world.chain.import(|state| {
        state.registrations.remove(&key);
    });
    let refusal = refused(404, "key_not_registered");
    assert_eq!(world.relay_refusal(&world.request()).await, refusal);
    let again = world.sign_request(&world.request(), &[0, 1]);
    assert_eq!(world.sign_refusal(&again).await, refusal);
    // Whatever is true of it now, a copy is one.
    assert_eq!(
        world.sign_refusal(&sign).await,
        refused(409, "request_replayed")
    );
    assert!(world.orders().is_empty());
}

#[tokio::test]
async fn messages_of_all_lengths() {
    let world = World::new();
    let of = |length| UserSignatureRequest {
        message: vec![7; length],
        ..world.request()
    };
    let refusal = world.relay_refusal(&of(MAX_MESSAGE + 1)).await;
    assert_eq!(refusal, refused(413, "message_too_large"));
    // The longest goes all the way to the signers, through every layer of encoding.
    let mut longest = of(MAX_MESSAGE);
    longest.auxilary_data = Some(vec![Some(vec![7; MAX_AUXILIARY_DATA])]);
    assert_eq!(
        json(world.relay(&longest).await).as_array().unwrap().len(),
        2
    );
    // An empty message is a message.
    json(world.relay(&of(0)).await);
}

#[tokio::test]
async fn auxiliary_data() {
    let world = World::new();
    let with = |auxilary_data| UserSignatureRequest {
        auxilary_data,
        ..world.request()
    };
    for count in [0, 2, 9] {
        let refusal = world.relay_refusal(&with(Some(vec![None; count]))).await;
        assert_eq!(refusal, refused(400, "auxiliary_data_mismatch"), "{count}");
    }
    let long = with(Some(vec![Some(vec![0; MAX_AUXILIARY_DATA + 1])]));
    assert_eq!(
        world.relay_refusal(&long).await,
        refused(413, "auxiliary_data_too_large")
    );
    for good in [None, Some(vec![None]), Some(vec![Some(b"aux".to_vec())])] {
        json(world.relay(&with(good)).await);
    }
    let evaluated = world.relayer().programs.evaluated.lock().unwrap();
    let seen: Vec<_> = evaluated
        .iter()
        .map(|(_, auxiliary)| auxiliary.clone())
        .collect();
    assert_eq!(seen, [None, None, Some(b"aux".to_vec())]);
}

#[tokio::test]
async fn hashes_that_cannot_be() {
    let world = World::new();
    let with = |hash, message: &[u8]| UserSignatureRequest {
        hash,
        message: message.to_vec(),
        ..world.request()
    };
    let sha1 = with(HashChoice::Sha1, b"pay");
    assert_eq!(
        world.relay_refusal(&sha1).await,
        refused(400, "hash_unsupported")
    );
    for length in [0, 31, 33] {
        let identity = with(HashChoice::Identity, &vec![1; length]);
        let refusal = world.relay_refusal(&identity).await;
        assert_eq!(refusal, refused(400, "hash_needs_32_bytes"), "{length}");
    }
    json(world.relay(&with(HashChoice::Identity, &[1; 32])).await);
    for index in [1, u64::MAX] {
        let custom = with(HashChoice::Custom(index), b"pay");
        let refusal = world.relay_refusal(&custom).await;
        assert_eq!(refusal, refused(400, "hash_out_of_range"), "{index}");
    }
    json(world.relay(&with(HashChoice::Custom(0), b"pay")).await);
    world.register(registration(hashless_program_key(), &["yes"]));
    let custom = with(HashChoice::Custom(0), b"another");
    assert_eq!(
        world.relay_refusal(&custom).await,
        refused(400, "hash_not_provided")
    );
    // A hash that no version knows is garbage.
    let unknown =
        br#"{"message":"00","block_number":100,"hash":"md5","signature_verifying_key":[]}"#;
    let signed = SignedMessage::sign(unknown.to_vec(), &world.user);
    let node = world.relayer();
    let refusal = node.refusal("/user/relay_tx", node.seal(&signed)).await;
    assert_eq!(refusal, refused(400, "request_malformed"));
}

#[tokio::test]
async fn programs_that_do_not_say_yes() {
    let world = World::new();
    for (configs, status, code) in [
        (&["no"][..], 403, "program_refused"),
        (&["yes", "no"], 403, "program_refused"),
        (&["loop"], 422, "program_out_of_fuel"),
        // Each alone has enough.
        (&["costly", "costly"], 422, "program_out_of_fuel"),
        (&["panic"], 500, "internal"),
        (&[], 503, "program_unavailable"),
    ] {
        world.register(registration(program_key(), configs));
        let refusal = world.relay_refusal(&world.request()).await;
        assert_eq!(refusal, refused(status, code), "{configs:?}");
    }
    // The program's words reach the user.
    world.register(registration(program_key(), &["no"]));
    let (_, body) = world.relay(&world.request()).await;
    assert!(String::from_utf8(body)
        .unwrap()
        .contains("program 0: not today"));
    assert!(
        world.orders().is_empty(),
        "nothing has been asked of the signers"
    );
    // The node lives on.
    world.register(registration(program_key(), &["costly", "yes"]));
    json(world.relay(&world.request()).await);
}

#[tokio::test]
async fn programs_that_are_not_there() {
    let world = World::new();
    world.chain.import(|state| {
        let mut needy = program(b"x");
        needy.summary.oracle_keys = vec![b"time".to_vec().try_into().unwrap()]
            .try_into()
            .unwrap();
        state.programs.insert(program_key(), needy);
    });
    assert_eq!(
        world.relay_refusal(&world.request()).await,
        refused(503, "program_unavailable")
    );
    world.chain.import(|state| {
        state.programs.remove(&program_key());
    });
    assert_eq!(
        world.relay_refusal(&world.request()).await,
        refused(503, "program_unavailable")
    );
}
