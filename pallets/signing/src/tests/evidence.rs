//! Evidence as a reporter has it, true and false, for the tests of what becomes of it.

use crate::{
    mock::*, primitives, Committee, FaultReportOf, NetworkVerifyingKey, PreviousCommittee,
};
use codec::Encode;
use primitives::{Fault, SignerId, SignerPair};
use signing_evidence::{CommitteeFacts, SigningEvidence};
use signing_evidence_cheater::two_broadcasts;
use sp_core::Pair;

/// Shows a generation's committee as the chain knows it.
pub(super) fn with_facts<R>(generation: u32, look: impl FnOnce(CommitteeFacts) -> R) -> R {
    let committee = [Committee::<Test>::get(), PreviousCommittee::<Test>::get()]
        .into_iter()
        .flatten()
        .find(|committee| committee.generation == generation)
        .unwrap();
    let members: Vec<SignerId> = committee.members.iter().map(|m| m.party.clone()).collect();
    look(CommitteeFacts {
        genesis_hash: genesis_hash(),
        generation,
        threshold: committee.threshold,
        network_key: NetworkVerifyingKey::<Test>::get().unwrap(),
        members: &members,
    })
}

/// Evidence against a party of a committee, signed by whomever.
pub(super) fn broadcasts_of(
    facts: &CommitteeFacts,
    accused: &SignerPair,
    signer: &SignerPair,
    broadcasts: [&[u8]; 2],
) -> SigningEvidence {
    let broadcasts = broadcasts.map(<[u8]>::to_vec);
    let sign = |bytes: &[u8]| signer.sign(bytes);
    two_broadcasts(facts, &accused.public(), 1, broadcasts, sign).unwrap()
}

/// What a member has signed in a session of a generation: it has cheated.
pub(super) fn cheating(accused: AccountId, generation: u32) -> SigningEvidence {
    let key = pair(accused);
    with_facts(generation, |facts| {
        broadcasts_of(&facts, &key, &key, [b"one", b"another"])
    })
}

/// What an honest member has signed, presented as if it were proof.
pub(super) fn honesty(accused: AccountId, generation: u32) -> SigningEvidence {
    let key = pair(accused);
    with_facts(generation, |facts| {
        broadcasts_of(&facts, &key, &key, [b"one", b"one"])
    })
}

pub(super) fn with_bytes(
    reporter: AccountId,
    accused: AccountId,
    generation: u32,
    bytes: Vec<u8>,
) -> FaultReportOf<Test> {
    FaultReportOf::<Test> {
        generation,
        fault: Fault::Provable(bytes.try_into().unwrap()),
        ..report(reporter, accused)
    }
}

/// A report with evidence about a session of the generation that the evidence names.
pub(super) fn proof(
    reporter: AccountId,
    accused: AccountId,
    evidence: &SigningEvidence,
) -> FaultReportOf<Test> {
    with_bytes(
        reporter,
        accused,
        evidence.subject.generation,
        evidence.encode(),
    )
}

/// Has a validator report with evidence, which a block takes.
pub(super) fn submit_proof(reporter: AccountId, accused: AccountId, evidence: &SigningEvidence) {
    let report = proof(reporter, accused, evidence);
    submit_report(&pair(reporter), report).unwrap().unwrap();
}

/// Has a validator prove that a member of the generation in force has cheated.
pub(super) fn prove(reporter: AccountId, accused: AccountId) {
    submit_proof(
        reporter,
        accused,
        &cheating(accused, committee().generation),
    );
}
