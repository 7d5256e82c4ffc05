//! Parties in one process: each on a thread of its own, connected by links in memory.

use core::time::Duration;
use offchain_signer::{
    metrics::Metrics,
    protocol::{Deadlines, Link, NodeSigner, PartyId, Run},
};
use rand_core::{OsRng, RngCore};
use signing_primitives::{SessionId, KEY_TYPE};
use sp_keystore::{testing::MemoryKeystore, Keystore};
use std::{collections::BTreeMap, sync::Arc, thread, time::Instant};
use tokio::{runtime, sync::mpsc};
use tokio_util::sync::CancellationToken;

pub(crate) fn random() -> [u8; 32] {
    let mut bytes = [0; 32];
    OsRng.fill_bytes(&mut bytes);
    bytes
}

/// Parties with keys of their own, ascending: the same for the same count. From seeds, because this keystore derives
/// a pair each time it signs, and of a phrase that takes 2 ms: a node keeps its pair ready.
pub(crate) fn signers(count: usize) -> Vec<NodeSigner> {
    let mut signers: Vec<_> = (0..count)
        .map(|index| {
            let keystore = Arc::new(MemoryKeystore::new());
            let seed = format!("0x{:064x}", index + 1);
            let key = keystore
                .sr25519_generate_new(KEY_TYPE, Some(&seed))
                .unwrap();
            NodeSigner::new(keystore, key.into()).unwrap()
        })
        .collect();
    signers.sort_by(|a, b| a.party().cmp(b.party()));
    signers
}

pub(crate) fn multi_thread() -> runtime::Runtime {
    runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

/// Runs each party's side, and says how long it took them all.
pub(crate) fn over_links<T: Send>(
    signers: &[NodeSigner],
    side: impl Fn(usize, Run) -> T + Sync,
) -> (Duration, Vec<T>) {
    let runtime = multi_thread();
    let session_id = SessionId(random());
    let (mut inboxes, mut outboxes, mut runs) = (BTreeMap::new(), Vec::new(), Vec::new());
    for signer in signers {
        let (inbox, incoming) = mpsc::channel(64);
        let (outgoing, outbox) = mpsc::channel::<(PartyId, Vec<u8>)>(64);
        inboxes.insert(signer.party().clone(), inbox);
        outboxes.push(outbox);
        runs.push(Run {
            session_id,
            signer: signer.clone(),
            link: Link { outgoing, incoming },
            deadlines: Deadlines::new(
                Duration::from_secs(600),
                tokio::time::Instant::now() + Duration::from_secs(1200),
            ),
            cancel: CancellationToken::new(),
            runtime: runtime.handle().clone(),
            metrics: Metrics::default(),
        });
    }
    for (signer, mut outbox) in signers.iter().zip(outboxes) {
        let (from, inboxes) = (signer.party().clone(), inboxes.clone());
        runtime.spawn(async move {
            while let Some((to, message)) = outbox.recv().await {
                let _ = inboxes[&to].send((from.clone(), message)).await;
            }
        });
    }
    drop(inboxes);
    let side = &side;
    let start = Instant::now();
    let results = thread::scope(|scope| {
        let runs = runs.into_iter().enumerate();
        let threads: Vec<_> = runs
            .map(|(i, run)| scope.spawn(move || side(i, run)))
            .collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    (start.elapsed(), results)
}
