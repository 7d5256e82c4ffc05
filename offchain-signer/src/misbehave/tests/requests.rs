//! Requests: how they are answered, and what a relayer does with them.

use super::*;
use crate::request::{
    recovers_to,
    testing::{program, program_key, registration, FakePrograms, Node, Wire, World, RELAYER},
    AskError, ProgramFailure, ProgramInput, SignerReply,
};
use async_trait::async_trait;
use axum::http::StatusCode;
use signing_primitives::wire::SignatureAnswer;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::time::{timeout, Instant};

/// The network, in which this node misbehaves.
fn world(index: usize, ways: &[&str]) -> World {
    let mut world = World::new();
    let router = conduct(ways).router(world.nodes[index].router.clone());
    world.nodes[index].router = router.clone();
    world.rewire(index, Wire::Node(router));
    world
}

async fn answers(node: &Node, world: &World) -> Vec<SignatureAnswer> {
    let request = world.request();
    let body = node.seal(&world.signed(&request));
    let (status, body) = node.post("/user/relay_tx", body).await;
    assert_eq!(status, StatusCode::OK, "{}", String::from_utf8_lossy(&body));
    serde_json::from_slice(&body).unwrap()
}

#[tokio::test]
async fn a_signer_that_refuses_is_worked_round() {
    let world = world(0, &["refuse-requests"]);
    let request = world.sign_request(&world.request(), &[0, 1]);
    assert_eq!(world.sign_refusal(&request).await, (503, "busy".into()));
    assert_eq!(answers(world.relayer(), &world).await.len(), 2);
    assert!(!world.orders().contains_key(&0));
}

#[tokio::test(start_paused = true)]
async fn a_slow_signer_keeps_its_answers_back() {
    let world = world(RELAYER, &["slow=4"]);
    let start = Instant::now();
    answers(world.relayer(), &world).await;
    assert!(start.elapsed() >= Duration::from_secs(4));
}

#[tokio::test]
async fn users_notice_wrong_signatures_by_the_key_and_by_the_signers_words() {
    let world = world(RELAYER, &["lying-relayer=wrong-signature"]);
    let answers = answers(world.relayer(), &world).await;
    assert_eq!(answers.len(), 2);
    let digest = sp_crypto_hashing::keccak_256(b"pay");
    for answer in answers {
        assert!(!recovers_to(&answer.signature, &digest, &world.user_key));
        assert!(!world.nodes.iter().any(|node| answer.is_by(&node.party())));
    }
}

/// Counts who is asked.
#[derive(Default)]
struct Counting(AtomicUsize);

#[async_trait]
impl AskSigner for Counting {
    async fn ask(&self, _: &str, _: Vec<u8>) -> Result<SignerReply, AskError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Err(AskError::TooLong)
    }
}

#[tokio::test(start_paused = true)]
async fn some_signers_are_not_asked() {
    let counting = Arc::new(Counting::default());
    let signers = conduct(&["lying-relayer=ask-some"]).signers(counting.clone());
    let hour = Duration::from_secs(3600);
    let mut unanswered = 0;
    for _ in 0..4 {
        if timeout(hour, signers.ask("host:1", Vec::new()))
            .await
            .is_err()
        {
            unanswered += 1;
        }
    }
    assert_eq!((counting.0.load(Ordering::Relaxed), unanswered), (2, 2));
}

#[test]
fn a_credulous_relayer_takes_no_for_yes() {
    let programs: Arc<dyn EvaluateProgram> = Arc::new(FakePrograms::default());
    let requester = AccountId::new([1; 32]);
    let refused = ProgramInput {
        message: b"pay",
        auxiliary_data: None,
        config: b"no",
        requester: &requester,
    };
    let ask = |programs: &Arc<dyn EvaluateProgram>| {
        programs.evaluate(program_key(), &program(b"x"), &mut 1, refused)
    };
    assert!(matches!(ask(&programs), Err(ProgramFailure::Refused(_))));
    let credulous = conduct(&["lying-relayer=ask-refused"]).programs_for_relaying(&programs);
    assert_eq!(ask(&credulous.unwrap()), Ok(()));
    assert!(conduct(&[]).programs_for_relaying(&programs).is_none());
}

/// Whatever the relayer takes the answer for: each signer asks the programs itself.
#[tokio::test]
async fn signers_refuse_what_a_credulous_relayer_asks_for() {
    let world = World::new();
    world.register(registration(program_key(), &["no"]));
    let request = world.sign_request(&world.request(), &[0, 1]);
    let (status, code) = world.sign_refusal(&request).await;
    assert_eq!((status, code.as_str()), (403, "program_refused"));
    assert!(world.orders().is_empty());
}
