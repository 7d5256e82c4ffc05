//! Whoever cheats in a provable way is convicted, on the report that an honest signer assembles.

use super::world::play;
use crate::{
    cheater::{
        payloads::{Round2Echo, Round2Normal, Round3Echo, Round4Normal},
        play::{sign_part, Forge, Played},
        ways::{flip, spoil, two_faced, CHEATER},
    },
    Broadcast, IdMap, Part, Proof, Round, SigningEvidence, Verdict,
};
use codec::Encode;

const WITNESS: usize = 1;

/// A session of the parties in which the first of them does something to its messages of a round.
fn cheat_in(parties: &[usize], round: Round, mut cheat: impl FnMut(&mut Forge)) -> Played {
    let played = play(parties, |message| {
        if message.from == CHEATER && message.round == round {
            cheat(message);
        }
    });
    assert!(!played.signed, "{round:?}");
    played
}

/// The witness's evidence against the cheater; it has none against anybody else, and the cheater
/// none against the witness.
fn conviction(played: &Played) -> SigningEvidence {
    let evidence = played.evidence(WITNESS, CHEATER).expect("no evidence");
    assert_eq!(
        crate::signing_evidence_verifier::verify(&evidence.encode()),
        Verdict::Proven
    );
    for accuser in 0..played.signers.len() {
        for accused in 1..played.signers.len() {
            assert_eq!(played.evidence(accuser, accused), None);
        }
    }
    evidence
}

#[test]
fn a_message_of_the_wrong_form() {
    let rounds = [1, 2, 3].map(Round::new);
    let all = rounds
        .into_iter()
        .flat_map(|round| [round, round.passing_on()])
        .chain([Round::new(4)]);
    for round in all {
        for part in [Part::Echo, Part::Normal, Part::Direct] {
            let played = cheat_in(&[0, 1], round, |message| message.set(part, Some(vec![7])));
            let proof = conviction(&played).proof;
            assert!(
                matches!(&proof, Proof::InvalidMessage { round: r, part: p, .. }
                    if *r == round && *p == part),
                "{round:?} {part:?}: {proof:?}"
            );
        }
    }
}

#[test]
fn a_message_without_a_part() {
    for (round, part) in [
        (Round::new(1), Part::Direct),
        (Round::new(2), Part::Echo),
        (Round::new(3), Part::Normal),
        (Round::new(3).passing_on(), Part::Normal),
    ] {
        let played = cheat_in(&[0, 1], round, |message| message.set(part, None));
        assert!(
            matches!(conviction(&played).proof, Proof::InvalidMessage { message, .. }
            if message.payload.is_none())
        );
    }
}

#[test]
fn wrong_ids() {
    let two = Round::new(2);
    let played = [
        cheat_in(&[0, 1], two, |message| {
            message.change(Part::Normal, |normal: &mut Round2Normal| normal.ds.clear());
        }),
        cheat_in(&[0, 1], two, |message| {
            message.change(Part::Echo, |echo: &mut Round2Echo| echo.fs.clear());
        }),
        cheat_in(&[0, 1], two, |message| {
            message.change(Part::Normal, |normal: &mut Round2Normal| {
                normal.psis.clear()
            });
        }),
    ];
    let maps = played.map(|played| match conviction(&played).proof {
        Proof::WrongIds { map, .. } => map,
        proof => panic!("{proof:?}"),
    });
    assert_eq!(maps, [IdMap::D, IdMap::F, IdMap::Psi]);
}

#[test]
fn a_wrong_aff_g_proof() {
    let played = cheat_in(&[0, 1], Round::new(2), |message| {
        message.change(Part::Normal, |normal: &mut Round2Normal| {
            spoil(&mut normal.psis, 0);
        });
    });
    assert!(matches!(conviction(&played).proof, Proof::AffGPsi { .. }));
}

/// Every receiver checks the proofs made for the others, too, and can show them to be wrong.
#[test]
fn a_wrong_aff_g_proof_for_another() {
    let played = cheat_in(&[0, 1, 2], Round::new(2), |message| {
        message.change(Part::Normal, |normal: &mut Round2Normal| {
            spoil(&mut normal.psis, 1);
        });
    });
    let other = played.id(2);
    for witness in [1, 2] {
        let evidence = played.evidence(witness, CHEATER).unwrap();
        assert!(matches!(evidence.proof, Proof::AffGPsi { failed_for, .. }
            if failed_for == other));
    }
}

#[test]
fn a_wrong_elog_proof() {
    let played = cheat_in(&[0, 1], Round::new(2), |message| {
        message.change(Part::Normal, |normal: &mut Round2Normal| {
            flip(&mut normal.elog.z);
        });
    });
    assert!(matches!(conviction(&played).proof, Proof::Elog { .. }));
}

#[test]
fn a_wrong_signature_share() {
    for parties in [&[0, 1][..], &[0, 1, 2]] {
        let played = cheat_in(parties, Round::new(4), |message| {
            message.change(Part::Normal, |normal: &mut Round4Normal| {
                flip(&mut normal.sigma);
            });
        });
        assert!(matches!(
            conviction(&played).proof,
            Proof::SignatureShare { .. }
        ));
    }
}

/// Sends party 2 another echo broadcast than party 1, which nobody can tell before they compare.
fn play_two_faced(number: u8) -> Played {
    play(&[0, 1, 2], |message| match (message.from, number) {
        (CHEATER, 3) if message.to == 2 && message.round == Round::new(3) => {
            message.change(Part::Echo, |echo: &mut Round3Echo| flip(&mut echo.delta));
        }
        (CHEATER, 1 | 2) => two_faced(message, number),
        _ => {}
    })
}

#[test]
fn contradictory_echo_broadcasts() {
    for round in [2, 3] {
        let played = play_two_faced(round);
        assert!(!played.signed);
        for witness in [1, 2] {
            let evidence = played.evidence(witness, CHEATER).unwrap();
            assert!(
                matches!(evidence.proof, Proof::ContradictoryEcho { round: r, .. }
                if r == round)
            );
        }
        for (accuser, accused) in [(0, 1), (0, 2), (1, 2), (2, 1)] {
            assert_eq!(played.evidence(accuser, accused), None);
        }
    }
}

/// In round 1 one receiver's word is not enough: the signed hash that another passes on may be
/// that of the message which was for that other alone. Both broadcasts together are proof.
#[test]
fn contradictory_echo_broadcasts_of_round_1() {
    let played = play_two_faced(1);
    assert!(!played.signed);
    for witness in [1, 2] {
        assert_eq!(played.evidence(witness, CHEATER), None);
    }
    let everything = played.everything();
    let evidence = played
        .facts
        .evidence_against(&played.id(CHEATER), &everything);
    assert!(matches!(
        evidence.unwrap().proof,
        Proof::ContradictoryBroadcasts { part: Broadcast::Echo, round, .. } if round == Round::new(1)
    ));
    for honest in [1, 2] {
        let evidence = played
            .facts
            .evidence_against(&played.id(honest), &everything);
        assert_eq!(evidence, None);
    }
}

/// One that sends the same receiver two different messages is convicted by both together.
#[test]
fn contradictory_normal_broadcasts() {
    let mut played = cheat_in(&[0, 1], Round::new(4), |message| {
        message.change(Part::Normal, |normal: &mut Round4Normal| {
            flip(&mut normal.sigma);
        });
    });
    let session_id = crate::layout::manul_session_id(&played.session_id());
    let another = sign_part(
        &played.signers[CHEATER],
        &session_id,
        Round::new(4),
        Part::Normal,
        Some(vec![1]),
    );
    let mut sent = played.messages.last().unwrap().clone();
    assert_eq!((sent.from, sent.round), (1, Round::new(4)));
    let first = played.part(CHEATER, Round::new(4), Part::Normal);
    sent.message.normal = crate::layout::PartLayout::new(&session_id, Round::new(4), &another);
    let report = played.report(
        CHEATER,
        Proof::ContradictoryBroadcasts {
            round: Round::new(4),
            part: Broadcast::Normal,
            first,
            second: another,
        },
    );
    assert_eq!(report.verify(), Verdict::Proven);
    let bytes = postcard::to_allocvec(&sent.message).unwrap();
    let party = played.signers[CHEATER].party().clone();
    played.transcripts[WITNESS].record(&party, &bytes);
    assert!(played.evidence(WITNESS, CHEATER).is_some());
}
