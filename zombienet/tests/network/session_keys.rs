//! Session-key calls that somebody makes who should not, or when they should not: too early, too
//! late, twice, or with a key that is none any more. Nothing comes of any, and the honest ones of
//! the nodes themselves go through.

use crate::bad_input::{capitalized, pair};
use codec::Encode;
use network_tests::{Network, Role, Rpc, Validator};
use serde_json::json;
use signing_client::{Account, NetworkState, Phase, SigningClient, Status};
use signing_primitives::{
    announcement_payload, aux_info_confirmation_payload, challenge_answer_payload,
    fault_report_payload, keygen_confirmation_payload, reshare_confirmation_payload, Announcement,
    AuxInfoConfirmation, ChallengeAnswer, Fault, FaultReport, KeygenConfirmation,
    ReshareConfirmation, SessionKeyCall, SignerId, SignerSignature, UnprovableFault,
};
use sp_core::{crypto::AccountId32, ed25519, sr25519, Pair, H256};
use std::time::{Duration, Instant};
use subxt::ext::scale_encode::EncodeAsType;

const INVALID: i64 = 1010;
const UNKNOWN: i64 = 1011;
const BAD_PROOF: &str = "Transaction has a bad signature";
const BAD_SIGNER: &str = "Invalid signing address";
const NOT_EXPECTED: &str = "Transaction call is not expected";
const FUTURE: &str = "Transaction will be valid in the future";
const OUTDATED: &str = "Transaction is outdated";
const NOT_BEGUN: &str = "CannotLookup";

type Call = SessionKeyCall<AccountId32, u32>;

/// Asks one node's pool.
struct Pool {
    rpc: Rpc,
    genesis: H256,
}

impl Pool {
    fn announce(&self, key: &sr25519::Pair, what: &Announcement<u32>) -> Call {
        let payload = announcement_payload(self.genesis, what);
        SessionKeyCall::AnnounceSigner(what.clone(), key.sign(&payload).into())
    }

    fn confirm(&self, key: &sr25519::Pair, what: &KeygenConfirmation) -> Call {
        let payload = keygen_confirmation_payload(self.genesis, what);
        SessionKeyCall::ConfirmKeygen(what.clone(), key.sign(&payload).into())
    }

    /// Submits a call as the runtime itself wraps it.
    async fn refuses(&self, what: &str, call: &Call, code: i64, reason: &str) {
        let function = "SigningApi_session_key_extrinsic";
        let extrinsic = self.rpc.runtime(function, &call.encode()).await;
        match self.rpc.submit(&extrinsic).await {
            Err(error) => assert_eq!((error.code, error.data()), (code, reason), "{what}"),
            Ok(()) => panic!("{what}: the pool took it"),
        }
    }
}

fn id(pair: &sr25519::Pair) -> SignerId {
    pair.public().into()
}

/// The development key of a validator.
fn key_of(validator: &Validator) -> sr25519::Pair {
    pair(&capitalized(&validator.name))
}

/// While a key is made: confirmations of other attempts, of those who have no say, or of nonsense.
pub(crate) async fn in_keygen(network: &Network, client: &SigningClient) {
    let deadline = Instant::now() + Duration::from_secs(120);
    let (chain, attempt) = loop {
        let chain = client.status().await.unwrap();
        if let Phase::Keygen(attempt) = &chain.network.phase {
            let attempt = attempt.clone();
            break (chain, attempt);
        }
        assert!(Instant::now() < deadline, "no key generation begins");
        tokio::time::sleep(Duration::from_millis(300)).await;
    };
    let status = network.status();
    let pool = Pool {
        rpc: Rpc::new(&status.validators[0].rpc),
        genesis: chain.genesis_hash,
    };
    let names: Vec<sr25519::Pair> = status.validators.iter().map(key_of).collect();
    let is_member = |key: &&sr25519::Pair| attempt.members.iter().any(|m| m.party == id(key));
    let member = names.iter().find(is_member).unwrap();
    let other = names.iter().rfind(is_member).unwrap();
    let outsider = names.iter().find(|key| !is_member(key)).unwrap();

    let good = KeygenConfirmation {
        signing_key: id(member),
        attempt: attempt.attempt,
        // Some point: if it were taken, the attempt would fail.
        verifying_key: hex::decode(
            "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
        )
        .unwrap()
        .try_into()
        .unwrap(),
        commitment: H256::repeat_byte(3),
    };
    let with = |change: &dyn Fn(&mut KeygenConfirmation)| {
        let mut changed = good.clone();
        change(&mut changed);
        changed
    };
    let not_begun = with(&|c| c.attempt += 1);
    let before = with(&|c| c.attempt -= 1);
    let foreign = with(&|c| c.signing_key = id(outsider));
    let ferdie = with(&|c| c.signing_key = id(&pair("Ferdie")));
    let no_point = with(&|c| c.verifying_key = [0; 33]);
    let elsewhere = Pool {
        rpc: pool.rpc.clone(),
        genesis: H256::repeat_byte(1),
    };
    for (what, call, code, reason) in [
        (
            "not begun",
            pool.confirm(member, &not_begun),
            UNKNOWN,
            NOT_BEGUN,
        ),
        ("over", pool.confirm(member, &before), INVALID, OUTDATED),
        (
            "no member",
            pool.confirm(outsider, &foreign),
            INVALID,
            BAD_SIGNER,
        ),
        (
            "no validator",
            pool.confirm(&pair("Ferdie"), &ferdie),
            INVALID,
            BAD_SIGNER,
        ),
        (
            "for another",
            pool.confirm(other, &good),
            INVALID,
            BAD_PROOF,
        ),
        (
            "of another chain",
            elsewhere.confirm(member, &good),
            INVALID,
            BAD_PROOF,
        ),
        (
            "no key",
            pool.confirm(member, &no_point),
            INVALID,
            NOT_EXPECTED,
        ),
    ] {
        pool.refuses(&format!("a confirmation, {what}"), &call, code, reason)
            .await;
    }
}

/// When there is a key: confirmations of it, again, and announcements that say nothing new or are
/// not what they seem.
pub(crate) async fn when_active(network: &Network, client: &SigningClient) {
    let status = network.status();
    let chain = client.status().await.unwrap();
    let pool = Pool {
        rpc: Rpc::new(&status.validators[1].rpc),
        genesis: chain.genesis_hash,
    };
    let before = signers(&chain);
    let committee = chain.network.committee.as_ref().unwrap();
    let signer = status.with_role(Role::Signer)[0];
    let key = key_of(signer);

    let confirmation = KeygenConfirmation {
        signing_key: id(&key),
        attempt: committee.attempt,
        verifying_key: chain.network.verifying_key.unwrap(),
        commitment: committee.commitment,
    };
    let twice = pool.confirm(&key, &confirmation);
    pool.refuses("a confirmation, twice", &twice, INVALID, OUTDATED)
        .await;
    let next = KeygenConfirmation {
        attempt: committee.attempt + 1_000,
        ..confirmation
    };
    let next = pool.confirm(&key, &next);
    pool.refuses(
        "a confirmation of an attempt to come, when there is a key",
        &next,
        UNKNOWN,
        NOT_BEGUN,
    )
    .await;

    let known = validator(&chain.network, signer);
    let info = known.signer.clone().unwrap();
    let good = Announcement {
        signing_key: id(&key),
        endpoint: info.endpoint,
        x25519: info.x25519,
        at: chain.best.number,
    };
    let with = |change: &dyn Fn(&mut Announcement<u32>)| {
        let mut changed = good.clone();
        change(&mut changed);
        changed
    };
    let twice = with(&|a| a.at = info.announced_at);
    let future = with(&|a| a.at += 10_000);
    let ferdie = with(&|a| a.signing_key = id(&pair("Ferdie")));
    let stash = pair(&format!("{}//stash", capitalized(&signer.name)));
    let of_stash = with(&|a| a.signing_key = id(&stash));
    let no_endpoint = with(&|a| a.endpoint = b"http://host:80".to_vec().try_into().unwrap());
    let bob = key_of(status.with_role(Role::Signer)[1]);
    for (what, call, code, reason) in [
        ("twice", pool.announce(&key, &twice), INVALID, OUTDATED),
        ("too early", pool.announce(&key, &future), INVALID, FUTURE),
        (
            "no validator",
            pool.announce(&pair("Ferdie"), &ferdie),
            INVALID,
            BAD_SIGNER,
        ),
        (
            "a stash",
            pool.announce(&stash, &of_stash),
            INVALID,
            BAD_SIGNER,
        ),
        (
            "for another",
            pool.announce(&bob, &good),
            INVALID,
            BAD_PROOF,
        ),
        (
            "of no endpoint",
            pool.announce(&key, &no_endpoint),
            INVALID,
            NOT_EXPECTED,
        ),
    ] {
        pool.refuses(&format!("an announcement, {what}"), &call, code, reason)
            .await;
    }
    assert_eq!(signers(&client.status().await.unwrap()), before);
}

/// What the chain knows of signers.
fn signers(chain: &Status) -> Vec<impl PartialEq + std::fmt::Debug> {
    let validators = chain.network.validators.iter();
    let known = validators.map(|known| (known.account.clone(), known.signer.clone()));
    known.collect()
}

fn validator<'a>(state: &'a NetworkState, node: &Validator) -> &'a signing_client::Validator {
    let account: AccountId32 = node.account.as_ref().unwrap().parse().unwrap();
    let mut validators = state.validators.iter();
    validators.find(|known| known.account == account).unwrap()
}

/// A validator's `signing` key that is about to be replaced, or has been.
pub(crate) struct Rotation {
    node: Validator,
    pub(crate) old: sr25519::Pair,
    new: sr25519::Pair,
}

#[derive(EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
struct SetKeys {
    keys: Keys,
    proof: Vec<u8>,
}

#[derive(EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
struct Keys {
    grandpa: [u8; 32],
    babe: [u8; 32],
    authority_discovery: [u8; 32],
    signing: [u8; 32],
}

#[derive(EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
struct Unbond {
    value: u128,
}

#[derive(EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
struct Nothing {}

/// What the pool says to a member that would take its stake or its key out of reach.
const HOLDS_SHARE: &str = "Custom error: 101";

/// A member cannot change its `signing` key, and cannot withdraw its stake, while it holds a share.
pub(crate) async fn a_member_stays(node: &Validator) {
    let rpc = Rpc::new(&node.rpc);
    let stash = Account::from(pair(&format!("{}//stash", capitalized(&node.name))));
    let (_, rotation) = rotation(node).await;
    let unbond = Unbond { value: 1_000 };
    for (what, transaction) in [
        ("another key", rotation),
        (
            "unbond",
            rpc.signed("Staking", "unbond", unbond, &stash).await,
        ),
        (
            "chill",
            rpc.signed("Staking", "chill", Nothing {}, &stash).await,
        ),
        (
            "no keys",
            rpc.signed("Session", "purge_keys", Nothing {}, &stash)
                .await,
        ),
    ] {
        let error = rpc.submit(&transaction).await.unwrap_err();
        assert_eq!((error.code, error.data()), (INVALID, HOLDS_SHARE), "{what}");
    }
}

/// Gives a node that is no member another `signing` key, as its operator would; it counts from the
/// session after the next on.
pub(crate) async fn rotate(node: &Validator) -> Rotation {
    let rpc = Rpc::new(&node.rpc);
    let (rotation, transaction) = rotation(node).await;
    let name = capitalized(&node.name);
    let insert = json!([
        "sign",
        format!("//{name}//rotated"),
        format!("0x{}", hex::encode(rotation.new.public()))
    ]);
    rpc.call("author_insertKey", insert).await.unwrap();
    rpc.submit(&transaction).await.unwrap();
    rotation
}

/// Another `signing` key for a node, and the transaction that sets it.
async fn rotation(node: &Validator) -> (Rotation, Vec<u8>) {
    let name = capitalized(&node.name);
    let (old, new) = (key_of(node), pair(&format!("{name}//rotated")));
    let grandpa = ed25519::Pair::from_string(&format!("//{name}"), None).unwrap();
    let rpc = Rpc::new(&node.rpc);
    let stash = pair(&format!("{name}//stash"));
    // Each key signs for its owner.
    let statement = [&b"POP_"[..], &stash.public().0].concat();
    let proof = (
        grandpa.sign(&statement),
        old.sign(&statement),
        old.sign(&statement),
        new.sign(&statement),
    );
    let arguments = SetKeys {
        keys: Keys {
            grandpa: grandpa.public().0,
            babe: old.public().0,
            authority_discovery: old.public().0,
            signing: new.public().0,
        },
        proof: proof.encode(),
    };
    let stash = Account::from(stash);
    let transaction = rpc.signed("Session", "set_keys", arguments, &stash).await;
    let rotation = Rotation {
        node: node.clone(),
        old,
        new,
    };
    (rotation, transaction)
}

impl Rotation {
    /// Waits until the new key counts.
    pub(crate) async fn done(&self, client: &SigningClient) {
        let deadline = Instant::now() + Duration::from_secs(150);
        loop {
            let chain = client.status().await.unwrap();
            if validator(&chain.network, &self.node).signing_key == id(&self.new) {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "the new session key does not come"
            );
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    /// The old key makes none of the calls that session keys make any more: nobody can say with it where the
    /// signer is, nor what others have done.
    pub(crate) async fn old_key_is_nobodys(&self, client: &SigningClient) {
        let chain = client.status().await.unwrap();
        let before = signers(&chain);
        let (genesis, at) = (chain.genesis_hash, chain.best.number);
        let pool = Pool {
            rpc: Rpc::new(&self.node.rpc),
            genesis,
        };
        let announcement = Announcement {
            signing_key: id(&self.old),
            endpoint: b"192.0.2.1:80".to_vec().try_into().unwrap(),
            x25519: [6; 32],
            at,
        };
        let committee = chain.network.committee.as_ref().unwrap();
        let report = |fault: Fault| FaultReport {
            signing_key: id(&self.old),
            accused: committee.members[0].validator.clone(),
            generation: committee.generation,
            fault,
            at,
        };
        let silent = report(Fault::Unprovable(UnprovableFault::Silent));
        let proven = report(Fault::Provable(Default::default()));
        // In an attempt each is known by the key that it had when it began, so that an attempt that is over
        // is all that can be confirmed here.
        let (attempt, commitment) = (committee.attempt, committee.commitment);
        let keygen = KeygenConfirmation {
            signing_key: id(&self.old),
            attempt,
            verifying_key: chain.network.verifying_key.unwrap(),
            commitment,
        };
        let reshare = ReshareConfirmation {
            signing_key: id(&self.old),
            attempt,
            commitment,
        };
        let aux_info = AuxInfoConfirmation {
            signing_key: id(&self.old),
            attempt,
            commitment,
        };
        let answer = ChallengeAnswer {
            signing_key: id(&self.old),
            deadline: 1,
        };
        let sign = |payload: Vec<u8>| -> SignerSignature { self.old.sign(&payload).into() };
        let signed_silent = sign(fault_report_payload(genesis, &silent));
        let signed_proven = sign(fault_report_payload(genesis, &proven));
        let signed_reshare = sign(reshare_confirmation_payload(genesis, &reshare));
        let signed_aux_info = sign(aux_info_confirmation_payload(genesis, &aux_info));
        let signed_answer = sign(challenge_answer_payload(genesis, &answer));
        for (what, call, reason) in [
            (
                "an announcement",
                pool.announce(&self.old, &announcement),
                BAD_SIGNER,
            ),
            (
                "a report",
                Call::ReportFault(silent, signed_silent),
                BAD_SIGNER,
            ),
            (
                "a proof",
                Call::ReportFault(proven, signed_proven),
                BAD_SIGNER,
            ),
            (
                "a confirmation of the key",
                pool.confirm(&self.old, &keygen),
                OUTDATED,
            ),
            (
                "a confirmation of a hand-over",
                Call::ConfirmReshare(reshare, signed_reshare),
                OUTDATED,
            ),
            (
                "a confirmation of auxiliary information",
                Call::ConfirmAuxInfo(aux_info, signed_aux_info),
                OUTDATED,
            ),
            (
                "an answer to no challenge",
                Call::AnswerChallenge(answer, signed_answer),
                OUTDATED,
            ),
        ] {
            pool.refuses(&format!("{what}, old key"), &call, INVALID, reason)
                .await;
        }
        assert_eq!(signers(&client.status().await.unwrap()), before);
    }

    /// The node whose key it is: where it takes requests.
    pub(crate) fn endpoint(&self) -> &str {
        &self.node.endpoint
    }
}
