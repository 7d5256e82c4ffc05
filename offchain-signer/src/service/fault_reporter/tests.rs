#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use super::*;
use crate::{
    chain::{
        fake::{FakeChain, FakeState},
        SessionKeyCall,
    },
    key_store::{KeyStore, Password, PasswordCost},
    protocol::signing::cheating::evidence,
    service::calls::PATIENCE,
};
use codec::Encode;
use signing_primitives::{fault_report_payload, KEY_TYPE};
use sp_core::{sr25519, Pair, H256};
use sp_keystore::{testing::MemoryKeystore, Keystore, KeystorePtr};
use zeroize::Zeroizing;

const ME: AccountId = AccountId::new([1; 32]);
/// The one that the evidence is about.
const CHEATER: AccountId = AccountId::new([2; 32]);
const ANOTHER: AccountId = AccountId::new([3; 32]);

/// A chain on which all three are members, and a node's disk.
struct World {
    chain: Arc<FakeChain>,
    keystore: KeystorePtr,
    folder: tempfile::TempDir,
}

/// A node's reporter, until it crashes.
struct Node {
    reporter: FaultReporter<FakeChain>,
    observations: Arc<Observations>,
    ledger: Arc<Ledger>,
}

fn another() -> SignerId {
    sr25519::Public::from_raw([7; 32]).into()
}

/// Made on a thread of its own: the evidence comes of a session that blocks.
fn world() -> World {
    std::thread::spawn(World::new).join().unwrap()
}

impl World {
    fn new() -> Self {
        let keystore = MemoryKeystore::new();
        let me = keystore.sr25519_generate_new(KEY_TYPE, None).unwrap();
        let mut state = FakeState::default();
        state.add_validator(ME, me.into(), [1; 32], "a:1");
        state.add_validator(CHEATER, evidence().accused.clone(), [2; 32], "b:1");
        state.add_validator(ANOTHER, another(), [3; 32], "c:1");
        state.activate(3, 2, [2; 33]);
        Self {
            chain: Arc::new(FakeChain::new(state)),
            keystore: Arc::new(keystore),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// A node that starts. Its former self must have let go of the disk.
    fn start(&self) -> Node {
        let (path, password) = (self.folder.path().join("keys"), Password::new("p".into()));
        let cost = PasswordCost::NEXT_TO_NOTHING;
        let store = KeyStore::open_at_cost(path, &password, H256([1; 32]), cost).unwrap();
        let identity = Identity::new(self.keystore.clone(), Zeroizing::new([1; 32]));
        let observations = Arc::new(Observations::default());
        let ledger = Arc::new(Ledger::open(Arc::new(store)));
        Node {
            reporter: FaultReporter::new(
                self.chain.clone(),
                Arc::new(identity),
                observations.clone(),
                ledger.clone(),
            ),
            observations,
            ledger,
        }
    }

    async fn follow(&self, node: &mut Node) {
        let heads = *self.chain.heads().borrow();
        let finalized = self.chain.network_state(heads.finalized.hash).unwrap();
        let best = self.chain.network_state(heads.best.hash).unwrap();
        node.reporter.follow(&heads, &finalized, &best).await;
    }

    /// What has been reported since the last look, oldest first: whom, and what.
    fn reported(&self, seen: &mut usize) -> Vec<Report> {
        let calls = self.chain.submitted();
        let new = calls[*seen..].iter().map(|call| {
            let SessionKeyCall::ReportFault(report, signature) = call else {
                panic!("{call:?}");
            };
            let payload = fault_report_payload(self.chain.genesis_hash(), report);
            let key: &sr25519::Public = report.signing_key.as_ref();
            assert!(sr25519::Pair::verify(signature.as_ref(), payload, key));
            report.clone()
        });
        let new = new.collect();
        *seen = calls.len();
        new
    }

    fn expel(&self, who: AccountId) {
        self.chain.import(|state| {
            let committee = state.network.committee.as_mut().unwrap();
            committee.expelled.try_push(who).unwrap();
        });
    }

    fn answer(&self, answer: Answer) {
        self.chain.import(|state| state.answer = answer);
    }
}

fn case() -> Case {
    Case {
        generation: 1,
        accused: CHEATER,
    }
}

fn proof() -> Fault {
    Fault::Provable(evidence().encode().try_into().unwrap())
}

const MISBEHAVED: Fault = Fault::Unprovable(UnprovableFault::Misbehaved);

#[tokio::test]
async fn a_proof_is_reported_until_it_is_final() {
    let (world, mut seen) = (world(), 0);
    let mut node = world.start();
    node.ledger.prove(case(), evidence());
    node.observations
        .failed(&evidence().accused, UnprovableFault::Misbehaved);
    world.chain.advance(3);
    world.follow(&mut node).await;
    let reported = world.reported(&mut seen);
    // The proof alone, with the generation of the session and the key of now.
    assert_eq!(reported.len(), 1);
    let report = &reported[0];
    assert_eq!((&report.accused, report.generation), (&CHEATER, 1));
    assert_eq!((&report.fault, report.at), (&proof(), 4));

    world.chain.advance(PATIENCE - 1);
    world.follow(&mut node).await;
    assert!(world.reported(&mut seen).is_empty());
    // It did not get into a block.
    world.chain.advance(1);
    world.follow(&mut node).await;
    assert_eq!(world.reported(&mut seen)[0].at, 4 + PATIENCE);

    // It is in a block, and that is not final.
    world.answer(Answer::Settled);
    for _ in 0..PATIENCE {
        world.chain.import(|_| ());
    }
    world.follow(&mut node).await;
    assert_eq!(node.ledger.proofs().len(), 1);
    world.chain.advance(PATIENCE);
    world.follow(&mut node).await;
    assert!(node.ledger.proofs().is_empty());
    drop(node);
    assert!(world.start().ledger.proofs().is_empty());
    assert!(world.reported(&mut seen).is_empty());
}

#[tokio::test]
async fn a_crash_before_or_after_sending_loses_no_proof() {
    let (world, mut seen) = (world(), 0);
    let node = world.start();
    node.ledger.prove(case(), evidence());
    // Right before.
    drop(node);
    let mut node = world.start();
    world.chain.close_pool(true);
    world.follow(&mut node).await;
    assert!(world.reported(&mut seen).is_empty());
    drop(node);
    world.chain.close_pool(false);
    let mut node = world.start();
    world.follow(&mut node).await;
    assert_eq!(world.reported(&mut seen)[0].fault, proof());
    // Right after: what was in the pool is gone.
    drop(node);
    let mut node = world.start();
    world.follow(&mut node).await;
    assert_eq!(world.reported(&mut seen)[0].fault, proof());
}

#[tokio::test]
async fn losing_the_seat_for_another_reason_does_not_settle_a_proof() {
    let (world, mut seen) = (world(), 0);
    let mut node = world.start();
    node.ledger.prove(case(), evidence());
    world.expel(CHEATER);
    world.chain.import(|state| {
        let committee = state.network.committee.as_mut().unwrap();
        committee.generation = 2;
    });
    world.chain.finalize();
    world.follow(&mut node).await;
    let reported = world.reported(&mut seen);
    assert_eq!((&reported[0].fault, reported[0].generation), (&proof(), 1));
}

#[tokio::test]
async fn a_proof_that_the_chain_refuses_leaves_a_word() {
    let (world, mut seen) = (world(), 0);
    let mut node = world.start();
    node.ledger.prove(case(), evidence());
    world.answer(Answer::Refuses);
    // Another fork may think otherwise.
    world.follow(&mut node).await;
    assert_eq!(node.ledger.proofs().len(), 1);
    world.chain.advance(PATIENCE);
    world.follow(&mut node).await;
    assert!(node.ledger.proofs().is_empty());
    world.answer(Answer::Takes);
    world.chain.advance(PATIENCE);
    world.follow(&mut node).await;
    let reported = world.reported(&mut seen);
    assert_eq!((&reported[0].fault, reported.len()), (&MISBEHAVED, 1));
    // The node remembers.
    drop(node);
    let mut node = world.start();
    world.follow(&mut node).await;
    assert_eq!(world.reported(&mut seen)[0].fault, MISBEHAVED);
}

/// Whoever reports what proves nothing is slashed. So nothing that a disk or another version of the
/// program has made goes out.
#[tokio::test]
async fn what_proves_nothing_is_never_sent() {
    let (world, mut seen) = (world(), 0);
    let mut node = world.start();
    let mut altered = evidence().clone();
    altered.subject.digest[0] ^= 1;
    node.ledger.prove(case(), &altered);
    world.follow(&mut node).await;
    let reported = world.reported(&mut seen);
    assert_eq!((&reported[0].fault, reported.len()), (&MISBEHAVED, 1));
    assert!(node.ledger.proofs().is_empty());
}

#[tokio::test]
async fn a_proof_waits_until_its_generation_is_final() {
    let (world, mut seen) = (world(), 0);
    let mut node = world.start();
    let case = Case {
        generation: 2,
        ..case()
    };
    node.ledger.prove(case, evidence());
    world.follow(&mut node).await;
    world.chain.import(|state| {
        let committee = state.network.committee.as_mut().unwrap();
        committee.generation = 2;
    });
    world.follow(&mut node).await;
    assert!(world.reported(&mut seen).is_empty());
    world.chain.finalize();
    world.follow(&mut node).await;
    assert_eq!(world.reported(&mut seen)[0].generation, 2);
}

#[tokio::test]
async fn others_are_reported_while_a_proof_waits() {
    let (world, mut seen) = (world(), 0);
    let mut node = world.start();
    node.ledger.prove(case(), evidence());
    for party in [&evidence().accused, &another()] {
        node.observations.failed(party, UnprovableFault::Misbehaved);
    }
    world.follow(&mut node).await;
    let reported = world.reported(&mut seen);
    let reported: BTreeMap<_, _> = reported
        .into_iter()
        .map(|report| (report.accused, report.fault))
        .collect();
    assert_eq!(reported, [(CHEATER, proof()), (ANOTHER, MISBEHAVED)].into());
}

#[tokio::test]
async fn a_crash_before_or_after_sending_loses_no_word() {
    let (world, mut seen) = (world(), 0);
    let mut node = world.start();
    world.chain.close_pool(true);
    node.observations
        .failed(&another(), UnprovableFault::Misbehaved);
    world.follow(&mut node).await;
    drop(node);
    world.chain.close_pool(false);
    for _ in 0..2 {
        // Made anew: what was signed before may be too old.
        world.chain.advance(30);
        let mut node = world.start();
        world.follow(&mut node).await;
        let reported = world.reported(&mut seen);
        assert_eq!((&reported[0].fault, reported.len()), (&MISBEHAVED, 1));
        assert_eq!(reported[0].at, world.chain.heads().borrow().best.number);
    }
    // It has lost its seat at the best block, which may yet be of no account.
    world.expel(ANOTHER);
    let mut node = world.start();
    world.follow(&mut node).await;
    assert_eq!(node.ledger.suspects().len(), 1);
    world.chain.finalize();
    world.follow(&mut node).await;
    drop(node);
    assert!(world.start().ledger.suspects().is_empty());
    assert!(world.reported(&mut seen).is_empty());
}

#[tokio::test]
async fn silence_is_not_remembered_over_a_restart() {
    let world = world();
    let mut node = world.start();
    node.observations
        .failed(&another(), UnprovableFault::Silent);
    world.follow(&mut node).await;
    drop(node);
    let mut node = world.start();
    world.follow(&mut node).await;
    assert!(node.ledger.suspects().is_empty());
    assert!(world.chain.submitted().is_empty());
}

#[tokio::test]
async fn a_node_that_is_behind_neither_reports_nor_forgets() {
    let (world, mut seen) = (world(), 0);
    let mut node = world.start();
    node.ledger.prove(case(), evidence());
    node.ledger.suspect(
        Case {
            generation: 1,
            accused: ANOTHER,
        },
        &another(),
    );
    world.chain.fall_behind(true);
    world.answer(Answer::Settled);
    world.expel(ANOTHER);
    world.chain.finalize();
    world.follow(&mut node).await;
    assert_eq!(node.ledger.proofs().len(), 1);
    assert_eq!(node.ledger.suspects().len(), 1);
    assert!(world.reported(&mut seen).is_empty());
    world.chain.fall_behind(false);
    world.follow(&mut node).await;
    assert!(node.ledger.proofs().is_empty() && node.ledger.suspects().is_empty());
}
