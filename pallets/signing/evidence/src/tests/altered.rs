//! Reports with one thing changed: neither the honest nor, by a report that is not the one that was
//! made, the guilty are convicted.

use super::world::{honest, play};
use crate::{
    cheater::{
        play::{signer, Played},
        proofs::proofs,
    },
    CommitteeFacts, NotOurs, Part, Rejection, Round, SigningEvidence, Verdict,
};
use sp_core::H256;
use sp_crypto_hashing::blake2_256;

type Change = fn(&mut SigningEvidence);

/// What can be changed about a report beside its proof, and what comes of it.
fn changes() -> Vec<(Change, Rejection)> {
    use Rejection::{NoSession, NotAParticipant, WrongData, WrongSignature};
    vec![
        (|r| r.public_shares[40] ^= 1, WrongData),
        (|r| r.public_aux_info[40] ^= 1, WrongData),
        (|r| r.public_shares.clear(), WrongData),
        (|r| r.public_aux_info.try_push(0).unwrap(), WrongData),
        (
            |r| {
                core::mem::swap(
                    &mut r.subject.public_shares_hash,
                    &mut r.subject.auxiliary_info_hash,
                )
            },
            WrongData,
        ),
        // Data that the accused never had, with a subject to match.
        (
            |r| {
                r.public_shares[40] ^= 1;
                r.subject.public_shares_hash = H256(blake2_256(&r.public_shares));
            },
            WrongSignature,
        ),
        (
            |r| {
                *r.public_aux_info.last_mut().unwrap() ^= 1;
                r.subject.auxiliary_info_hash = H256(blake2_256(&r.public_aux_info));
            },
            WrongSignature,
        ),
        (|r| r.subject.genesis_hash.0[0] ^= 1, WrongSignature),
        (|r| r.subject.generation += 1, WrongSignature),
        (|r| r.subject.threshold += 1, WrongSignature),
        (|r| r.subject.network_key[1] ^= 1, WrongSignature),
        (|r| r.subject.verifying_key[1] ^= 1, WrongSignature),
        (|r| r.subject.digest[0] ^= 1, WrongSignature),
        (|r| r.subject.request_id[0] ^= 1, WrongSignature),
        (|r| r.nonces[0][0] ^= 1, WrongSignature),
        (|r| r.nonces[1][31] ^= 1, WrongSignature),
        (|r| r.nonces.as_mut().reverse(), WrongSignature),
        (|r| r.nonces.clear(), NoSession),
        (|r| r.nonces.try_push([0; 32]).unwrap(), NoSession),
        (|r| r.subject.participants.reverse(), NoSession),
        (|r| r.subject.participants.clear(), NoSession),
        (
            |r| {
                r.subject.participants.clear();
                r.nonces.clear();
            },
            NotAParticipant,
        ),
        (
            |r| r.subject.participants[1] = r.subject.participants[0].clone(),
            NoSession,
        ),
        (
            |r| r.accused = signer("//stranger").party().clone().into(),
            NotAParticipant,
        ),
    ]
}

#[test]
fn the_honest_are_safe_from_altered_reports() {
    let played = honest(2);
    for proof in proofs(played, 0) {
        for (index, (change, expected)) in changes().into_iter().enumerate() {
            let mut report = played.report(0, proof.clone());
            change(&mut report);
            assert_eq!(
                report.verify(),
                Verdict::Rejected(expected),
                "change {index}: {proof:?}"
            );
        }
        // Another participant's messages.
        let mut report = played.report(0, proof);
        report.accused = played.id(1);
        let verdict = report.verify();
        assert!(
            matches!(
                verdict,
                Verdict::Rejected(Rejection::WrongSignature | Rejection::NotAParticipant)
            ),
            "{verdict:?}"
        );
    }
}

fn cheated() -> (Played, SigningEvidence) {
    let played = play(&[0, 1], |message| {
        if message.from == 0 && message.round == Round::new(1) {
            message.set(Part::Direct, Some(vec![7]));
        }
    });
    let evidence = played.evidence(1, 0).unwrap();
    (played, evidence)
}

/// A true report that was tampered with does not even convict the guilty; nor, with another name
/// in it, anybody else.
#[test]
fn true_evidence_is_bound_to_its_report() {
    let (played, evidence) = cheated();
    assert_eq!(evidence.verify(), Verdict::Proven);
    for (change, expected) in changes() {
        let mut report = evidence.clone();
        change(&mut report);
        assert_eq!(report.verify(), Verdict::Rejected(expected));
    }
    let mut report = evidence;
    report.accused = played.id(1);
    assert_eq!(
        report.verify(),
        Verdict::Rejected(Rejection::WrongSignature)
    );
}

/// A reporter cannot pass off evidence of one session as that of another: the subject of an honest
/// session with the proof of a bad one, or the other way round.
#[test]
fn evidence_is_of_one_session() {
    let (bad, evidence) = cheated();
    let good = honest(2);
    let verdict = good.report(0, evidence.proof).verify();
    assert_eq!(verdict, Verdict::Rejected(Rejection::WrongSignature));
    for proof in proofs(good, 0) {
        let verdict = bad.report(0, proof).verify();
        assert_eq!(verdict, Verdict::Rejected(Rejection::WrongSignature));
    }
}

#[test]
fn what_is_not_about_the_committee_is_told_apart() {
    let (_, evidence) = cheated();
    let mut members = evidence.subject.participants.clone();
    members.push(signer("//third").party().clone().into());
    let facts = CommitteeFacts {
        genesis_hash: evidence.subject.genesis_hash,
        generation: evidence.subject.generation,
        threshold: 2,
        network_key: evidence.subject.network_key,
        members: &members,
    };
    assert_eq!(evidence.is_about(&facts), Ok(()));
    let with = |change: fn(&mut CommitteeFacts)| {
        let mut facts = facts.clone();
        change(&mut facts);
        evidence.is_about(&facts).unwrap_err()
    };
    assert_eq!(with(|f| f.genesis_hash.0[0] ^= 1), NotOurs::OtherChain);
    assert_eq!(with(|f| f.generation += 1), NotOurs::OtherGeneration);
    assert_eq!(with(|f| f.threshold += 1), NotOurs::OtherKey);
    assert_eq!(with(|f| f.network_key = [0; 33]), NotOurs::OtherKey);
    assert_eq!(
        with(|f| f.members = &f.members[1..]),
        NotOurs::OtherParticipants
    );
    let mut of_one = evidence.clone();
    of_one.subject.participants.truncate(1);
    assert_eq!(of_one.is_about(&facts), Err(NotOurs::OtherParticipants));
    let mut of_none = evidence.clone();
    of_none.accused = members[2].clone();
    assert_eq!(of_none.is_about(&facts), Err(NotOurs::OtherParticipants));
}
