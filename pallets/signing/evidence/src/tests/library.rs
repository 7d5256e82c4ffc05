//! What is known of the protocol library, and what reports rely on. A test that fails here after an
//! update of the library says what has to be thought through again.

use super::world::honest;
use crate::{
    cheater::{
        play::Played,
        proofs::{pack, proofs},
    },
    layout::{
        manul_session_id, part_hash, ErrorLayout, EvidenceKind, EvidenceLayout, HashLayout,
        PartLayout, ProtocolEvidenceLayout,
    },
    Part, PartyId, Proof, Rejection, Round, SignedMessage,
};
use manul::protocol::Protocol;
use synedrion::InteractiveSigningProtocol;

type Error =
    <InteractiveSigningProtocol<crate::Params, PartyId> as Protocol<PartyId>>::ProtocolError;

/// The numbers of the library's errors.
#[test]
fn errors_have_their_numbers() {
    let id = honest(2).signers[0].party().clone();
    let expected = [
        (
            ErrorLayout::R2_WRONG_IDS_D,
            "Round 2: wrong IDs in `D` map.",
        ),
        (
            ErrorLayout::R2_WRONG_IDS_F,
            "Round 2: wrong IDs in `F` map.",
        ),
        (
            ErrorLayout::R2_WRONG_IDS_PSI,
            "Round 2: wrong IDs in `\\psi` map (`П^{aff-g}` proofs for `D`).",
        ),
        (
            ErrorLayout::r2_aff_g_psi(id),
            "Round 2: failed to verify `\\psi` (`П^{aff-g}` proof for `D`).",
        ),
        (
            ErrorLayout::R2_ELOG,
            "Round 2: failed to verify `П^{elog}` proof.",
        ),
        (
            ErrorLayout::R4_SIGNATURE_SHARE,
            "Round 4: signature share verification failed.",
        ),
    ];
    for (layout, text) in expected {
        let bytes = postcard::to_allocvec(&layout).unwrap();
        let (error, rest) = postcard::take_from_bytes::<Error>(&bytes).unwrap();
        assert!(rest.is_empty());
        assert_eq!(error.to_string(), text);
    }
}

/// Messages of party 0 of an honest session, as the library's evidence holds them.
struct Honest {
    played: &'static Played,
    session_id: Vec<u8>,
}

impl Honest {
    fn new(parties: usize) -> Self {
        let played = honest(parties);
        Self {
            session_id: manul_session_id(&played.session_id()),
            played,
        }
    }

    fn part(&self, round: u8, part: Part) -> PartLayout {
        let round = Round::new(round);
        self.layout(round, &self.played.part(0, round, part))
    }

    fn layout(&self, round: Round, message: &SignedMessage) -> PartLayout {
        PartLayout::new(&self.session_id, round, message)
    }

    fn with_pack(&self, mut evidence: ProtocolEvidenceLayout, round: u8) -> ProtocolEvidenceLayout {
        let round = Round::new(round);
        let pack = pack(self.played, 0, round);
        let hashes = self.layout(round.passing_on(), &pack.hashes);
        let broadcasts = pack
            .broadcasts
            .iter()
            .map(|(from, message)| (from.clone().into(), self.layout(round, message)))
            .collect();
        evidence.echo_hashes.push((round.into(), hashes));
        evidence.others_echo.push((round.into(), broadcasts));
        evidence
    }

    /// Whether the library's check, with all the right data, finds party 0 guilty.
    fn is_convicted<E: serde::Serialize>(&self, evidence: E) -> bool {
        let report = self.played.report(
            0,
            Proof::InvalidMessage {
                round: Round::new(1),
                part: Part::Echo,
                message: self.played.part(0, Round::new(1), Part::Echo),
            },
        );
        let guilty = self.played.signers[0].party().clone();
        let bytes = postcard::to_allocvec(&(guilty, "", evidence)).unwrap();
        match crate::verify::judge(&report, &bytes) {
            Ok(()) => true,
            Err(Rejection::NotProven) => false,
            Err(other) => panic!("{other:?}"),
        }
    }
}

/// Kinds of evidence that convict an honest party by its genuine messages. If one of them does not
/// any more, it may become a kind of proof.
#[test]
fn the_library_convicts_the_honest() {
    let honest = Honest::new(2);
    let id = honest.played.signers[1].party().clone();
    let error = ProtocolEvidenceLayout::new;
    let protocol = |evidence| EvidenceKind::Protocol(Box::new(evidence));

    for enc_elg in [0, 1] {
        assert!(honest.is_convicted(protocol(ProtocolEvidenceLayout {
            echo: Some(honest.part(1, Part::Echo)),
            direct: Some(honest.part(1, Part::Direct)),
            ..error(ErrorLayout::Plain(enc_elg))
        })));
    }
    let hat_psi = ProtocolEvidenceLayout {
        echo: Some(honest.part(2, Part::Echo)),
        normal: Some(honest.part(2, Part::Normal)),
        ..error(ErrorLayout::FailedFor(6, id.clone()))
    };
    assert!(honest.is_convicted(protocol(honest.with_pack(hat_psi, 1))));
    let r3_elog = ProtocolEvidenceLayout {
        normal: Some(honest.part(3, Part::Normal)),
        earlier_echo: vec![
            (Round::new(1).into(), honest.part(1, Part::Echo)),
            (Round::new(2).into(), honest.part(2, Part::Echo)),
        ],
        ..error(ErrorLayout::Plain(8))
    };
    assert!(honest.is_convicted(protocol(r3_elog)));
}

/// As the library's `EvidenceEnum`, the two kinds that reports have nothing of.
#[derive(serde::Serialize)]
#[allow(dead_code)]
enum Others {
    Protocol,
    InvalidDirectMessage,
    InvalidEchoBroadcast,
    InvalidNormalBroadcast,
    InvalidEchoPack(PartLayout, PartyId),
    MismatchedBroadcasts(PartLayout, HashLayout),
}

#[test]
fn the_library_convicts_the_honest_of_a_wrong_echo() {
    let honest = Honest::new(2);
    let round = Round::new(1).passing_on();
    let pack = honest.layout(round, &honest.played.part(0, round, Part::Normal));
    let sender = honest.played.signers[1].party().clone();
    assert!(honest.is_convicted(Others::InvalidEchoPack(pack, sender)));
}

/// The library takes the signed hash of any part of a round's message for that of another echo
/// broadcast. That is why [`Proof::ContradictoryEcho`] asks for more than the library does.
#[test]
fn the_library_convicts_the_honest_of_contradicting_itself() {
    let honest = Honest::new(3);
    for (round, part) in [
        (1, Part::Normal),
        (1, Part::Direct),
        (2, Part::Normal),
        (2, Part::Direct),
        (3, Part::Normal),
    ] {
        let other = honest.played.part(0, Round::new(round), part);
        let hash = HashLayout::new(
            &honest.session_id,
            Round::new(round),
            other.signature,
            part_hash(part, other.payload.as_deref()),
        );
        let echo = honest.part(round, Part::Echo);
        assert!(honest.is_convicted(Others::MismatchedBroadcasts(echo, hash)));
    }
    // Its own hash is none.
    let echo = honest.played.part(0, Round::new(2), Part::Echo);
    let hash = HashLayout::new(
        &honest.session_id,
        Round::new(2),
        echo.signature,
        part_hash(Part::Echo, echo.payload.as_deref()),
    );
    let echo = honest.part(2, Part::Echo);
    assert!(!honest.is_convicted(Others::MismatchedBroadcasts(echo, hash)));
}

/// What is signed does not protect the data that the messages are checked against: that is why the
/// session id commits to it.
#[test]
fn the_library_convicts_the_honest_by_false_data() {
    let Honest { played, session_id } = Honest::new(2);
    let guilty = played.signers[0].party().clone();
    let judge = |proof: Proof, change: fn(&mut crate::SigningEvidence)| {
        let mut report = played.report(0, proof);
        let case = crate::case::evidence(&report, session_id.clone()).unwrap();
        let evidence = postcard::to_allocvec(&EvidenceLayout {
            guilty: guilty.clone(),
            description: "",
            evidence: case.unwrap(),
        })
        .unwrap();
        assert!(crate::verify::judge(&report, &evidence).is_err());
        change(&mut report);
        crate::verify::judge(&report, &evidence).is_ok()
    };
    let proofs = proofs(played, 0);
    let [elog, share, aff_g] = [3, 4, 5].map(|at| proofs[at].clone());
    assert!(matches!(aff_g, Proof::AffGPsi { .. }));
    assert!(judge(share, |report| report.subject.digest[0] ^= 1));
    // The last byte of the last party's ring-Pedersen parameters.
    for proof in [elog, aff_g] {
        assert!(judge(proof, |report| {
            *report.public_aux_info.last_mut().unwrap() ^= 1;
        }));
    }
}
