//! What is said in protocol runs: between the protocol, which is honest, and the wire.

use super::{
    forge::{flip, Message, Part},
    Conduct, Runs, Way,
};
use crate::{
    protocol::{NodeSigner, PartyId, Stage},
    sessions::{RunSpec, Session},
};
use rand::{rngs::OsRng, Rng, RngCore};
use signing_evidence::SessionFacts;
use signing_primitives::{SessionId, SignerId, Subject};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, PoisonError},
};
use tokio::{sync::mpsc, time::sleep};

/// As many messages as the link has room for.
const CHANNEL: usize = 64;
/// Sessions that are remembered.
const SESSIONS: usize = 8;

impl Runs {
    fn of(subject: &Subject) -> Self {
        match subject {
            Subject::Keygen(_) => Self::Keygen,
            Subject::Signing(_) => Self::Signing,
            Subject::Reshare(_) => Self::Reshare,
            Subject::AuxInfo(_) => Self::AuxInfo,
        }
    }
}

/// Puts a liar between the protocol and the wire, if there may be something to lie about.
pub(super) fn interpose(conduct: &Conduct, spec: &RunSpec, mut session: Session) -> Session {
    let runs = Runs::of(&spec.subject);
    if conduct.ever(|way| concerns(way, runs)) {
        if let Some(mut liar) = Liar::new(conduct, spec, &session) {
            let (outgoing, mut said) = mpsc::channel(CHANNEL);
            let wire = std::mem::replace(&mut session.outgoing, outgoing);
            tokio::spawn(async move {
                while let Some((to, bytes)) = said.recv().await {
                    if let Some(delay) = liar.delay() {
                        sleep(delay).await;
                    }
                    for bytes in liar.instead_of(&to, bytes) {
                        if wire.send((to.clone(), bytes)).await.is_err() {
                            return;
                        }
                    }
                }
            });
        }
    }
    let listens = |way: &Way| matches!(way, Way::FalseEvidence(_));
    if runs == Runs::Signing && conduct.ever(listens) {
        let (forward, incoming) = mpsc::channel(CHANNEL);
        let mut wire = std::mem::replace(&mut session.incoming, incoming);
        let (conduct, id) = (conduct.clone(), session.id);
        tokio::spawn(async move {
            while let Some((from, bytes)) = wire.recv().await {
                conduct.0.heard.message(&id, &from, &bytes);
                if forward.send((from, bytes)).await.is_err() {
                    return;
                }
            }
        });
    }
    session
}

/// Whether a way changes what is said in runs of this kind.
fn concerns(way: &Way, runs: Runs) -> bool {
    match way {
        Way::SilentIn(silent) => silent.include(runs),
        Way::SilentFromRound(_)
        | Way::WrongProofInRound(_)
        | Way::WrongSignatureShare
        | Way::DifferentBroadcasts
        | Way::Garbage
        | Way::Replay
        | Way::Slow(_) => runs == Runs::Signing,
        _ => false,
    }
}

/// Says something else than the protocol does, in one session.
pub(super) struct Liar {
    conduct: Conduct,
    signer: NodeSigner,
    session: SessionId,
    runs: Runs,
    /// How many others there are.
    others: usize,
    /// To how many of them the broadcast of round 2 has been sent.
    told: u8,
    /// What the only other is to be told beside it.
    kept: Option<Vec<u8>>,
    /// How many messages each has been sent.
    sent: BTreeMap<PartyId, usize>,
}

impl Liar {
    fn new(conduct: &Conduct, spec: &RunSpec, session: &Session) -> Option<Self> {
        let keystore = conduct.0.keystore.get()?.clone();
        let signer = NodeSigner::new(keystore, spec.me.clone()).ok()?;
        let runs = Runs::of(&spec.subject);
        Some(Self::of(
            conduct.clone(),
            signer,
            session.id,
            runs,
            spec.others.len(),
        ))
    }

    pub(super) fn of(
        conduct: Conduct,
        signer: NodeSigner,
        session: SessionId,
        runs: Runs,
        others: usize,
    ) -> Self {
        Self {
            conduct,
            signer,
            session,
            runs,
            others,
            told: 0,
            kept: None,
            sent: BTreeMap::new(),
        }
    }

    fn delay(&self) -> Option<std::time::Duration> {
        let signing = self.runs == Runs::Signing;
        self.conduct.delay().filter(|_| signing)
    }

    /// What is said to `to` in place of this message: its stage, one byte, and the library's.
    pub(super) fn instead_of(&mut self, to: &PartyId, bytes: Vec<u8>) -> Vec<Vec<u8>> {
        let index = self.sent.entry(to.clone()).or_default();
        let nth = *index;
        *index += 1;
        let concerning = |way: &&Way| concerns(way, self.runs);
        let ways: Vec<Way> = self.conduct.ways().filter(concerning).cloned().collect();
        let mut said = vec![bytes];
        for way in ways {
            let mut instead = Vec::new();
            for bytes in said {
                match self.in_this_way(&way, to, nth, &bytes) {
                    Some(lies) => {
                        tracing::warn!(?way, ?to, "misbehaving: says something else");
                        instead.extend(lies);
                    }
                    None => instead.push(bytes),
                }
            }
            said = instead;
        }
        said
    }

    /// None where this way leaves the message as it is.
    fn in_this_way(
        &mut self,
        way: &Way,
        to: &PartyId,
        nth: usize,
        bytes: &[u8],
    ) -> Option<Vec<Vec<u8>>> {
        match way {
            Way::SilentIn(_) => Some(Vec::new()),
            Way::Garbage => Some(vec![garbage(bytes)]),
            Way::Replay => {
                let recorded = &self.conduct.0.recorded;
                recorded
                    .replay(&self.session, to, nth, bytes)
                    .map(|old| vec![old])
            }
            Way::SilentFromRound(first) => {
                let (round, _) = message(bytes)?.round();
                (round >= *first).then(Vec::new)
            }
            Way::WrongProofInRound(round) => {
                let mut message = message(bytes)?;
                let this = message.round() == (*round, false);
                this.then(|| message.spoil_proof(&self.signer))??;
                Some(vec![signing(&message)?])
            }
            Way::WrongSignatureShare => {
                let mut message = message(bytes)?;
                (message.round() == (4, false)).then_some(())?;
                message.change(&self.signer, Part::Normal, |share| {
                    flip(share);
                    Some(())
                })?;
                Some(vec![signing(&message)?])
            }
            Way::DifferentBroadcasts => self.another_broadcast(bytes),
            _ => None,
        }
    }

    /// The echo broadcast of round 2 with another tail for each, which changes nothing but what they
    /// tell each other that they have heard; the first is told the right one. If there is nobody else,
    /// it is told another one two rounds later: the library drops it in the round after.
    fn another_broadcast(&mut self, bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
        let mut message = message(bytes)?;
        match message.round() {
            (2, false) => {}
            (4, false) => {
                let kept = self.kept.take()?;
                return Some(vec![kept, bytes.to_vec()]);
            }
            _ => return None,
        }
        let told = self.told;
        self.told = told.saturating_add(1);
        if told == 0 && self.others > 1 {
            return None;
        }
        message.change(&self.signer, Part::Echo, |broadcast| {
            broadcast.push(told);
            Some(())
        })?;
        let another = signing(&message)?;
        if self.others == 1 {
            self.kept = Some(another);
            return None;
        }
        Some(vec![another])
    }
}

/// The library's message, if these are the bytes of one of a signing session.
fn message(bytes: &[u8]) -> Option<Message> {
    match bytes.split_first() {
        Some((stage, message)) if *stage == Stage::Signing.to_byte() => Message::read(message),
        _ => None,
    }
}

fn signing(message: &Message) -> Option<Vec<u8>> {
    let message = message.bytes()?;
    Some([&[Stage::Signing.to_byte()], message.as_slice()].concat())
}

/// Random bytes, of the same stage.
fn garbage(bytes: &[u8]) -> Vec<u8> {
    let mut garbage = vec![0; OsRng.gen_range(1..2_000)];
    OsRng.fill_bytes(&mut garbage);
    if let (Some(stage), Some(first)) = (bytes.first(), garbage.first_mut()) {
        *first = *stage;
    }
    garbage
}

/// Messages, by whom they were for.
type Spoken = BTreeMap<PartyId, Vec<Vec<u8>>>;

/// The messages of the first session.
#[derive(Default)]
pub(super) struct Recorded(Mutex<Option<(SessionId, Spoken)>>);

impl Recorded {
    /// The n-th message to this party of the first session, if this is a later one. If it took no
    /// part in that, the n-th to another.
    fn replay(
        &self,
        session: &SessionId,
        to: &PartyId,
        nth: usize,
        bytes: &[u8],
    ) -> Option<Vec<u8>> {
        let mut recorded = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (first, messages) = recorded.get_or_insert_with(|| (*session, BTreeMap::new()));
        if first == session {
            messages.entry(to.clone()).or_default().push(bytes.to_vec());
            return None;
        }
        let said = messages.get(to).or_else(|| messages.values().next())?;
        said.get(nth).or(said.last()).cloned()
    }
}

/// What others have said in signing sessions, and what these were about: for false evidence.
#[derive(Default)]
pub(super) struct Heard(Mutex<VecDeque<HeardSession>>);

struct HeardSession {
    id: SessionId,
    facts: Option<SessionFacts>,
    /// The first message of each of the others.
    messages: BTreeMap<PartyId, Message>,
}

impl Heard {
    pub(super) fn about(&self, facts: &SessionFacts) {
        let subject = Subject::Signing(facts.subject.clone());
        if let Ok(id) = subject.session_id(&facts.nonces) {
            self.of(&id, |session| session.facts = Some(facts.clone()));
        }
    }

    fn message(&self, id: &SessionId, from: &PartyId, bytes: &[u8]) {
        if let Some(message) = message(bytes) {
            self.of(id, |session| {
                session.messages.entry(from.clone()).or_insert(message);
            });
        }
    }

    /// A session that is remembered, and removed: its facts, somebody else in it, and its message.
    pub(super) fn take(&self) -> Option<(SessionFacts, SignerId, Message)> {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let whole =
            |session: &HeardSession| session.facts.is_some() && !session.messages.is_empty();
        let index = sessions.iter().position(whole)?;
        let session = sessions.remove(index)?;
        let (party, message) = session.messages.into_iter().next()?;
        Some((session.facts?, party.into(), message))
    }

    fn of(&self, id: &SessionId, note: impl FnOnce(&mut HeardSession)) {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let index = match sessions.iter().position(|session| session.id == *id) {
            Some(index) => index,
            None => {
                if sessions.len() == SESSIONS {
                    sessions.pop_front();
                }
                sessions.push_back(HeardSession {
                    id: *id,
                    facts: None,
                    messages: BTreeMap::new(),
                });
                sessions.len() - 1
            }
        };
        if let Some(session) = sessions.get_mut(index) {
            note(session);
        }
    }
}
