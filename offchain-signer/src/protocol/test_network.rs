//! Parties on threads, with links in memory that a test can tamper with.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::{
    keygen::{generate, Keygen},
    Deadlines, KeyMaterial, Link, NodeSigner, Params, PartyId, PreparedAuxInfo, Run,
};
use crate::metrics::Metrics;
use core::time::Duration;
use rand_core::{OsRng, RngCore};
use signing_primitives::{SessionId, SessionNonce, SignerId, KEY_TYPE};
use sp_keystore::{testing::MemoryKeystore, Keystore};
use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
    thread,
};
use synedrion::{AuxInfo, ThresholdKeyShare};
use tokio::{
    runtime::{Builder, Runtime},
    sync::mpsc,
    time::Instant,
};
use tokio_util::sync::CancellationToken;

/// What becomes of a message on its way: from whom, to whom, the message; the answer is what
/// arrives instead.
pub(crate) type Tamper = Arc<dyn Fn(usize, usize, Vec<u8>) -> Vec<Vec<u8>> + Send + Sync>;

/// Parties, ascending, and how they are connected.
#[derive(Clone)]
pub(crate) struct TestNetwork {
    pub(crate) signers: Vec<NodeSigner>,
    pub(crate) deadlines: Duration,
    pub(crate) tamper: Tamper,
}

impl TestNetwork {
    pub(crate) fn new(signers: Vec<NodeSigner>) -> Self {
        Self {
            signers,
            deadlines: Duration::from_secs(300),
            tamper: Arc::new(|_, _, message| vec![message]),
        }
    }

    /// Rounds that may take so long.
    pub(crate) fn impatient(mut self, round: Duration) -> Self {
        self.deadlines = round;
        self
    }

    pub(crate) fn tampered(
        mut self,
        tamper: impl Fn(usize, usize, Vec<u8>) -> Vec<Vec<u8>> + Send + Sync + 'static,
    ) -> Self {
        self.tamper = Arc::new(tamper);
        self
    }

    pub(crate) fn party(&self, index: usize) -> PartyId {
        self.signers[index].party().clone()
    }

    /// A nonce of every party. The same each time.
    pub(crate) fn nonces(&self) -> BTreeMap<SignerId, SessionNonce> {
        let signers = self.signers.iter().enumerate();
        signers
            .map(|(index, signer)| (signer.party().signer_id().clone(), [index as u8; 32]))
            .collect()
    }

    /// Runs every party's side on a thread of its own, with a fresh session id.
    pub(crate) fn run<T: Send>(&self, side: impl Fn(usize, Run) -> T + Sync) -> Vec<T> {
        let mut id = [0; 32];
        OsRng.fill_bytes(&mut id);
        self.run_session(SessionId(id), side)
    }

    /// Runs every party's side on a thread of its own.
    pub(crate) fn run_session<T: Send>(
        &self,
        session_id: SessionId,
        side: impl Fn(usize, Run) -> T + Sync,
    ) -> Vec<T> {
        let runtime = runtime();
        let mut inboxes = Vec::new();
        let mut runs = Vec::new();
        let mut outboxes = Vec::new();
        for signer in &self.signers {
            let (inbox, incoming) = mpsc::channel(64);
            let (outgoing, outbox) = mpsc::channel(64);
            inboxes.push(inbox);
            outboxes.push(outbox);
            runs.push(Run {
                session_id,
                signer: signer.clone(),
                link: Link { outgoing, incoming },
                deadlines: Deadlines::new(
                    self.deadlines,
                    Instant::now() + Duration::from_secs(600),
                ),
                cancel: CancellationToken::new(),
                runtime: runtime.handle().clone(),
                metrics: Metrics::default(),
            });
        }
        let parties: BTreeMap<PartyId, usize> = self
            .signers
            .iter()
            .enumerate()
            .map(|(index, signer)| (signer.party().clone(), index))
            .collect();
        for (from, mut outbox) in outboxes.into_iter().enumerate() {
            let (inboxes, parties) = (inboxes.clone(), parties.clone());
            let (tamper, sender) = (self.tamper.clone(), self.party(from));
            runtime.spawn(async move {
                while let Some((to, message)) = outbox.recv().await {
                    let to = parties[&to];
                    for message in tamper(from, to, message) {
                        let _ = inboxes[to].send((sender.clone(), message)).await;
                    }
                }
            });
        }
        drop(inboxes);
        let side = &side;
        thread::scope(|scope| {
            let threads: Vec<_> = runs
                .into_iter()
                .enumerate()
                .map(|(index, run)| scope.spawn(move || side(index, run)))
                .collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        })
    }
}

fn runtime() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(1)
        .enable_time()
        .build()
        .unwrap()
}

/// Signers with keys of their own, ascending.
pub(crate) fn signers(count: usize) -> Vec<NodeSigner> {
    let mut signers: Vec<_> = (0..count)
        .map(|index| {
            let keystore = Arc::new(MemoryKeystore::new());
            let key = keystore
                .sr25519_generate_new(KEY_TYPE, Some(&format!("//{index}")))
                .unwrap();
            NodeSigner::new(keystore, key.into()).unwrap()
        })
        .collect();
    signers.sort_by(|a, b| a.party().cmp(b.party()));
    signers
}

/// A committee of three, any two of whom sign, with a key from a real key generation with
/// production parameters. It takes the better part of a minute, so all tests share it.
pub(crate) fn committee() -> &'static (TestNetwork, Vec<KeyMaterial>) {
    static COMMITTEE: OnceLock<(TestNetwork, Vec<KeyMaterial>)> = OnceLock::new();
    COMMITTEE.get_or_init(|| {
        let network = TestNetwork::new(signers(3));
        let members = network.signers.iter().map(|s| s.party().clone().into());
        let keygen = Keygen::new(5, members, 2).unwrap();
        let material = network.run(|_, run| generate(&keygen, run).unwrap());
        (network, material)
    })
}

/// The attempt that [`prepared`] says it comes from.
pub(crate) const PREPARED_BY: u32 = 6;

/// Five signers, three of them those of [`committee`], and auxiliary information of theirs: made in
/// one place, because it is much quicker and the same to those who use it.
pub(crate) fn prepared() -> &'static (TestNetwork, Vec<PreparedAuxInfo>) {
    static PREPARED: OnceLock<(TestNetwork, Vec<PreparedAuxInfo>)> = OnceLock::new();
    PREPARED.get_or_init(|| {
        let network = TestNetwork::new(signers(5));
        let parties = network.signers.iter().map(|s| s.party().clone()).collect();
        let infos = AuxInfo::<Params, PartyId>::new_centralized(&mut OsRng, &parties);
        let infos = infos
            .into_values()
            .map(|info| PreparedAuxInfo::new(PREPARED_BY, info).unwrap());
        (network, infos.collect())
    })
}

/// A committee of this many, at most five, all of whom it takes to sign. The shares come from one
/// place as well.
pub(crate) fn unanimous(count: usize) -> (TestNetwork, Vec<KeyMaterial>) {
    let (network, infos) = prepared();
    let network = among(network, &(0..count).collect::<Vec<_>>());
    let parties = (0..count).map(|index| network.party(index)).collect();
    let shares =
        ThresholdKeyShare::<Params, PartyId>::new_centralized(&mut OsRng, &parties, count, None)
            .unwrap();
    let material = shares.into_values().zip(infos).map(|(share, info)| {
        let info = info.subset(&parties).unwrap();
        KeyMaterial::new(PREPARED_BY, share, info).unwrap()
    });
    (network, material.collect())
}

/// The sub-network of these members of a network.
pub(crate) fn among(network: &TestNetwork, members: &[usize]) -> TestNetwork {
    let signers = members.iter().map(|i| network.signers[*i].clone());
    TestNetwork::new(signers.collect())
}
