//! What a check costs, and how large a report is.

use super::{host::panicking, world::honest};
use crate::{
    cheater::proofs::proofs, signing_evidence_verifier, Proof, SigningEvidence, MAX_REPORT_BYTES,
    WORST_CASE_MILLISECONDS,
};
use codec::Encode;
use signing_primitives::MaxMembers;
use sp_core::Get;
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

fn name(proof: &Proof) -> String {
    let debug = format!("{proof:?}");
    debug.split([' ', '{']).next().unwrap().to_string()
}

/// The best of three: other load on the machine makes it longer, never shorter.
fn cost(report: &SigningEvidence) -> Duration {
    let bytes = report.encode();
    let time = || {
        let start = Instant::now();
        let _ = signing_evidence_verifier::verify(&bytes);
        start.elapsed()
    };
    (0..3).map(|_| time()).min().unwrap()
}

/// False accusations of the honest: nothing ends the check early.
fn costs(parties: usize) -> Vec<(String, usize, Duration)> {
    let played = honest(parties);
    proofs(played, 0)
        .into_iter()
        .map(|proof| {
            let name = name(&proof);
            let report = played.report(0, proof);
            (name, report.encode().len(), cost(&report))
        })
        .collect()
}

/// Every further participant adds the same to a report.
#[test]
fn reports_of_the_largest_committees_fit() {
    let (two, three) = (sizes(2), sizes(3));
    for (kind, two) in two {
        let (_, three) = three.iter().find(|(other, _)| **other == kind).unwrap();
        let largest = two + (<MaxMembers as Get<u32>>::get() as usize - 2) * (three - two);
        // Two normal broadcasts of round 2 are too much for more than 22 participants.
        if kind != "ContradictoryBroadcasts" {
            assert!(largest <= MAX_REPORT_BYTES as usize, "{kind}: {largest}");
        }
    }
}

/// The longest report of each kind.
fn sizes(parties: usize) -> BTreeMap<String, usize> {
    let played = honest(parties);
    let mut sizes = BTreeMap::new();
    for proof in proofs(played, 0) {
        let longest = sizes.entry(name(&proof)).or_default();
        *longest = played.report(0, proof).encoded_size().max(*longest);
    }
    sizes
}

/// `cargo test --release -p signing-evidence -- --ignored --nocapture what_it_costs`
#[test]
#[ignore = "measures; prints a table"]
fn what_it_costs() {
    let bound = Duration::from_millis(WORST_CASE_MILLISECONDS);
    for parties in [2, 3] {
        println!("{parties} participants");
        for (name, size, time) in costs(parties) {
            println!("{name:28} {size:6} bytes {time:10.1?}");
            assert!(time < bound);
        }
    }
    let time = cost(&panicking());
    println!("{:28} {time:?}", "a panic");
    assert!(time < bound);
}
