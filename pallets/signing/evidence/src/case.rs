//! From a report to what the protocol library is to judge: signatures, rounds, participants.

use crate::{
    layout::{
        has_signed, part_hash, ErrorLayout, EvidenceKind, MetadataLayout, PartLayout,
        ProtocolEvidenceLayout, RoundLayout,
    },
    report::{EchoPack, IdMap, Part, Proof, Round, SignedMessage},
    verify::Checked,
    PartyId, Rejection, SigningEvidence,
};
use signing_primitives::SignerId;

/// Checks all signatures of a report, and puts together what the library is to judge. None if
/// nothing is left to judge: the signatures alone prove it.
pub(crate) fn evidence(
    report: &SigningEvidence,
    manul_session_id: Vec<u8>,
) -> Checked<Option<EvidenceKind>> {
    let case = Case {
        report,
        accused: report.accused.clone().into(),
        session_id: manul_session_id,
    };
    match &report.proof {
        Proof::InvalidMessage {
            round,
            part,
            message,
        } => {
            if !round.exists() {
                return Err(Rejection::WrongRound);
            }
            let message = case.signed(*round, *part, message)?;
            Ok(Some(match part {
                Part::Echo => EvidenceKind::InvalidEchoBroadcast(message),
                Part::Normal => EvidenceKind::InvalidNormalBroadcast(message),
                Part::Direct => EvidenceKind::InvalidDirectMessage(message),
            }))
        }
        Proof::ContradictoryBroadcasts {
            round,
            part,
            first,
            second,
        } => {
            if !round.exists() {
                return Err(Rejection::WrongRound);
            }
            case.signed(*round, (*part).into(), first)?;
            case.signed(*round, (*part).into(), second)?;
            proven_if(first.payload != second.payload)
        }
        Proof::ContradictoryEcho {
            round,
            echo,
            normal,
            signature,
            hash,
        } => case.contradictory_echo(*round, [echo, normal], signature, hash),
        Proof::WrongIds { map, broadcast } => case.wrong_ids(*map, broadcast).map(judged),
        Proof::AffGPsi {
            failed_for,
            echo,
            normal,
            round1,
        } => case
            .aff_g_psi(failed_for, [echo, normal], round1)
            .map(judged),
        Proof::Elog {
            round1_echo,
            echo,
            normal,
        } => case.elog(round1_echo, [echo, normal]).map(judged),
        Proof::SignatureShare {
            round2_echo,
            round2,
            round3_echo,
            round3_normal,
            round3,
            normal,
        } => {
            let mut evidence = ProtocolEvidenceLayout {
                normal: Some(case.signed(FOUR, Part::Normal, normal)?),
                earlier_echo: vec![
                    case.earlier(TWO, Part::Echo, round2_echo)?,
                    case.earlier(THREE, Part::Echo, round3_echo)?,
                ],
                earlier_normal: vec![case.earlier(THREE, Part::Normal, round3_normal)?],
                ..ProtocolEvidenceLayout::new(ErrorLayout::R4_SIGNATURE_SHARE)
            };
            case.add_pack(&mut evidence, TWO, round2)?;
            case.add_pack(&mut evidence, THREE, round3)?;
            Ok(judged(evidence))
        }
    }
}

const ONE: Round = Round::new(1);
const TWO: Round = Round::new(2);
const THREE: Round = Round::new(3);
const FOUR: Round = Round::new(4);

fn judged(evidence: ProtocolEvidenceLayout) -> Option<EvidenceKind> {
    Some(EvidenceKind::Protocol(Box::new(evidence)))
}

fn proven_if(condition: bool) -> Checked<Option<EvidenceKind>> {
    match condition {
        true => Ok(None),
        false => Err(Rejection::NotProven),
    }
}

/// A report whose session is known.
struct Case<'a> {
    report: &'a SigningEvidence,
    accused: PartyId,
    session_id: Vec<u8>,
}

impl Case<'_> {
    fn contradictory_echo(
        &self,
        round: u8,
        [echo, normal]: [&SignedMessage; 2],
        signature: &[u8; 64],
        hash: &[u8; 32],
    ) -> Checked<Option<EvidenceKind>> {
        let round = match round {
            2 | 3 => Round::new(round),
            _ => return Err(Rejection::WrongRound),
        };
        self.signed(round, Part::Echo, echo)?;
        self.signed(round, Part::Normal, normal)?;
        let metadata = MetadataLayout::new(&self.session_id, round);
        if !has_signed(&self.accused, &metadata, signature, hash) {
            return Err(Rejection::WrongSignature);
        }
        let all_that_the_honest_sign = [
            part_hash(Part::Echo, echo.payload.as_deref()),
            part_hash(Part::Normal, normal.payload.as_deref()),
            part_hash(Part::Direct, None),
        ];
        proven_if(!all_that_the_honest_sign.contains(hash))
    }

    fn wrong_ids(&self, map: IdMap, broadcast: &SignedMessage) -> Checked<ProtocolEvidenceLayout> {
        let normal = |error| {
            Ok(ProtocolEvidenceLayout {
                normal: Some(self.signed(TWO, Part::Normal, broadcast)?),
                ..ProtocolEvidenceLayout::new(error)
            })
        };
        match map {
            IdMap::D => normal(ErrorLayout::R2_WRONG_IDS_D),
            IdMap::Psi => normal(ErrorLayout::R2_WRONG_IDS_PSI),
            IdMap::F => Ok(ProtocolEvidenceLayout {
                echo: Some(self.signed(TWO, Part::Echo, broadcast)?),
                ..ProtocolEvidenceLayout::new(ErrorLayout::R2_WRONG_IDS_F)
            }),
        }
    }

    fn aff_g_psi(
        &self,
        failed_for: &SignerId,
        [echo, normal]: [&SignedMessage; 2],
        round1: &EchoPack,
    ) -> Checked<ProtocolEvidenceLayout> {
        if !self.others().any(|other| other == failed_for) {
            return Err(Rejection::NotAParticipant);
        }
        let error = ErrorLayout::r2_aff_g_psi(failed_for.clone().into());
        let mut evidence = ProtocolEvidenceLayout {
            echo: Some(self.signed(TWO, Part::Echo, echo)?),
            normal: Some(self.signed(TWO, Part::Normal, normal)?),
            ..ProtocolEvidenceLayout::new(error)
        };
        self.add_pack(&mut evidence, ONE, round1)?;
        Ok(evidence)
    }

    fn elog(
        &self,
        round1_echo: &SignedMessage,
        [echo, normal]: [&SignedMessage; 2],
    ) -> Checked<ProtocolEvidenceLayout> {
        Ok(ProtocolEvidenceLayout {
            echo: Some(self.signed(TWO, Part::Echo, echo)?),
            normal: Some(self.signed(TWO, Part::Normal, normal)?),
            earlier_echo: vec![self.earlier(ONE, Part::Echo, round1_echo)?],
            ..ProtocolEvidenceLayout::new(ErrorLayout::R2_ELOG)
        })
    }

    /// Adds what the accused says it received in a round.
    fn add_pack(
        &self,
        evidence: &mut ProtocolEvidenceLayout,
        round: Round,
        pack: &EchoPack,
    ) -> Checked {
        let senders = pack.broadcasts.iter().map(|(sender, _)| sender);
        if !senders.eq(self.others()) {
            return Err(Rejection::NotAParticipant);
        }
        let hashes = self.signed(round.passing_on(), Part::Normal, &pack.hashes)?;
        let broadcasts = pack
            .broadcasts
            .iter()
            .map(|(sender, message)| {
                let sender = PartyId::from(sender.clone());
                let message = self.signed_by(&sender, round, Part::Echo, message)?;
                Ok((sender, message))
            })
            .collect::<Checked<_>>()?;
        evidence.echo_hashes.push((round.into(), hashes));
        evidence.others_echo.push((round.into(), broadcasts));
        Ok(())
    }

    /// The participants that are not accused, ascending.
    fn others(&self) -> impl Iterator<Item = &SignerId> {
        let participants = self.report.subject.participants.iter();
        participants.filter(|party| **party != self.report.accused)
    }

    /// A message of the accused from a round before the one in which it failed.
    fn earlier(
        &self,
        round: Round,
        part: Part,
        message: &SignedMessage,
    ) -> Checked<(RoundLayout, PartLayout)> {
        Ok((round.into(), self.signed(round, part, message)?))
    }

    /// A message of the accused.
    fn signed(&self, round: Round, part: Part, message: &SignedMessage) -> Checked<PartLayout> {
        self.signed_by(&self.accused, round, part, message)
    }

    fn signed_by(
        &self,
        party: &PartyId,
        round: Round,
        part: Part,
        message: &SignedMessage,
    ) -> Checked<PartLayout> {
        let metadata = MetadataLayout::new(&self.session_id, round);
        let hash = part_hash(part, message.payload.as_deref());
        if has_signed(party, &metadata, &message.signature, &hash) {
            Ok(PartLayout::new(&self.session_id, round, message))
        } else {
            Err(Rejection::WrongSignature)
        }
    }
}
