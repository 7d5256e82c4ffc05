//! How long a hand-over takes, with auxiliary information that was made ahead of time and without.
//!
//! `cargo bench -p offchain-signer --bench hand_over [-- MEMBERS…]`
//!
//! Two old holders hand over to 3, 5 and 7 members, unless told otherwise, two of whom will sign. All
//! are in one process, each on a thread of its own, with production parameters; in a network each has
//! a machine of its own, so what counts there is the time divided by how many share a core here. The
//! last line is JSON, seconds.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

#[path = "common/links.rs"]
mod links;

use core::time::Duration;
use links::{over_links, signers};
use offchain_signer::protocol::{
    keygen, AuxGeneration, KeyMaterial, Keygen, NodeSigner, PreparedAuxInfo, Reshare,
};
use signing_primitives::{AuxInfoSubject, ReshareSubject, SignerId};
use sp_core::H256;

const OLD_HOLDERS: usize = 2;
/// The attempt that makes the auxiliary information.
const PREPARED_BY: u32 = 2;

fn ids(signers: &[NodeSigner]) -> Vec<SignerId> {
    let signers = signers.iter();
    signers.map(|s| s.party().signer_id().clone()).collect()
}

fn prepare(members: &[NodeSigner]) -> (Duration, Vec<PreparedAuxInfo>) {
    let subject = AuxInfoSubject {
        genesis_hash: H256::zero(),
        attempt: PREPARED_BY,
        parties: ids(members),
    };
    let generation = AuxGeneration::new(&subject).unwrap();
    over_links(members, |_, run| generation.make(run).unwrap())
}

fn hand_over(
    old: &[KeyMaterial],
    members: &[NodeSigner],
    prepared: Option<&[PreparedAuxInfo]>,
) -> Duration {
    let ids = ids(members);
    let reshare = Reshare::new(ReshareSubject {
        genesis_hash: H256::zero(),
        attempt: 3,
        generation: 2,
        network_key: old[0].verifying_key(),
        old_commitment: old[0].commitment(),
        old_holders: ids[..OLD_HOLDERS].to_vec(),
        old_threshold: 2,
        members: ids.clone(),
        threshold: 2,
        aux_info: prepared.map(|_| PREPARED_BY),
    })
    .unwrap();
    let (time, materials) = over_links(members, |index, run| {
        let prepared = prepared.map(|prepared| &prepared[index]);
        let part = reshare.part(&ids[index], old.get(index), prepared).unwrap();
        part.take(run).unwrap().unwrap()
    });
    for material in materials {
        assert_eq!(material.verifying_key(), old[0].verifying_key());
    }
    time
}

fn main() {
    let mut sizes: Vec<usize> = std::env::args()
        .filter_map(|argument| argument.parse().ok())
        .collect();
    if sizes.is_empty() {
        sizes = vec![3, 5, 7];
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let all = signers(sizes.iter().copied().max().unwrap().max(OLD_HOLDERS));
    let holders = &all[..OLD_HOLDERS];
    let keygen = Keygen::new(1, ids(holders), 2).unwrap();
    let (_, old) = over_links(holders, |_, run| keygen::generate(&keygen, run).unwrap());

    let mut found = Vec::new();
    for size in sizes {
        assert!(size >= OLD_HOLDERS, "the old holders are among the members");
        let members = &all[..size];
        let (ahead, prepared) = prepare(members);
        let [ahead, with, without] = [
            ahead,
            hand_over(&old, members, Some(&prepared)),
            hand_over(&old, members, None),
        ]
        .map(|time| time.as_secs_f64());
        println!(
            "{size} members: {ahead:.2} s ahead of time, then {with:.3} s; without that {without:.2} s"
        );
        found.push(format!(
            "{{\"members\":{size},\"ahead\":{ahead:.3},\"with\":{with:.3},\"without\":{without:.3}}}"
        ));
    }
    println!("{{\"cores\":{cores},\"hand_over\":[{}]}}", found.join(","));
}
