//! What is said in protocol runs: two of three sign, and the second of them misbehaves.

use super::*;
use crate::protocol::{
    signing::sign,
    test_network::{among, committee, TestNetwork},
    Fault, RecoverableSignature, SessionError, Stage,
};
use signing_evidence::{Proof, SigningEvidence, Verdict};
use signing_primitives::{SessionId, Subject};
use sp_core::H256;
use std::{collections::BTreeMap, sync::Mutex};
use tokio_util::sync::CancellationToken;

const DIGEST: [u8; 32] = [0xd2; 32];
const HONEST: usize = 0;
const CHEATER: usize = 1;

/// How a session ended for the honest one, and what it has against the cheater.
struct Ended {
    result: Result<RecoverableSignature, SessionError>,
    evidence: Vec<SigningEvidence>,
    pair: TestNetwork,
}

impl Ended {
    /// The error, which blames the cheater and nobody else.
    fn fault(&self) -> Fault {
        let error = self.result.as_ref().unwrap_err();
        assert_eq!(error.blamed(), [self.pair.party(CHEATER)].into(), "{error}");
        let SessionError::Misbehaviour { culprits, .. } = error else {
            panic!("{error}");
        };
        culprits[&self.pair.party(CHEATER)].fault.clone()
    }

    /// The proof, which convinces whoever checks it as the chain does.
    fn proof(&self) -> &Proof {
        let [evidence] = self.evidence.as_slice() else {
            panic!("{:?}", self.result);
        };
        assert_eq!(evidence.accused, *self.pair.party(CHEATER).signer_id());
        assert_eq!(evidence.verify(), Verdict::Proven);
        &evidence.proof
    }
}

fn session(conduct: &Conduct, request: u8) -> Ended {
    let pair = among(&committee().0, &[HONEST, CHEATER]);
    let parties = [pair.party(HONEST), pair.party(CHEATER)];
    let participants = parties.clone().into();
    let inputs = |of: usize| {
        let owner = parties[of].clone();
        let material = committee().1.iter().find(|m| *m.owner() == owner).unwrap();
        material.signing_inputs(Some(3), &participants).unwrap()
    };
    let subject = inputs(HONEST).subject(H256([9; 32]), 1, DIGEST, [request; 32]);
    let id = Subject::Signing(subject.clone())
        .session_id(&pair.nonces())
        .unwrap();
    let liar = Mutex::new(liar(&pair, conduct, id, Runs::Signing));
    let honest = pair.party(HONEST);
    let pair =
        pair.impatient(Duration::from_secs(5))
            .tampered(move |from, _, message| match from {
                CHEATER => liar.lock().unwrap().instead_of(&honest, message),
                _ => vec![message],
            });
    let over = CancellationToken::new();
    let mut results = pair.run_session(id, |index, mut run| {
        if index == CHEATER {
            run.cancel = over.clone();
        }
        let result = sign(inputs(index), DIGEST, run);
        if index == HONEST {
            over.cancel();
        }
        result
    });
    let facts = SessionFacts {
        nonces: pair.nonces(),
        public_shares: inputs(HONEST).public_shares,
        public_aux_info: inputs(HONEST).public_aux_info,
        subject,
    };
    let result = results.swap_remove(HONEST);
    let evidence = match &result {
        Err(error) => error.evidence(&facts),
        Ok(_) => Vec::new(),
    };
    Ended {
        result,
        evidence,
        pair,
    }
}

fn liar(pair: &TestNetwork, conduct: &Conduct, id: SessionId, runs: Runs) -> session::Liar {
    let signer = pair.signers[CHEATER].clone();
    session::Liar::of(conduct.clone(), signer, id, runs, 1)
}

fn misbehaved(way: &str) -> Ended {
    session(&conduct(&[way]), 1)
}

#[test]
fn ways_of_other_runs_leave_signing_alone() {
    let others = conduct(&["silent-in=keygen", "silent-in=reshare", "false-silence"]);
    assert!(session(&others, 1).result.is_ok());
}

#[test]
fn silence_from_a_round_on() {
    for round in 1..=4 {
        let ended = misbehaved(&format!("silent-from-round={round}"));
        let Err(SessionError::TimedOut { round: at, absent }) = &ended.result else {
            panic!("{:?}", ended.result);
        };
        assert_eq!(*absent, [ended.pair.party(CHEATER)].into());
        assert_eq!(
            at.id.as_ref().unwrap().to_string(),
            format!("Round {round}")
        );
        assert!(ended.evidence.is_empty());
    }
}

#[test]
fn silence_in_a_kind_of_run() {
    let pair = among(&committee().0, &[HONEST, CHEATER]);
    let all = [Runs::Keygen, Runs::Reshare, Runs::AuxInfo, Runs::Signing];
    for (way, silent) in [
        ("silent-in=keygen", vec![Runs::Keygen]),
        ("silent-in=reshare", vec![Runs::Reshare]),
        ("silent-in=aux-info", vec![Runs::AuxInfo]),
        ("silent-in=signing", vec![Runs::Signing]),
        ("silent-in=all", all.to_vec()),
    ] {
        for runs in all {
            let mut liar = liar(&pair, &conduct(&[way]), SessionId([1; 32]), runs);
            let said = liar.instead_of(&pair.party(HONEST), vec![1, 2, 3]);
            assert_eq!(said.is_empty(), silent.contains(&runs), "{way} {runs:?}");
        }
    }
}

#[test]
fn a_wrong_proof_in_round_2_is_provable() {
    let ended = misbehaved("wrong-proof-in-round=2");
    assert_eq!(ended.fault(), Fault::Provable);
    assert!(matches!(ended.proof(), Proof::AffGPsi { .. }));
}

#[test]
fn wrong_proofs_in_rounds_1_and_3_are_noticed_but_prove_nothing() {
    for round in [1, 3] {
        let ended = misbehaved(&format!("wrong-proof-in-round={round}"));
        ended.fault();
        let error = ended.result.as_ref().unwrap_err().to_string();
        assert!(error.contains(&format!("Round {round}")), "{error}");
        assert!(ended.evidence.is_empty());
    }
}

#[test]
fn a_wrong_signature_share_is_provable() {
    let ended = misbehaved("wrong-signature-share");
    assert_eq!(ended.fault(), Fault::Provable);
    assert!(matches!(ended.proof(), Proof::SignatureShare { .. }));
}

#[test]
fn two_broadcasts_to_one_are_provable() {
    let ended = misbehaved("different-broadcasts");
    assert!(matches!(
        ended.proof(),
        Proof::ContradictoryBroadcasts { .. }
    ));
}

/// With several others, each of them is told another thing, in round 2 only.
#[test]
fn each_is_told_another_thing() {
    let spoken = Mutex::new(BTreeMap::new());
    let pair = among(&committee().0, &[HONEST, CHEATER]);
    let participants = [pair.party(HONEST), pair.party(CHEATER)].into();
    let recorded = std::sync::Arc::new(spoken);
    let recorder = recorded.clone();
    let pair = pair.tampered(move |from, _, message| {
        if from == CHEATER {
            if let Some(read) = forge::Message::read(&message[1..]) {
                let mut spoken = recorder.lock().unwrap();
                spoken.insert(read.round(), message.clone());
            }
        }
        vec![message]
    });
    let results = pair.run(|index, run| {
        let owner = pair.party(index);
        let material = committee().1.iter().find(|m| *m.owner() == owner).unwrap();
        let inputs = material.signing_inputs(Some(3), &participants).unwrap();
        sign(inputs, DIGEST, run)
    });
    assert!(results.iter().all(Result::is_ok));
    let spoken = recorded.lock().unwrap();
    let two_faced = conduct(&["different-broadcasts"]);
    let signer = pair.signers[CHEATER].clone();
    let id = SessionId([1; 32]);
    let mut liar = session::Liar::of(two_faced, signer, id, Runs::Signing, 3);
    let mut told = Vec::new();
    for (round, message) in spoken.iter() {
        for other in [0, 1, 2] {
            let other = committee().0.party(other);
            let said = liar.instead_of(&other, message.clone());
            assert_eq!(said.len(), 1);
            match *round == (2, false) {
                true => told.extend(said),
                false => assert_eq!(said, std::slice::from_ref(message)),
            }
        }
    }
    assert_eq!(told[0], spoken[&(2, false)]);
    assert!(told[0] != told[1] && told[1] != told[2] && told[0] != told[2]);
}

#[test]
fn garbage_is_noticed_but_proves_nothing() {
    let ended = misbehaved("garbage");
    assert_eq!(ended.fault(), Fault::Unprovable);
    assert!(ended.evidence.is_empty());
}

#[test]
fn messages_of_an_earlier_session_are_noticed_but_prove_nothing() {
    let conduct = conduct(&["replay"]);
    assert!(session(&conduct, 1).result.is_ok());
    let second = session(&conduct, 2);
    assert_eq!(second.fault(), Fault::Unprovable);
    let error = second.result.as_ref().unwrap_err().to_string();
    assert!(error.contains("session ID"), "{error}");
    assert!(second.evidence.is_empty());
}

#[test]
fn what_is_not_of_signing_is_not_touched() {
    let all = conduct(&[
        "silent-from-round=1",
        "wrong-proof-in-round=1",
        "garbage",
        "replay",
        "different-broadcasts",
    ]);
    let pair = among(&committee().0, &[HONEST, CHEATER]);
    for runs in [Runs::Keygen, Runs::Reshare, Runs::AuxInfo] {
        let mut liar = liar(&pair, &all, SessionId([1; 32]), runs);
        let message = vec![Stage::AuxGen.to_byte(), 7];
        let said = liar.instead_of(&pair.party(HONEST), message.clone());
        assert_eq!(said, [message]);
    }
}
