//! The cheater of other crates' tests is judged as one that the protocol library has heard.

use super::world::play;
use crate::{
    cheater::{
        play::signer,
        two_broadcasts,
        ways::{evidence_against_cheater, CHEATER, WAYS},
    },
    session::NodeSigner,
    signing_evidence_verifier, CommitteeFacts, Rejection, SigningEvidence, Verdict,
};
use codec::Encode;
use signing_primitives::{SignerId, SignerPair};
use sp_core::{Pair, H256};

fn member(number: u8) -> SignerPair {
    SignerPair::from_string(&format!("//{number}"), None).unwrap()
}

fn evidence(accused: u8, by: u8, broadcasts: [&[u8]; 2]) -> SigningEvidence {
    let mut members: Vec<SignerId> = (0..3).map(|number| member(number).public()).collect();
    members.sort();
    let committee = CommitteeFacts {
        genesis_hash: H256([1; 32]),
        generation: 1,
        threshold: 2,
        network_key: [2; 33],
        members: &members,
    };
    let broadcasts = broadcasts.map(<[u8]>::to_vec);
    let accused = member(accused).public();
    let evidence = two_broadcasts(&committee, &accused, 7, broadcasts, |bytes| {
        member(by).sign(bytes)
    })
    .unwrap();
    assert_eq!(evidence.is_about(&committee), Ok(()));
    evidence
}

#[test]
fn two_different_broadcasts_convict() {
    for accused in 0..3 {
        let evidence = evidence(accused, accused, [b"one", b"other"]);
        assert_eq!(
            signing_evidence_verifier::verify(&evidence.encode()),
            Verdict::Proven
        );
    }
    // The largest that there can be.
    let large = vec![1; crate::MAX_REPORT_BYTES as usize - 1_000];
    let evidence = evidence(0, 0, [b"one", &large]);
    assert_eq!(evidence.verify(), Verdict::Proven);
}

#[test]
fn the_same_broadcast_twice_and_anothers_signature_convict_nobody() {
    assert_eq!(
        evidence(0, 0, [b"one", b"one"]).verify(),
        Verdict::Rejected(Rejection::NotProven)
    );
    assert_eq!(
        evidence(0, 1, [b"one", b"other"]).verify(),
        Verdict::Rejected(Rejection::WrongSignature)
    );
}

/// It signs as a node's signer does.
#[test]
fn has_the_same_keys_as_a_node() {
    let node: NodeSigner = signer("//0");
    assert_eq!(*node.party().signer_id(), member(0).public());
}

/// There is a way for each kind of proof.
#[test]
fn every_way_is_provable_in_its_kind() {
    for (kind, cheat) in WAYS {
        let played = play(&[0, 1, 2], |message| {
            if message.from == CHEATER {
                cheat(message);
            }
        });
        let evidence = evidence_against_cheater(&played).unwrap();
        assert_eq!(evidence.proof.encode()[0], kind);
        assert_eq!(evidence.verify(), Verdict::Proven, "{kind}");
    }
}
