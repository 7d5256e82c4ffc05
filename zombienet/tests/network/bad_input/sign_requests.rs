//! What relayers send to signers, with `sign_tx`, if one of them has gone bad: the development keys are
//! everybody's.

use super::{capitalized, expect, pair, World};
use crate::session_keys::Rotation;
use network_tests::{ask, envelope, Answer, Ask, Role, Status};
use signing_client::SigningClient;
use signing_primitives::{
    limits::MAX_SIGN_BODY,
    wire::{HashChoice, SignRequest, SignedMessage, UserSignatureRequest, ValidatorInfo},
};
use sp_core::{crypto::AccountId32, sr25519, Pair};

const ROUTE: &str = "/user/sign_tx";

/// Requests that a relayer must not make of signers; returns who makes them.
pub(super) async fn sign_requests(
    world: &World,
    client: &SigningClient,
    status: &Status,
) -> Careless {
    let network = client.status().await.unwrap().network;
    let committee = network.committee.clone().unwrap();
    let info = |party: &[u8]| ValidatorInfo {
        // Lies, which nobody reads.
        x25519_public_key: [6; 32],
        ip_address: "192.0.2.1:1".into(),
        tss_account: AccountId32::try_from(party).unwrap(),
    };
    let members: Vec<ValidatorInfo> = committee
        .members
        .iter()
        .map(|member| info(member.party.as_ref()))
        .collect();
    let own = |node: &str| {
        let account = status
            .validators
            .iter()
            .find(|v| v.url() == node)
            .unwrap()
            .account
            .clone();
        let seat = committee
            .members
            .iter()
            .find(|member| Some(member.validator.to_string()) == account)
            .unwrap();
        info(seat.party.as_ref())
    };
    let me = own(&world.signer);
    let other = members
        .iter()
        .find(|member| **member != me)
        .unwrap()
        .clone();
    let outsider = info(pair("Ferdie").public().as_ref());
    let relayer = pair(&capitalized(&status.with_role(Role::Relayer)[0].name));
    let good = world.good(client).await;
    let sign = |list: Vec<ValidatorInfo>, user: SignedMessage, pair: sr25519::Pair| {
        let order = order(&good, user, list, [3; 32], &pair);
        let node = world.signer.clone();
        async move { send(&node, &order).await }
    };
    let user = good.signed();
    let both = vec![me.clone(), other.clone()];
    let answer = sign(both.clone(), user.clone(), pair("Ferdie")).await;
    expect(answer, 403, "sender_not_validator");
    for (list, code) in [
        (vec![me.clone()], "signer_count_wrong"),
        (members.clone(), "signer_count_wrong"),
        (vec![me.clone(), me.clone()], "signer_duplicate"),
        (vec![me.clone(), outsider], "signer_not_member"),
        (
            members.iter().filter(|m| **m != me).cloned().collect(),
            "signer_list_without_node",
        ),
    ] {
        expect(sign(list, user.clone(), relayer.clone()).await, 400, code);
    }
    // The user never asked for this.
    let another = world.good(client).await.signed();
    expect(
        sign(both.clone(), another, relayer.clone()).await,
        400,
        "user_request_differs",
    );
    // A relayer that asks one signer only: it waits for the other, for a bounded time.
    let answer = sign(both.clone(), user.clone(), relayer.clone()).await;
    expect(answer, 504, "session_timed_out");

    // All that the list says of the signers but their accounts is ignored: with these lies in it they find
    // each other.
    let elsewhere = status.validators.iter().find(|validator| {
        let account = validator.account.as_deref().unwrap();
        let mut members = committee.members.iter();
        members.any(|member| {
            member.validator.to_string() == account && info(member.party.as_ref()) == other
        })
    });
    let careless = Careless {
        pair: relayer,
        signers: both,
        nodes: [world.signer.clone(), elsewhere.unwrap().url()],
    };
    careless.is_served(&world.good(client).await).await;
    careless
}

/// A relayer that passes on whatever users send.
pub(super) struct Careless {
    pair: sr25519::Pair,
    signers: Vec<ValidatorInfo>,
    /// Where these are.
    nodes: [String; 2],
}

impl Careless {
    /// Passes it on to one signer.
    pub(super) async fn relay(&self, world: &World, asked: &Ask, user: SignedMessage) -> Answer {
        send(&world.signer, &self.order(asked, user)).await
    }

    fn order(&self, asked: &Ask, user: SignedMessage) -> Vec<u8> {
        let nonce = rand::random();
        order(asked, user, self.signers.clone(), nonce, &self.pair)
    }

    /// Passes it on to both signers, who sign it; returns what they were sent.
    async fn is_served(&self, asked: &Ask) -> Vec<u8> {
        let order = self.order(asked, asked.signed());
        let sent = self.nodes.iter().map(|node| send(node, &order));
        for answer in futures::future::join_all(sent).await {
            expect(answer, 200, "");
        }
        order
    }
}

/// Encrypts an order for a signer, and sends it there.
async fn send(node: &str, order: &[u8]) -> Answer {
    ask(node, ROUTE, envelope(node, order).await).await
}

/// What is no relayer's request at all.
pub(super) async fn bodies(world: &World, careless: &Careless) {
    let node = &world.signer;
    let garbage = SignedMessage::sign(b"no json either".to_vec(), &careless.pair);
    let garbage = serde_json::to_vec(&garbage).unwrap();
    for (body, status, code) in [
        (b"{".to_vec(), 400, "envelope_malformed"),
        (
            envelope(&world.relayer, b"{}").await,
            400,
            "envelope_undecryptable",
        ),
        (
            envelope(node, b"no json").await,
            400,
            "signed_message_malformed",
        ),
        (envelope(node, &garbage).await, 400, "request_malformed"),
        (vec![b'0'; MAX_SIGN_BODY + 1], 413, "body_too_large"),
    ] {
        expect(ask(node, ROUTE, body).await, status, code);
    }
}

/// What a relayer should not have let through, a signer does not either.
pub(super) async fn contents(world: &World, client: &SigningClient, careless: &Careless) {
    let good = world.good(client).await;
    let block = good.request.block_number;
    let network_key = world.network_key;
    type Change = Box<dyn FnOnce(&mut UserSignatureRequest)>;
    let of_bytes = |length: usize| -> Change {
        Box::new(move |request| {
            request.hash = HashChoice::Identity;
            request.message = vec![7; length];
        })
    };
    let changes: [(Change, u16, &str); 9] = [
        (
            Box::new(move |r| r.block_number = block + 10_000),
            400,
            "block_in_future",
        ),
        (
            Box::new(|r| r.signature_verifying_key = [2; 33]),
            404,
            "key_not_registered",
        ),
        (
            Box::new(move |r| r.signature_verifying_key = network_key),
            400,
            "key_is_network_key",
        ),
        (
            Box::new(|r| r.auxilary_data = Some(vec![None, None])),
            400,
            "auxiliary_data_mismatch",
        ),
        (
            Box::new(|r| r.hash = HashChoice::Sha1),
            400,
            "hash_unsupported",
        ),
        (
            Box::new(|r| r.hash = HashChoice::Custom(1)),
            400,
            "hash_out_of_range",
        ),
        (of_bytes(31), 400, "hash_needs_32_bytes"),
        (of_bytes(33), 400, "hash_needs_32_bytes"),
        (
            Box::new(|r| r.message = vec![0; 1_000_001]),
            413,
            "message_too_large",
        ),
    ];
    for (change, status, code) in changes {
        let asked = good.clone().with(change);
        expect(
            careless.relay(world, &asked, asked.signed()).await,
            status,
            code,
        );
    }
    let mut forged = good.signed();
    forged.sender = pair("Dave").public().into();
    expect(
        careless.relay(world, &good, forged).await,
        401,
        "signature_invalid",
    );
    // The program, which only lets Bob ask, is asked here too.
    let stranger = Ask {
        pair: pair("Dave"),
        ..good
    };
    let answer = careless.relay(world, &stranger, stranger.signed()).await;
    expect(answer, 403, "program_refused");

    // What is allowed, at its very edge; and only once.
    let empty = world.good(client).await;
    let empty = empty.with(|request| request.message = Vec::new());
    let order = careless.is_served(&empty).await;
    for node in &careless.nodes {
        expect(send(node, &order).await, 409, "request_replayed");
    }
}

/// What a relayer that holds this key sends to signers, before it is encrypted.
fn order(
    asked: &Ask,
    user: SignedMessage,
    signers: Vec<ValidatorInfo>,
    nonce: [u8; 32],
    relayer: &sr25519::Pair,
) -> Vec<u8> {
    let request = SignRequest {
        user_signature_request: asked.request.clone(),
        validators_info: signers,
        user_signed_request: Some(user),
        nonce: Some(nonce),
        generation: None,
    };
    let signed = SignedMessage::sign(serde_json::to_vec(&request).unwrap(), relayer);
    serde_json::to_vec(&signed).unwrap()
}

/// A key that was a validator's is nobody's.
pub(super) async fn old_key_relays_nothing(
    world: &World,
    client: &SigningClient,
    rotation: &Rotation,
) {
    let good = world.good(client).await;
    let order = order(&good, good.signed(), Vec::new(), [3; 32], &rotation.old);
    let answer = send(&world.signer, &order).await;
    expect(answer, 403, "sender_not_validator");
}
