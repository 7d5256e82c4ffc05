//! Five nodes in one process, from one generation to the next: real shares, real key stores and real
//! protocols, over a mesh and a chain in memory.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod aux_info;
mod cheating;
mod crashes;
mod framing;
mod hand_over;
mod held_up;
mod misbehaviour;
mod tracing;

use super::{attempt::Node, committee_signer::CommitteeSigner, duties::Duties, shares::Shares};
use crate::{
    chain::{
        fake::{FakeChain, FakeState},
        AccountId, Committee, SessionKeyCall, SignerId, WatchChain,
    },
    conduct::Conduct,
    faults::{Ledger, Observations},
    identity::Identity,
    key_store::{KeyStore, KeyStoreError, Password, PasswordCost},
    protocol::{
        test_network::{committee, prepared, PREPARED_BY},
        KeyMaterial, RecoverableSignature,
    },
    request::{RunSigning, SigningFailure, SigningOrder},
    sessions::memory::Net,
};
use signing_primitives::{AuxInfoSet, CommitteeMember, Phase, ReshareAttempt, KEY_TYPE};
use sp_core::H256;
use sp_keystore::{testing::MemoryKeystore, Keystore, KeystorePtr};
use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

/// The attempt that made generation 1, and the one that makes generation 2.
const FIRST: u32 = 5;
const SECOND: u32 = 7;
const INDEX: u32 = 3;

/// The validators, of whom three have shares of generation 1, and all have auxiliary information.
struct World {
    chain: Arc<FakeChain>,
    net: Net,
    folder: tempfile::TempDir,
    keystores: Vec<KeystorePtr>,
    members: Vec<CommitteeMember<AccountId>>,
    /// Those of generation 1, and those without a share.
    old: Vec<usize>,
    fresh: Vec<usize>,
}

/// A node that runs, until it is dropped.
struct Running {
    key_store: Arc<KeyStore>,
    shares: Arc<Shares>,
    signer: Arc<CommitteeSigner>,
    ledger: Arc<Ledger>,
    observations: Arc<Observations>,
    duties: JoinHandle<()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.duties.abort();
    }
}

fn keystore_of(party: &SignerId) -> KeystorePtr {
    let found = (0..5).find_map(|index| {
        let keystore = MemoryKeystore::new();
        let key = keystore
            .sr25519_generate_new(KEY_TYPE, Some(&format!("//{index}")))
            .unwrap();
        (SignerId::from(key) == *party).then_some(keystore)
    });
    Arc::new(found.unwrap())
}

fn materials() -> BTreeMap<SignerId, &'static KeyMaterial> {
    let materials = committee().1.iter();
    materials
        .map(|material| (material.owner().signer_id().clone(), material))
        .collect()
}

impl World {
    /// Generation 1 is in force, and its shares are in the key stores: pending, as a key generation
    /// leaves them.
    fn new() -> Self {
        let members: Vec<_> = (0..5u8)
            .map(|index| CommitteeMember {
                validator: AccountId::new([0x50 + index; 32]),
                party: prepared().0.party(index.into()).into(),
            })
            .collect();
        let materials = materials();
        let is_old = |index: &usize| materials.contains_key(&members[*index].party);
        let (old, fresh): (Vec<_>, Vec<_>) = (0..5).partition(is_old);
        let mut state = FakeState::default();
        for member in &members {
            state.add_validator(
                member.validator.clone(),
                member.party.clone(),
                [1; 32],
                "host:1",
            );
        }
        let first = committee().1[0].commitment();
        state.network.committee = Some(Committee {
            generation: 1,
            attempt: FIRST,
            members: pick(&members, &old).try_into().unwrap(),
            threshold: 2,
            commitment: first,
            expelled: Default::default(),
        });
        state.network.phase = Phase::Active;
        state.network.verifying_key = Some(committee().1[0].verifying_key());
        state.network.aux_info = Some(AuxInfoSet {
            attempt: PREPARED_BY,
            parties: members.clone().try_into().unwrap(),
            commitment: prepared().1[0].commitment(),
        });
        let world = Self {
            chain: Arc::new(FakeChain::new(state)),
            net: Net::default(),
            folder: tempfile::tempdir().unwrap(),
            keystores: members
                .iter()
                .map(|member| keystore_of(&member.party))
                .collect(),
            members,
            old,
            fresh,
        };
        for index in 0..5 {
            let store = world.open(index).unwrap();
            store.put_aux_info(&prepared().1[index]).unwrap();
            if let Some(material) = materials.get(&world.members[index].party) {
                store.put_pending(material).unwrap();
            }
        }
        world
    }

    fn path(&self, index: usize) -> PathBuf {
        self.folder.path().join(format!("{index}.redb"))
    }

    fn open(&self, index: usize) -> Result<KeyStore, KeyStoreError> {
        let password = Password::new("p".into());
        let genesis = self.chain.genesis_hash();
        let cost = PasswordCost::NEXT_TO_NOTHING;
        KeyStore::open_at_cost(self.path(index), &password, genesis, cost)
    }

    /// Starts a node: waits for its former self to let go of the key store.
    async fn start(&self, index: usize) -> Running {
        self.start_as(index, Conduct::default()).await
    }

    /// As [`Self::start`], a node that conducts itself so.
    async fn start_as(&self, index: usize, conduct: Conduct) -> Running {
        let key_store = loop {
            match self.open(index) {
                Err(KeyStoreError::Locked { .. }) => tokio::task::yield_now().await,
                opened => break opened.unwrap(),
            }
        };
        let keystore = self.keystores[index].clone();
        let conduct = conduct.with_keystore(&keystore);
        let key_store = Arc::new(key_store.with_conduct(conduct.clone()));
        let sessions = self.net.join(self.members[index].validator.clone());
        let sessions = sessions.with_conduct(conduct);
        let shares = Arc::new(Shares::default());
        let observations = Arc::new(Observations::default());
        let ledger = Arc::new(Ledger::open(key_store.clone()));
        let node = Node {
            chain: self.chain.clone(),
            identity: Arc::new(Identity::new(keystore.clone(), Zeroizing::new([1; 32]))),
            keystore: keystore.clone(),
            key_store: key_store.clone(),
            sessions: sessions.clone(),
            observations: observations.clone(),
        };
        let duties = Duties::new(node, shares.clone());
        let signer = CommitteeSigner::new(
            self.chain.genesis_hash(),
            keystore,
            sessions,
            shares.clone(),
            observations.clone(),
            ledger.clone(),
        );
        Running {
            key_store,
            shares,
            signer: Arc::new(signer),
            ledger,
            observations,
            duties: tokio::spawn(run(self.chain.clone(), duties)),
        }
    }

    async fn start_all(&self) -> Vec<Running> {
        let mut nodes = Vec::new();
        for index in 0..5 {
            nodes.push(self.start(index).await);
        }
        nodes
    }

    /// The hand-over that the tests are about: one old member leaves and hands over, one stays, one
    /// joins.
    fn next_members(&self) -> Vec<usize> {
        let mut members = vec![self.old[1], self.old[2], self.fresh[0]];
        members.sort();
        members
    }

    /// The chain decides on it.
    fn begin_hand_over(&self) {
        let attempt = ReshareAttempt {
            attempt: SECOND,
            generation: 2,
            old_holders: pick(&self.members, &self.old[..2]).try_into().unwrap(),
            members: pick(&self.members, &self.next_members())
                .try_into()
                .unwrap(),
            threshold: 2,
            aux_info: Some(PREPARED_BY),
            confirmed: Default::default(),
            commitment: None,
            deadline: 1000,
        };
        self.chain
            .import(|state| state.network.phase = Phase::Resharing(attempt));
        self.chain.finalize();
    }

    /// What the new members have confirmed, by node.
    fn confirmed(&self) -> BTreeMap<usize, H256> {
        let mut confirmed = BTreeMap::new();
        for call in self.chain.submitted() {
            let SessionKeyCall::ConfirmReshare(confirmation, _) = call else {
                panic!("{call:?}");
            };
            assert_eq!(confirmation.attempt, SECOND);
            let by = |member: &CommitteeMember<AccountId>| member.party == confirmation.signing_key;
            let node = self.members.iter().position(by).unwrap();
            let before = confirmed.insert(node, confirmation.commitment);
            assert!(before.is_none_or(|before| before == confirmation.commitment));
        }
        confirmed
    }

    /// The chain puts generation 2 in force, at the best block.
    fn activate(&self) {
        let confirmed = self.confirmed();
        assert!(confirmed.keys().eq(&self.next_members()));
        let commitment = *confirmed.values().next().unwrap();
        assert!(confirmed.values().all(|each| *each == commitment));
        let members = pick(&self.members, &self.next_members());
        self.chain.import(|state| {
            state.network.phase = Phase::Active;
            state.network.committee = Some(Committee {
                generation: 2,
                attempt: SECOND,
                members: members.try_into().unwrap(),
                threshold: 2,
                commitment,
                expelled: Default::default(),
            });
        });
    }

    /// What one of two nodes is asked to sign.
    fn order(&self, me: usize, nodes: [usize; 2], generation: u32, number: u32) -> SigningOrder {
        let mut digest = [7; 32];
        digest[..4].copy_from_slice(&number.to_be_bytes());
        let network_key = committee().1[0].verifying_key();
        SigningOrder {
            trace: Default::default(),
            verifying_key: signing_primitives::derive_child_key(&network_key, INDEX).unwrap(),
            network_key,
            registration_index: INDEX,
            digest,
            request_id: digest,
            relayer: self.members[self.fresh[1]].party.clone(),
            me: self.members[me].party.clone(),
            participants: nodes.map(|node| self.members[node].party.clone()).into(),
            generation,
        }
    }

    /// Two nodes sign with their shares of a generation, and the signature is the child key's.
    async fn sign(&self, nodes: [(usize, Arc<CommitteeSigner>); 2], generation: u32, number: u32) {
        let pair = [nodes[0].0, nodes[1].0];
        let order = |me| self.order(me, pair, generation, number);
        let (expected, digest) = (order(pair[0]).verifying_key, order(pair[0]).digest);
        let [(a, one), (b, other)] = &nodes;
        let (one, other) = tokio::join!(one.sign(order(*a)), other.sign(order(*b)));
        let (one, other) = (one.unwrap(), other.unwrap());
        assert_eq!(one, other);
        assert_eq!(RecoverableSignature(one).recover(&digest), Some(expected));
    }

    async fn sign_with(&self, running: &[Running], nodes: [usize; 2], generation: u32) {
        let nodes = nodes.map(|node| (node, running[node].signer.clone()));
        self.sign(nodes, generation, generation).await;
    }
}

/// Made on a thread of its own: a key generation in memory blocks.
fn world() -> World {
    std::thread::spawn(World::new).join().unwrap()
}

fn pick(members: &[CommitteeMember<AccountId>], of: &[usize]) -> Vec<CommitteeMember<AccountId>> {
    let mut picked: Vec<_> = of.iter().map(|index| members[*index].clone()).collect();
    picked.sort_by(|a, b| a.party.cmp(&b.party));
    picked
}

/// What the service does with its duties.
async fn run(chain: Arc<FakeChain>, mut duties: Duties<FakeChain>) {
    let mut heads = chain.heads();
    loop {
        let now = *heads.borrow_and_update();
        let finalized = chain.network_state(now.finalized.hash).unwrap();
        let best = chain.network_state(now.best.hash).unwrap();
        duties.follow(&now, &finalized, &best).await;
        tokio::select! {
            changed = heads.changed() => changed.unwrap(),
            finished = duties.finished() => duties.keep(finished).await,
        }
    }
}

/// Waits until `condition` holds: for what nodes do in the background.
async fn until(what: &str, condition: impl Fn() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(300), waiting)
        .await
        .unwrap_or_else(|_| panic!("{what}"));
}

/// The generations that a node signs with, and those that are on its disk.
fn held(node: &Running) -> (Vec<u32>, Vec<u32>) {
    let generations = 1..4;
    (
        generations
            .clone()
            .filter(|generation| node.shares.of_generation(*generation).is_some())
            .collect(),
        generations
            .filter(|generation| node.key_store.active(*generation).is_some())
            .collect(),
    )
}
