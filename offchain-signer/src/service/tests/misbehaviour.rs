//! A member that misbehaves, among members that do not.

use super::*;
use crate::misbehave::{report_falsely, Way};
use codec::DecodeAll;
use signing_evidence::{Proof, SigningEvidence, Verdict};
use signing_primitives::{Fault, FaultReport, UnprovableFault};

fn conduct(ways: &[&str]) -> Conduct {
    let ways: Vec<Way> = ways.iter().map(|way| way.parse().unwrap()).collect();
    Conduct::new(ways, None, None)
}

/// All members, of whom one misbehaves, with their shares in use.
async fn with_cheater(world: &World, cheater: usize, conduct: &Conduct) -> Vec<Running> {
    let mut nodes = Vec::new();
    for index in 0..5 {
        nodes.push(match index == cheater {
            true => world.start_as(index, conduct.clone()).await,
            false => world.start(index).await,
        });
    }
    until("generation 1 is in use", || {
        world.old.iter().all(|node| held(&nodes[*node]).0 == [1])
    })
    .await;
    nodes
}

/// What is signed in the tests here.
fn order(world: &World, me: usize, other: usize) -> SigningOrder {
    let key =
        signing_primitives::derive_child_key(&committee().1[0].verifying_key(), INDEX).unwrap();
    SigningOrder {
        trace: Default::default(),
        verifying_key: key,
        network_key: committee().1[0].verifying_key(),
        registration_index: INDEX,
        digest: [9; 32],
        request_id: [9; 32],
        relayer: world.members[world.fresh[1]].party.clone(),
        me: world.members[me].party.clone(),
        participants: [me, other]
            .map(|node| world.members[node].party.clone())
            .into(),
        generation: 1,
    }
}

/// What an honest member makes of a session with the cheater.
async fn failure(ways: &[&str]) -> (SigningFailure, Vec<SigningEvidence>) {
    let world = world();
    let (honest, cheater) = (world.old[0], world.old[1]);
    let nodes = with_cheater(&world, cheater, &conduct(ways)).await;
    let (here, there) = (nodes[honest].signer.clone(), nodes[cheater].signer.clone());
    let (here, _) = tokio::join!(
        here.sign(order(&world, honest, cheater)),
        there.sign(order(&world, cheater, honest)),
    );
    let failure = here.unwrap_err();
    let named = match &failure {
        SigningFailure::Misbehaved { culprits, .. } => culprits.clone(),
        SigningFailure::TimedOut { absent } => absent.clone(),
        failure => panic!("{failure}"),
    };
    assert_eq!(named, [world.members[cheater].party.clone()].into());
    let proofs = nodes[honest].ledger.proofs().into_iter();
    let proofs = proofs.map(|(_, proof)| SigningEvidence::decode_all(&mut &proof[..]).unwrap());
    (failure, proofs.collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cheating_member_is_named_with_evidence() {
    let (failure, evidence) = failure(&["wrong-signature-share"]).await;
    assert!(matches!(failure, SigningFailure::Misbehaved { .. }));
    assert_eq!(evidence.len(), 1);
    assert!(matches!(evidence[0].proof, Proof::SignatureShare { .. }));
    assert_eq!(evidence[0].verify(), Verdict::Proven);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_talks_nonsense_is_named_without_evidence() {
    let (failure, evidence) = failure(&["garbage"]).await;
    assert!(matches!(failure, SigningFailure::Misbehaved { .. }));
    assert!(evidence.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_member_is_named() {
    let (failure, _) = failure(&["silent-from-round=1"]).await;
    assert!(matches!(failure, SigningFailure::TimedOut { .. }));
}

/// The reports that a node makes falsely of its own accord.
async fn false_reports(
    world: &World,
    cheater: usize,
    conduct: &Conduct,
    count: usize,
) -> Vec<FaultReport<AccountId, u32>> {
    let keystore = world.keystores[cheater].clone();
    let reporting = tokio::spawn(report_falsely(
        world.chain.clone(),
        conduct.clone(),
        keystore,
    ));
    until("false reports are made", || {
        world.chain.import(|_| ());
        world.chain.submitted().len() >= count
    })
    .await;
    reporting.abort();
    let reports = world.chain.submitted().into_iter().map(|call| match call {
        SessionKeyCall::ReportFault(report, _) => report,
        call => panic!("{call:?}"),
    });
    reports.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn false_evidence_decodes_and_proves_nothing() {
    let world = world();
    let (honest, cheater) = (world.old[0], world.old[1]);
    let conduct = conduct(&[
        "false-evidence=honest",
        "false-evidence=altered",
        "false-evidence=random",
    ]);
    let nodes = with_cheater(&world, cheater, &conduct).await;
    let (here, there) = (nodes[honest].signer.clone(), nodes[cheater].signer.clone());
    let (one, other) = tokio::join!(
        here.sign(order(&world, honest, cheater)),
        there.sign(order(&world, cheater, honest)),
    );
    assert_eq!(one.unwrap(), other.unwrap());

    let reports = false_reports(&world, cheater, &conduct, 3).await;
    assert_eq!(reports.len(), 3);
    for (report, about_a_session) in reports.iter().zip([true, true, false]) {
        assert_eq!(report.signing_key, world.members[cheater].party);
        let Fault::Provable(encoded) = &report.fault else {
            panic!("{report:?}");
        };
        let evidence = SigningEvidence::decode_all(&mut encoded.as_slice()).unwrap();
        assert!(matches!(evidence.verify(), Verdict::Rejected(_)));
        let accused = |member: &&CommitteeMember<AccountId>| member.validator == report.accused;
        let accused = world.members.iter().find(accused).unwrap();
        assert_eq!(evidence.accused, accused.party);
        assert!(!about_a_session || *accused == world.members[honest]);
        assert_eq!((report.generation, evidence.subject.generation), (1, 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_other_members_are_called_silent_again_and_again() {
    let world = world();
    let cheater = world.old[1];
    let reports = false_reports(&world, cheater, &conduct(&["false-silence"]), 6).await;
    for node in [world.old[0], world.old[2]] {
        let of =
            |report: &&FaultReport<AccountId, u32>| report.accused == world.members[node].validator;
        let at: Vec<_> = reports.iter().filter(of).map(|report| report.at).collect();
        assert!(
            at.len() >= 3 && at.windows(2).all(|pair| pair[1] >= pair[0] + 5),
            "{at:?}"
        );
    }
    assert!(reports.iter().all(|report| {
        report.fault == Fault::Unprovable(UnprovableFault::Silent)
            && report.accused != world.members[cheater].validator
    }));
}
