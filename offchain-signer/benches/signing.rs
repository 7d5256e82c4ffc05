//! What one signature costs: synedrion by itself, and this crate's driver.
//!
//! `cargo bench --workspace --bench signing [-- ROUNDS [PARTIES] [--only KIND,…]]`
//!
//! Eleven rounds of two parties, and all kinds (`bare`, `driver`, `beside`, `at_once`), unless told
//! otherwise. Both in one process, each party on a thread of its own, production parameters, the whole of
//! InteractiveSigning. *Bare* is manul's own runners with signatures that cost nothing and messages
//! that are never serialized: the better one of its two (one thread a party, or its parallel one).
//! *Driver* has sr25519 signatures, serialization and links. *Beside* is the same while auxiliary
//! information is made on a thread for each party, as in nodes of their own: *beside equals* on
//! threads like others, *beside background* on threads that give way. *At once* is what a signature of bare
//! synedrion takes of the processors when there is always another session to work on: eight at a time, each
//! followed by another for 40 s, before the rounds. (Linux only.) The other kinds take turns, so that other
//! load on the machine falls on all of them alike. The last line is JSON, seconds.
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
    collections::{BTreeMap, BTreeSet},
    fs,
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
    thread,
    time::Instant,
};
use synedrion::{AuxInfo, InteractiveSigning, InteractiveSigningProtocol, KeyShare};
use tokio::sync::mpsc;

const DIGEST: [u8; 32] = [7; 32];
/// Enough to keep all cores busy.
const AT_ONCE: usize = 8;
/// For how long they are followed by others.
const AT_ONCE_TIME: Duration = Duration::from_secs(40);
/// In which Linux tells a process what it has used of the processors, whatever the kernel's own ticks.
const TICKS_PER_SECOND: f64 = 100.0;
/// What there is to measure.
const KINDS: [&str; 4] = ["bare", "driver", "beside", "at_once"];

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

/// What sessions of bare synedrion came to, several at a time.
#[derive(Debug, Serialize)]
struct AtOnce {
    /// How many of them there were.
    signatures: u32,
    /// How long it took: in the end fewer than [`AT_ONCE`] are left.
    seconds: f64,
    /// What they have used of all processors together.
    cpu_seconds: f64,
}

/// Always another session to work on, until [`AT_ONCE_TIME`] is over. Those that have begun are finished.
fn at_once(inputs: &BareInputs) -> AtOnce {
    let (start, used, made) = (Instant::now(), cpu_seconds(), AtomicU32::new(0));
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while start.elapsed() < AT_ONCE_TIME {
                    bare(inputs, false);
                    made.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    AtOnce {
        signatures: made.into_inner(),
        seconds: start.elapsed().as_secs_f64(),
        cpu_seconds: cpu_seconds() - used,
    }
}

/// What this process has used of the processors, its threads that have ended included.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    // The name, which comes second, stands in brackets and may have anything in it.
    let (_, fields) = stat.rsplit_once(')').unwrap();
    // User and system time, the 14th and 15th field (proc_pid_stat(5)), of which two are gone.
    let ticks = fields.split_whitespace().skip(11).take(2);
    ticks
        .map(|ticks| ticks.parse::<f64>().unwrap())
        .sum::<f64>()
        / TICKS_PER_SECOND
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

/// What the command line asks for.
struct Asked {
    rounds: usize,
    parties: u8,
    kinds: Vec<String>,
}

impl Asked {
    fn read() -> Self {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        let mut numbers = arguments.iter().filter_map(|arg| arg.parse::<u8>().ok());
        let rounds = usize::from(numbers.next().unwrap_or(11)).max(1);
        let parties = numbers.next().unwrap_or(2);
        let only = arguments.iter().position(|arg| arg == "--only");
        let kinds: Vec<String> = match only.map(|flag| arguments.get(flag + 1)) {
            Some(kinds) => kinds.unwrap().split(',').map(String::from).collect(),
            None => KINDS.map(String::from).into(),
        };
        for kind in &kinds {
            assert!(
                KINDS.contains(&kind.as_str()),
                "--only takes some of {}, and no {kind}",
                KINDS.join(",")
            );
        }
        Self {
            rounds,
            parties,
            kinds,
        }
    }

    fn wants(&self, kind: &str) -> bool {
        self.kinds.iter().any(|one| one == kind)
    }
}

/// Parties with shares of a key that they have made.
fn with_key(parties: u8) -> (Vec<NodeSigner>, Vec<KeyMaterial>) {
    let signers = signers(parties.into());
    let members = signers.iter().map(|s| s.party().clone().into());
    let keygen = Keygen::new(1, members, parties.into()).unwrap();
    let (time, material) = over_links(&signers, |_, run| keygen::generate(&keygen, run).unwrap());
    println!(
        "key generation, {parties} of {parties}: {:.2} s",
        time.as_secs_f64()
    );
    (signers, material)
}

/// A way to make a signature, and its name.
type Kind<'a> = (&'static str, Box<dyn Fn() -> Duration + 'a>);

/// Measures each once a round, and gives the median of each.
fn take_turns(kinds: &[Kind<'_>], rounds: usize) -> BTreeMap<&'static str, f64> {
    let mut times = vec![Vec::new(); kinds.len()];
    for round in 0..rounds {
        let mut line = Vec::new();
        for ((name, measure), times) in kinds.iter().zip(&mut times) {
            let time = measure();
            times.push(time);
            let name = name.replace('_', " ");
            line.push(format!("{name} {:.3} s", time.as_secs_f64()));
        }
        println!("{round}: {}", line.join(", "));
    }
    let names = kinds.iter().map(|(name, _)| *name);
    names.zip(times.into_iter().map(median)).collect()
}

fn main() {
    let asked = Asked::read();
    let mut found = serde_json::Map::new();
    found.insert("parties".into(), asked.parties.into());
    let needs_key = asked.wants("driver") || asked.wants("beside");
    let key = needs_key.then(|| with_key(asked.parties));
    let inputs = bare_inputs(asked.parties);
    if asked.wants("at_once") && cfg!(target_os = "linux") {
        let of_all = at_once(&inputs);
        println!(
            "at once: {:.3} signatures a second, of {:.3} s of the processors each",
            f64::from(of_all.signatures) / of_all.seconds,
            of_all.cpu_seconds / f64::from(of_all.signatures)
        );
        found.insert("at_once".into(), serde_json::to_value(of_all).unwrap());
    }

    let mut kinds: Vec<Kind<'_>> = Vec::new();
    if asked.wants("bare") {
        kinds.push(("bare", Box::new(|| bare(&inputs, false))));
        kinds.push(("bare_parallel", Box::new(|| bare(&inputs, true))));
    }
    if let Some((signers, material)) = &key {
        if asked.wants("driver") {
            kinds.push(("driver", Box::new(move || driver(signers, material))));
        }
        if asked.wants("beside") {
            let equals = move || beside(signers, material, |make| make());
            let background = move || beside(signers, material, |make| in_background(make));
            kinds.push(("beside_equals", Box::new(equals)));
            kinds.push(("beside_background", Box::new(background)));
        }
    }
    if !kinds.is_empty() {
        let medians = take_turns(&kinds, asked.rounds);
        let of = |name: &str| medians.get(name).copied();
        if let (Some(plain), Some(parallel), Some(driven)) =
            (of("bare"), of("bare_parallel"), of("driver"))
        {
            let ratio: f64 = driven / plain.min(parallel);
            found.insert("ratio".into(), ratio.into());
        }
        for (name, time) in medians {
            found.insert(name.into(), time.into());
        }
    }
    println!("{}", serde_json::Value::from(found));
}
