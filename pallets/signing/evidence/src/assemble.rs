//! From what a signer has seen of a failed session to evidence.

use crate::{
    layout::{
        decode, manul_session_id, part_hash, EchoRoundLayout, MessageLayout, MetadataLayout,
        PartLayout,
    },
    report::{Broadcast, EchoPack, IdMap, Part, Proof, Round, SignedMessage},
    PartyId, SigningEvidence, Verdict, MAX_REPORT_BYTES,
};
use codec::Encode;
use core::fmt;
use signing_primitives::{SessionNonce, SignerId, SigningSubject, Subject};
use sp_runtime::BoundedVec;
use std::collections::BTreeMap;

/// Messages of one sender that are kept. An honest one sends at most seven in a session.
const MESSAGES_PER_SENDER: usize = 16;

/// The messages of a session, as its signer saw them.
#[derive(Clone, Default)]
pub struct Transcript {
    messages: BTreeMap<PartyId, Vec<MessageLayout>>,
}

impl Transcript {
    /// Keeps a message, in manul's serialization, that `sender` sent: another party to this one,
    /// or this one to any other. What cannot become evidence is not kept.
    pub fn record(&mut self, sender: &PartyId, message: &[u8]) {
        if message.len() > MAX_REPORT_BYTES as usize {
            return;
        }
        let Some(message) = decode::<MessageLayout>(message) else {
            return;
        };
        let messages = self.messages.entry(sender.clone()).or_default();
        if messages.len() < MESSAGES_PER_SENDER {
            messages.push(message);
        }
    }
}

impl fmt::Debug for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.messages.iter().map(|(sender, m)| (sender, m.len()));
        f.debug_map().entries(counts).finish()
    }
}

/// What a signing session was about, as this node's own signer knows it.
#[derive(Clone, Debug)]
pub struct SessionFacts {
    /// What the participants agreed on.
    pub subject: SigningSubject,
    /// What each contributed to the session's id.
    pub nonces: BTreeMap<SignerId, SessionNonce>,
    /// The participants' public key shares.
    pub public_shares: Vec<u8>,
    /// The participants' public auxiliary information.
    pub public_aux_info: Vec<u8>,
}

impl SessionFacts {
    /// Evidence that `accused` cheated in the session, if the transcript holds any that proves it.
    ///
    /// Tries all kinds of proof, the costly ones last and short ones first, and checks each as the
    /// chain will: what it returns is [`Verdict::Proven`]. Takes up to a tenth of a second per
    /// participant.
    pub fn evidence_against(
        &self,
        accused: &SignerId,
        transcript: &Transcript,
    ) -> Option<SigningEvidence> {
        let subject = Subject::Signing(self.subject.clone());
        let session_id = manul_session_id(&subject.session_id(&self.nonces).ok()?);
        let nonces: Vec<SessionNonce> = self.nonces.values().copied().collect();
        let search = Search {
            facts: self,
            transcript,
            session_id,
            accused: accused.clone().into(),
        };
        let public_shares: BoundedVec<_, _> = self.public_shares.clone().try_into().ok()?;
        let public_aux_info: BoundedVec<_, _> = self.public_aux_info.clone().try_into().ok()?;
        let nonces: BoundedVec<_, _> = nonces.try_into().ok()?;
        let mut reports = search.proofs().map(|proof| SigningEvidence {
            subject: self.subject.clone(),
            nonces: nonces.clone(),
            public_shares: public_shares.clone(),
            public_aux_info: public_aux_info.clone(),
            accused: accused.clone(),
            proof,
        });
        reports.find(|report| report.verify() == Verdict::Proven)
    }
}

/// The search for a proof against one party.
struct Search<'a> {
    facts: &'a SessionFacts,
    transcript: &'a Transcript,
    session_id: Vec<u8>,
    accused: PartyId,
}

impl<'a> Search<'a> {
    /// All that may be a proof: what takes a millisecond to check, the shortest first, and then what
    /// takes a tenth of a second.
    fn proofs(&'a self) -> impl Iterator<Item = Proof> + 'a {
        let mut quick: Vec<Proof> = self
            .invalid_messages()
            .chain(self.contradictory_broadcasts())
            .chain(self.contradictory_echoes())
            .chain(self.wrong_ids())
            .chain(self.elog())
            .chain(self.signature_share())
            .collect();
        quick.sort_by_cached_key(Encode::encoded_size);
        let slow = self.others().filter_map(|other| self.aff_g_psi(other));
        quick.into_iter().chain(slow)
    }

    fn invalid_messages(&'a self) -> impl Iterator<Item = Proof> + 'a {
        rounds().flat_map(move |round| {
            [Part::Echo, Part::Normal, Part::Direct]
                .into_iter()
                .flat_map(move |part| {
                    self.all_of(&self.accused, round, part).map(move |message| {
                        Proof::InvalidMessage {
                            round,
                            part,
                            message,
                        }
                    })
                })
        })
    }

    fn contradictory_broadcasts(&'a self) -> impl Iterator<Item = Proof> + 'a {
        rounds().flat_map(move |round| {
            [Broadcast::Echo, Broadcast::Normal]
                .into_iter()
                .filter_map(move |part| {
                    let mut messages = self.all_of(&self.accused, round, part.into());
                    let first = messages.next()?;
                    let second = messages.find(|second| second.payload != first.payload)?;
                    Some(Proof::ContradictoryBroadcasts {
                        round,
                        part,
                        first,
                        second,
                    })
                })
        })
    }

    fn contradictory_echoes(&'a self) -> impl Iterator<Item = Proof> + 'a {
        [2, 3].into_iter().flat_map(move |number| {
            self.others()
                .filter_map(move |other| self.contradictory_echo(number, other))
        })
    }

    /// What `other` says that the accused had sent it, if that is not what came here.
    fn contradictory_echo(&self, number: u8, other: &SignerId) -> Option<Proof> {
        let round = Round::new(number);
        let metadata = MetadataLayout::new(&self.session_id, round);
        let echo = self.own(round, Part::Echo)?;
        let pack = self.of(&other.clone().into(), round.passing_on(), Part::Normal)?;
        let pack: EchoRoundLayout = decode(pack.payload.as_deref()?)?;
        let (_, passed_on) = pack.hashes.iter().find(|(of, _)| *of == self.accused)?;
        let (signature, hash) = passed_on.of_round(&metadata)?;
        if hash == part_hash(Part::Echo, echo.payload.as_deref()) {
            return None;
        }
        Some(Proof::ContradictoryEcho {
            round: number,
            echo,
            normal: self.own(round, Part::Normal)?,
            signature,
            hash,
        })
    }

    fn wrong_ids(&'a self) -> impl Iterator<Item = Proof> + 'a {
        [
            (IdMap::D, Part::Normal),
            (IdMap::F, Part::Echo),
            (IdMap::Psi, Part::Normal),
        ]
        .into_iter()
        .filter_map(|(map, part)| {
            Some(Proof::WrongIds {
                map,
                broadcast: self.own(Round::new(2), part)?,
            })
        })
    }

    fn elog(&self) -> Option<Proof> {
        Some(Proof::Elog {
            round1_echo: self.own(Round::new(1), Part::Echo)?,
            echo: self.own(Round::new(2), Part::Echo)?,
            normal: self.own(Round::new(2), Part::Normal)?,
        })
    }

    fn signature_share(&self) -> Option<Proof> {
        Some(Proof::SignatureShare {
            round2_echo: self.own(Round::new(2), Part::Echo)?,
            round2: self.pack(Round::new(2))?,
            round3_echo: self.own(Round::new(3), Part::Echo)?,
            round3_normal: self.own(Round::new(3), Part::Normal)?,
            round3: self.pack(Round::new(3))?,
            normal: self.own(Round::new(4), Part::Normal)?,
        })
    }

    fn aff_g_psi(&self, failed_for: &SignerId) -> Option<Proof> {
        Some(Proof::AffGPsi {
            failed_for: failed_for.clone(),
            echo: self.own(Round::new(2), Part::Echo)?,
            normal: self.own(Round::new(2), Part::Normal)?,
            round1: self.pack(Round::new(1))?,
        })
    }

    /// What the accused says it received in a round, with what the others really sent.
    fn pack(&self, round: Round) -> Option<EchoPack> {
        Some(EchoPack {
            hashes: self.own(round.passing_on(), Part::Normal)?,
            broadcasts: self
                .others()
                .map(|other| {
                    let message = self.of(&other.clone().into(), round, Part::Echo)?;
                    Some((other.clone(), message))
                })
                .collect::<Option<_>>()?,
        })
    }

    /// The participants that are not accused, ascending.
    fn others(&self) -> impl Iterator<Item = &SignerId> {
        let participants = self.facts.subject.participants.iter();
        participants.filter(|party| **party != *self.accused.signer_id())
    }

    /// A part of a message of the accused.
    fn own(&self, round: Round, part: Part) -> Option<SignedMessage> {
        self.of(&self.accused, round, part)
    }

    fn of(&self, sender: &PartyId, round: Round, part: Part) -> Option<SignedMessage> {
        self.all_of(sender, round, part).next()
    }

    fn all_of(
        &'a self,
        sender: &PartyId,
        round: Round,
        part: Part,
    ) -> impl Iterator<Item = SignedMessage> + 'a {
        let metadata = MetadataLayout::new(&self.session_id, round);
        self.transcript
            .messages
            .get(sender)
            .into_iter()
            .flatten()
            .filter_map(move |message| part_of(message, part).of_round(&metadata))
    }
}

fn part_of(message: &MessageLayout, part: Part) -> &PartLayout {
    match part {
        Part::Echo => &message.echo,
        Part::Normal => &message.normal,
        Part::Direct => &message.direct,
    }
}

/// All rounds in which a message can be proof.
fn rounds() -> impl Iterator<Item = Round> {
    (1..=4)
        .map(Round::new)
        .flat_map(|round| [round, round.passing_on()])
        .filter(|round| round.exists())
}
