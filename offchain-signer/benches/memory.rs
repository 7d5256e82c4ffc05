//! What open signing sessions take of a process's memory.
//!
//! `cargo bench --workspace --bench memory [-- SESSIONS…]`
//!
//! 1, 4 and 16 sessions at once, unless told otherwise, of two parties each, all in one process: this crate's
//! driver, each party on a thread of its own, with links in memory in place of connections, production
//! parameters, the whole of InteractiveSigning. Each count has a process of its own, which gets the key from
//! this one: memory that was left free when the key was made would be used again, and hide what sessions take.
//! The last line is JSON, bytes: the most resident memory of each process.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

#[path = "common/links.rs"]
mod links;

use links::{over_links, signers};
use offchain_signer::protocol::{keygen, signing, KeyMaterial, Keygen, NodeSigner};
use std::{
    collections::BTreeSet,
    env, fs, io,
    process::{Command, Stdio},
    thread,
};

const PARTIES: u8 = 2;
const DIGEST: [u8; 32] = [7; 32];
const SESSIONS: [usize; 3] = [1, 4, 16];
/// Asks for what a process of its own does: `--measure SESSIONS`, with the key on its standard input.
const MEASURE: &str = "--measure";

fn key(signers: &[NodeSigner]) -> Vec<Vec<u8>> {
    let members = signers.iter().map(|s| s.party().clone().into());
    let keygen = Keygen::new(1, members, PARTIES.into()).unwrap();
    let (_, material) = over_links(signers, |_, run| keygen::generate(&keygen, run).unwrap());
    let material = material.iter();
    material
        .map(|one| one.to_bytes().unwrap().to_vec())
        .collect()
}

/// The most resident memory that a process has had with so many sessions at once.
fn in_a_process(key: &[Vec<u8>], sessions: usize) -> u64 {
    let mut child = Command::new(env::current_exe().unwrap())
        .args([MEASURE, &sessions.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    serde_json::to_writer(child.stdin.take().unwrap(), key).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout)
        .unwrap()
        .trim()
        .parse()
        .unwrap()
}

fn measure(sessions: usize) -> u64 {
    let key: Vec<Vec<u8>> = serde_json::from_reader(io::stdin()).unwrap();
    let material: Vec<_> = key
        .iter()
        .map(|one| KeyMaterial::from_bytes(one).unwrap())
        .collect();
    let signers = signers(PARTIES.into());
    let participants: BTreeSet<_> = signers.iter().map(|s| s.party().clone()).collect();
    let sign = || {
        over_links(&signers, |index, run| {
            let inputs = material[index]
                .signing_inputs(Some(1), &participants)
                .unwrap();
            signing::sign(inputs, DIGEST, run).unwrap()
        })
    };
    thread::scope(|scope| {
        for _ in 0..sessions {
            scope.spawn(sign);
        }
    });
    most_resident()
}

/// VmHWM of proc_pid_status(5), in bytes.
fn most_resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: u64 = line
        .unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap();
    1024 * kib
}

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let mut sessions: Vec<usize> = arguments
        .iter()
        .filter_map(|arg| arg.parse().ok())
        .collect();
    if arguments.first().is_some_and(|arg| arg == MEASURE) {
        println!("{}", measure(sessions[0]));
        return;
    }
    if sessions.is_empty() {
        sessions = SESSIONS.into();
    }
    let key = key(&signers(PARTIES.into()));
    let mut rows = Vec::new();
    for count in sessions {
        let bytes = in_a_process(&key, count);
        println!(
            "{count} sessions of {PARTIES} parties: {:.1} MB",
            bytes as f64 / 1e6
        );
        rows.push(serde_json::json!({ "sessions": count, "parties": PARTIES, "bytes": bytes }));
    }
    println!("{}", serde_json::Value::from(rows));
}
