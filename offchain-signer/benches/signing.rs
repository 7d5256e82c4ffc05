//! What one signature costs: synedrion by itself, and this crate's driver.
//!
//! `cargo bench --workspace --bench signing [-- ROUNDS [PARTIES]]`
//!
//! Two parties, unless told otherwise.
//! Both in one process, each party on a thread of its own, production parameters, the whole of
//! InteractiveSigning. *Bare* is manul's own runners with signatures that cost nothing and messages
//! that are never serialized: the better one of its two (one thread a party, or its parallel one).
//! *Driver* has sr25519 signatures, serialization and links. *Beside* is the same while auxiliary
//! information is made on a thread for each party, as in nodes of their own: *beside equals* on
//! threads like others, *beside background* on threads that give way. *At once* is how many signatures a second bare synedrion makes when there is
//! always another session to work on: what the cores allow. The kinds take turns, so that
//! other load on the machine falls on all of them alike. The last line is JSON, seconds.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

#[path = "common/links.rs"]
mod links;

use core::time::Duration;
use k256::sha2::Sha256;
use links::{multi_thread, over_links, random, signers};
use manul::{
    session::{
        tokio::{par_run_session, run_session, MessageIn, MessageOut},
        Session, SessionId as ManulSessionId, SessionParameters, SessionReport,
    },
    signature::{self, DigestVerifier, Keypair, RandomizedDigestSigner},
};
use offchain_signer::{
    background::in_background,
    protocol::{keygen, signing, KeyMaterial, Keygen, NetworkSession, NodeSigner, Params},
};
use rand_core::{CryptoRngCore, OsRng};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Instant,
};
use synedrion::{AuxInfo, InteractiveSigning, InteractiveSigningProtocol, KeyShare};
use tokio::sync::mpsc;

const DIGEST: [u8; 32] = [7; 32];
/// Enough to keep all cores busy.
const AT_ONCE: u32 = 8;

#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
struct Free(u8);

#[derive(Debug)]
enum BareSession {}

impl SessionParameters for BareSession {
    type Signer = Free;
    type Digest = Sha256;
    type Verifier = Free;
    type Signature = Free;
    type WireFormat = <NetworkSession as SessionParameters>::WireFormat;
}

impl Keypair for Free {
    type VerifyingKey = Free;

    fn verifying_key(&self) -> Free {
        *self
    }
}

impl RandomizedDigestSigner<Sha256, Free> for Free {
    fn try_sign_digest_with_rng(
        &self,
        _: &mut impl CryptoRngCore,
        _: Sha256,
    ) -> Result<Free, signature::Error> {
        Ok(*self)
    }
}

impl DigestVerifier<Sha256, Free> for Free {
    fn verify_digest(&self, _: Sha256, signature: &Free) -> Result<(), signature::Error> {
        (self == signature)
            .then_some(())
            .ok_or_else(signature::Error::new)
    }
}

type BareInputs = Vec<(Free, KeyShare<Params, Free>, AuxInfo<Params, Free>)>;
type BareReport = SessionReport<InteractiveSigningProtocol<Params, Free>, BareSession>;

fn bare_inputs(parties: u8) -> BareInputs {
    let ids: BTreeSet<_> = (0..parties).map(Free).collect();
    let shares = KeyShare::new_centralized(&mut OsRng, &ids, None);
    let infos = AuxInfo::new_centralized(&mut OsRng, &ids);
    let both = shares.into_iter().zip(infos);
    both.map(|((id, share), (_, info))| (id, share, info))
        .collect()
}

fn bare(inputs: &BareInputs, parallel: bool) -> Duration {
    let runtime = multi_thread();
    let id = ManulSessionId::from_seed::<BareSession>(&random());
    let (mut inboxes, mut outboxes, mut sides) = (Vec::new(), Vec::new(), Vec::new());
    for (party, share, info) in inputs.iter().cloned() {
        let (inbox, incoming) = mpsc::channel(100);
        let (outgoing, outbox) = mpsc::channel::<MessageOut<BareSession>>(100);
        inboxes.push(inbox);
        outboxes.push(outbox);
        let entry_point = InteractiveSigning::new(DIGEST.into(), share, info).unwrap();
        sides.push((party, entry_point, outgoing, incoming));
    }
    for mut outbox in outboxes {
        let inboxes = inboxes.clone();
        runtime.spawn(async move {
            while let Some(MessageOut {
                from, to, message, ..
            }) = outbox.recv().await
            {
                let _ = inboxes[usize::from(to.0)]
                    .send(MessageIn { from, message })
                    .await;
            }
        });
    }
    let start = Instant::now();
    thread::scope(|scope| {
        for (party, entry_point, outgoing, mut incoming) in sides {
            let (id, runtime) = (id.clone(), &runtime);
            scope.spawn(move || {
                let session =
                    Session::<_, BareSession>::new(&mut OsRng, id, party, entry_point).unwrap();
                let report: BareReport = runtime.block_on(async {
                    match parallel {
                        true => {
                            par_run_session(&mut OsRng, &outgoing, &mut incoming, session).await
                        }
                        false => run_session(&mut OsRng, &outgoing, &mut incoming, session).await,
                    }
                    .unwrap()
                });
                report.result().unwrap();
            });
        }
    });
    start.elapsed()
}

/// How many signatures a second come of several sessions at once.
fn at_once(inputs: &BareInputs) -> f64 {
    let start = Instant::now();
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| bare(inputs, false));
        }
    });
    f64::from(AT_ONCE) / start.elapsed().as_secs_f64()
}

fn driver(signers: &[NodeSigner], material: &[KeyMaterial]) -> Duration {
    let participants: BTreeSet<_> = signers.iter().map(|s| s.party().clone()).collect();
    let (time, signatures) = over_links(signers, |index, run| {
        let inputs = material[index]
            .signing_inputs(Some(1), &participants)
            .unwrap();
        signing::sign(inputs, DIGEST, run).unwrap()
    });
    assert_eq!(signatures[0], signatures[1]);
    time
}

/// The same, beside threads that make safe primes without end, each by `how`.
fn beside(
    signers: &[NodeSigner],
    material: &[KeyMaterial],
    how: impl Fn(&(dyn Fn() + Sync)) + Sync,
) -> Duration {
    let stop = AtomicBool::new(false);
    let make = || {
        while !stop.load(Ordering::Relaxed) {
            AuxInfo::<Params, Free>::new_centralized(&mut OsRng, &BTreeSet::from([Free(0)]));
        }
    };
    thread::scope(|scope| {
        for _ in signers {
            scope.spawn(|| how(&make));
        }
        let time = driver(signers, material);
        stop.store(true, Ordering::Relaxed);
        time
    })
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64()
}

fn main() {
    let mut numbers = std::env::args()
        .skip(1)
        .filter_map(|arg| arg.parse::<u8>().ok());
    let rounds = usize::from(numbers.next().unwrap_or(11));
    let parties = numbers.next().unwrap_or(2);
    let signers = signers(parties.into());
    let members = signers.iter().map(|s| s.party().clone().into());
    let keygen = Keygen::new(1, members, parties.into()).unwrap();
    let (time, material) = over_links(&signers, |_, run| keygen::generate(&keygen, run).unwrap());
    println!(
        "key generation, {parties} of {parties}: {:.2} s",
        time.as_secs_f64()
    );
    let inputs = bare_inputs(parties);
    let at_once = at_once(&inputs);

    let (mut plain, mut parallel, mut driven) = (Vec::new(), Vec::new(), Vec::new());
    let (mut equals, mut background) = (Vec::new(), Vec::new());
    for round in 0..rounds.max(1) {
        plain.push(bare(&inputs, false));
        driven.push(driver(&signers, &material));
        parallel.push(bare(&inputs, true));
        equals.push(beside(&signers, &material, |make| make()));
        background.push(beside(&signers, &material, |make| in_background(make)));
        println!(
            "{round}: bare {:.3} s, bare parallel {:.3} s, driver {:.3} s, \
             beside equals {:.3} s, beside background {:.3} s",
            plain[round].as_secs_f64(),
            parallel[round].as_secs_f64(),
            driven[round].as_secs_f64(),
            equals[round].as_secs_f64(),
            background[round].as_secs_f64()
        );
    }
    let (equals, background) = (median(equals), median(background));
    let (plain, parallel, driven) = (median(plain), median(parallel), median(driven));
    let ratio = driven / plain.min(parallel);
    println!(
        "{{\"parties\":{parties},\"at_once\":{at_once:.3},\"bare\":{plain:.3},\"bare_parallel\":{parallel:.3},\"driver\":{driven:.3},\"ratio\":{ratio:.3},\
         \"beside_equals\":{equals:.3},\"beside_background\":{background:.3}}}"
    );
}
