//! One run's messages, sorted by the protocols it is made of, with deadlines and cancellation.

use super::{
    error::{Round, SessionError},
    NodeSigner, PartyId,
};
use crate::metrics::Metrics;
use core::{fmt, time::Duration};
use signing_primitives::SessionId;
use std::collections::{BTreeMap, BTreeSet};
use tokio::{runtime::Handle, sync::mpsc, time::Instant};
use tokio_util::sync::CancellationToken;

/// The longest protocol message, bytes: about three times what the largest honest one takes with
/// the largest committee.
pub const MAX_MESSAGE_BYTES: usize = 4 * 1024 * 1024;

/// How many messages of one party for protocols that this node has not reached are kept. An honest
/// party can be ahead by the first round of the next protocol and what precedes it.
const MAX_EARLY: usize = 4;

/// What a run reads from and writes to: bytes, with the party they come from or go to.
///
/// Both channels should be bounded, with room for a few rounds (8 messages a party): a party has
/// at most two rounds' messages under way.
#[derive(Debug)]
pub struct Link {
    /// Messages to others.
    pub outgoing: mpsc::Sender<(PartyId, Vec<u8>)>,
    /// Messages from others. Who sent them must be authenticated.
    pub incoming: mpsc::Receiver<(PartyId, Vec<u8>)>,
}

/// How long a run may wait for others.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// For the messages of one round, from the moment this node has entered it.
    pub round: Duration,
    /// The same in [`Stage::AuxGen`], whose parties compute for long.
    pub aux_gen_round: Duration,
    /// When the time of the first round begins, if not when this node enters it.
    pub begun: Option<Instant>,
    /// For the whole run.
    pub overall: Instant,
}

impl Deadlines {
    /// The same for each round, from the moment this node has entered it.
    pub fn new(round: Duration, overall: Instant) -> Self {
        Self {
            round,
            aux_gen_round: round,
            begun: None,
            overall,
        }
    }
}

/// What one run of a protocol is given: all of it is used up by the run.
#[derive(Debug)]
pub struct Run {
    /// Names the run. Must never have been used before.
    pub session_id: SessionId,
    /// This node.
    pub signer: NodeSigner,
    /// The other parties.
    pub link: Link,
    /// How long to wait for them.
    pub deadlines: Deadlines,
    /// Ends the run, at the next wait or message.
    pub cancel: CancellationToken,
    /// The runtime whose timers and wake-ups are used while the calling thread waits.
    pub runtime: Handle,
    /// Where it is told how far the run has got.
    pub metrics: Metrics,
}

/// The protocols that runs are made of, in the order in which a run goes through them. Every
/// message begins with its stage, one byte, because parties do not change stages together.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Stage {
    /// InteractiveSigning: the only stage of its run.
    Signing,
    /// Key generation: T parties make a key.
    KeyInit,
    /// Key generation: they tell the others which.
    NetworkKey,
    /// Key generation: they share it out. Resharing: the old holders hand over.
    KeyResharing,
    /// Key generation and resharing: all members make their auxiliary information. Or they and
    /// standbys, ahead of time: the only stage of its run.
    AuxGen,
}

impl Stage {
    pub(crate) fn to_byte(self) -> u8 {
        match self {
            Self::Signing => 0,
            Self::KeyInit => 1,
            Self::NetworkKey => 2,
            Self::KeyResharing => 3,
            Self::AuxGen => 4,
        }
    }

    fn from_byte(byte: u8) -> Option<Self> {
        [
            Self::Signing,
            Self::KeyInit,
            Self::NetworkKey,
            Self::KeyResharing,
            Self::AuxGen,
        ]
        .into_iter()
        .find(|stage| stage.to_byte() == byte)
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Signing => "signing",
            Self::KeyInit => "key generation",
            Self::NetworkKey => "announcement of the key",
            Self::KeyResharing => "sharing of the key",
            Self::AuxGen => "generation of auxiliary information",
        })
    }
}

/// Why there is no message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Interruption {
    TimedOut,
    Cancelled,
    LinkClosed,
}

impl Interruption {
    /// The error that a run ends with; `absent` are those that it was waiting for.
    pub(super) fn into_error(self, round: &Round, absent: BTreeSet<PartyId>) -> SessionError {
        match self {
            Self::TimedOut => SessionError::TimedOut {
                round: round.clone(),
                absent,
            },
            Self::Cancelled => SessionError::Cancelled { absent },
            Self::LinkClosed => SessionError::LinkClosed,
        }
    }
}

/// A message that has come in.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Delivery {
    pub(super) from: PartyId,
    /// The message, or what is wrong with it.
    pub(super) message: Result<Vec<u8>, &'static str>,
}

/// One run's messages.
pub(super) struct Mailbox {
    link: Link,
    others: BTreeSet<PartyId>,
    deadlines: Deadlines,
    cancel: CancellationToken,
    runtime: Handle,
    metrics: Metrics,
    stage: Stage,
    early: BTreeMap<PartyId, Vec<(Stage, Vec<u8>)>>,
}

impl Mailbox {
    /// A mailbox for messages from and to `others`: what anybody else sends is dropped, so that
    /// outsiders cannot disturb a run. Also the signer and the id of the run.
    pub(super) fn open(
        run: Run,
        others: BTreeSet<PartyId>,
        stage: Stage,
    ) -> (Self, NodeSigner, SessionId) {
        let mailbox = Self {
            link: run.link,
            others,
            deadlines: run.deadlines,
            cancel: run.cancel,
            runtime: run.runtime,
            metrics: run.metrics,
            stage,
            early: BTreeMap::new(),
        };
        (mailbox, run.signer, run.session_id)
    }

    /// A round of the current stage is over, which has taken so long. They are counted from 1; 0 is the
    /// making of the first.
    pub(super) fn round_completed(&self, number: usize, time: Duration) {
        self.metrics.round_completed(self.stage, number, time);
    }

    /// The current stage.
    pub(super) fn stage(&self) -> Stage {
        self.stage
    }

    /// Goes on to a later stage.
    pub(super) fn enter(&mut self, stage: Stage) {
        debug_assert!(self.stage <= stage);
        self.stage = stage;
    }

    /// When a round that begins now has to be over.
    pub(super) fn round_deadline(&mut self) -> Instant {
        let begun = self.deadlines.begun.take().unwrap_or_else(Instant::now);
        let round = begun.checked_add(match self.stage {
            Stage::AuxGen => self.deadlines.aux_gen_round,
            _ => self.deadlines.round,
        });
        round.map_or(self.deadlines.overall, |at| at.min(self.deadlines.overall))
    }

    /// Sends a message of the current stage.
    pub(super) fn send(
        &mut self,
        to: &PartyId,
        message: &[u8],
        until: Instant,
    ) -> Result<(), Interruption> {
        let mut bytes = Vec::with_capacity(message.len().saturating_add(1));
        bytes.push(self.stage.to_byte());
        bytes.extend_from_slice(message);
        let (outgoing, cancel) = (&self.link.outgoing, &self.cancel);
        self.runtime.block_on(async {
            tokio::select! {
                biased;
                () = cancel.cancelled() => Err(Interruption::Cancelled),
                sent = outgoing.send((to.clone(), bytes)) => {
                    sent.map_err(|_| Interruption::LinkClosed)
                }
                () = tokio::time::sleep_until(until) => Err(Interruption::TimedOut),
            }
        })
    }

    /// Waits for the next message of the current stage. Those of earlier stages are dropped, those
    /// of later ones kept.
    pub(super) fn receive(&mut self, until: Instant) -> Result<Delivery, Interruption> {
        if let Some(delivery) = self.take_early() {
            return Ok(delivery);
        }
        loop {
            let (from, bytes) = self.next(until)?;
            if !self.others.contains(&from) {
                tracing::debug!(?from, "dropped a message of an outsider");
                continue;
            }
            if let Some(message) = self.sort(&from, bytes).transpose() {
                return Ok(Delivery { from, message });
            }
        }
    }

    fn next(&mut self, until: Instant) -> Result<(PartyId, Vec<u8>), Interruption> {
        let (incoming, cancel) = (&mut self.link.incoming, &self.cancel);
        self.runtime.block_on(async {
            tokio::select! {
                biased;
                // What is here already counts: who cheats and then gives up is caught by it.
                message = incoming.recv() => message.ok_or(match cancel.is_cancelled() {
                    true => Interruption::Cancelled,
                    false => Interruption::LinkClosed,
                }),
                () = cancel.cancelled() => Err(Interruption::Cancelled),
                () = tokio::time::sleep_until(until) => Err(Interruption::TimedOut),
            }
        })
    }

    /// The message, if it is one of the current stage.
    fn sort(
        &mut self,
        from: &PartyId,
        mut bytes: Vec<u8>,
    ) -> Result<Option<Vec<u8>>, &'static str> {
        if bytes.len() > MAX_MESSAGE_BYTES {
            return Err("a message that is too long");
        }
        let stage = bytes
            .first()
            .and_then(|byte| Stage::from_byte(*byte))
            .filter(|stage| (*stage == Stage::Signing) == (self.stage == Stage::Signing))
            .ok_or("a message of no stage of this run")?;
        bytes.remove(0);
        if stage == self.stage {
            return Ok(Some(bytes));
        }
        if stage > self.stage {
            let early = self.early.entry(from.clone()).or_default();
            if early.len() >= MAX_EARLY {
                return Err("too many messages ahead of time");
            }
            early.push((stage, bytes));
        }
        Ok(None)
    }

    fn take_early(&mut self) -> Option<Delivery> {
        let current = self.stage;
        self.early.iter_mut().find_map(|(from, messages)| {
            messages.retain(|(stage, _)| *stage >= current);
            let index = messages.iter().position(|(stage, _)| *stage == current)?;
            let (_, message) = messages.remove(index);
            Some(Delivery {
                from: from.clone(),
                message: Ok(message),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;
    use signing_primitives::SignerId;
    use sp_core::crypto::ByteArray;

    type Wire = mpsc::Sender<(PartyId, Vec<u8>)>;

    fn party(byte: u8) -> PartyId {
        SignerId::from_slice(&[byte; 32]).unwrap().into()
    }

    /// A mailbox with parties 1 and 2 on the other side, and the other ends of its channels.
    fn mailbox(
        runtime: &Handle,
        stage: Stage,
    ) -> (Mailbox, Wire, mpsc::Receiver<(PartyId, Vec<u8>)>) {
        let (outgoing, sent) = mpsc::channel(1);
        let (inject, incoming) = mpsc::channel(64);
        let deadlines = Deadlines::new(
            Duration::from_millis(50),
            Instant::now() + Duration::from_secs(600),
        );
        let mailbox = Mailbox {
            link: Link { outgoing, incoming },
            others: [party(1), party(2)].into(),
            deadlines,
            cancel: CancellationToken::new(),
            runtime: runtime.clone(),
            metrics: Metrics::default(),
            stage,
            early: BTreeMap::new(),
        };
        (mailbox, inject, sent)
    }

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_time()
            .build()
            .unwrap()
    }

    fn put(wire: &Wire, from: u8, stage: Stage, message: &[u8]) {
        let bytes = [&[stage.to_byte()], message].concat();
        wire.try_send((party(from), bytes)).unwrap();
    }

    fn received(
        mailbox: &mut Mailbox,
    ) -> Result<(u8, Result<Vec<u8>, &'static str>), Interruption> {
        let until = mailbox.round_deadline();
        mailbox
            .receive(until)
            .map(|delivery| (delivery.from.as_bytes()[0], delivery.message))
    }

    #[test]
    fn sorts_by_stage() {
        let runtime = runtime();
        let (mut mailbox, wire, _sent) = mailbox(runtime.handle(), Stage::KeyInit);
        put(&wire, 1, Stage::KeyResharing, b"early");
        put(&wire, 2, Stage::KeyInit, b"now");
        assert_eq!(received(&mut mailbox), Ok((2, Ok(b"now".to_vec()))));
        mailbox.enter(Stage::KeyResharing);
        put(&wire, 2, Stage::KeyInit, b"late");
        assert_eq!(received(&mut mailbox), Ok((1, Ok(b"early".to_vec()))));
        assert_eq!(received(&mut mailbox), Err(Interruption::TimedOut));
    }

    #[test]
    fn outsiders_are_not_heard() {
        let runtime = runtime();
        let (mut mailbox, wire, _sent) = mailbox(runtime.handle(), Stage::Signing);
        put(&wire, 3, Stage::Signing, b"outsider");
        put(&wire, 1, Stage::Signing, b"party");
        assert_eq!(received(&mut mailbox), Ok((1, Ok(b"party".to_vec()))));
    }

    #[test]
    fn a_flood_ahead_of_time_is_its_senders_fault() {
        let runtime = runtime();
        let (mut mailbox, wire, _sent) = mailbox(runtime.handle(), Stage::KeyInit);
        for _ in 0..=MAX_EARLY {
            put(&wire, 2, Stage::AuxGen, b"flood");
        }
        let (from, message) = received(&mut mailbox).unwrap();
        assert_eq!((from, message.is_err()), (2, true));
    }

    #[test]
    fn bad_envelopes_are_their_senders_fault() {
        let runtime = runtime();
        let (mut mailbox, wire, _sent) = mailbox(runtime.handle(), Stage::Signing);
        let too_long = vec![Stage::Signing.to_byte(); MAX_MESSAGE_BYTES + 1];
        let keygen = vec![Stage::AuxGen.to_byte(), 1];
        for bytes in [vec![], vec![99], keygen, too_long] {
            wire.try_send((party(1), bytes)).unwrap();
            let (from, message) = received(&mut mailbox).unwrap();
            assert_eq!((from, message.is_err()), (1, true));
        }
    }

    #[test]
    fn waiting_ends() {
        let runtime = runtime();
        let (mut mailbox, wire, sent) = mailbox(runtime.handle(), Stage::Signing);
        let until = mailbox.round_deadline();
        assert_eq!(mailbox.send(&party(1), b"fits", until), Ok(()));
        assert_eq!(
            mailbox.send(&party(1), b"does not fit", until),
            Err(Interruption::TimedOut)
        );
        assert_eq!(received(&mut mailbox), Err(Interruption::TimedOut));
        drop(sent);
        let until = mailbox.round_deadline();
        assert_eq!(
            mailbox.send(&party(1), b"gone", until),
            Err(Interruption::LinkClosed)
        );
        drop(wire);
        assert_eq!(received(&mut mailbox), Err(Interruption::LinkClosed));
        mailbox.cancel.cancel();
        assert_eq!(received(&mut mailbox), Err(Interruption::Cancelled));
    }

    #[test]
    fn what_has_come_before_the_end_is_looked_at() {
        let runtime = runtime();
        let (mut mailbox, wire, _sent) = mailbox(runtime.handle(), Stage::Signing);
        put(&wire, 1, Stage::Signing, b"cheating");
        mailbox.cancel.cancel();
        assert_eq!(received(&mut mailbox), Ok((1, Ok(b"cheating".to_vec()))));
        assert_eq!(received(&mut mailbox), Err(Interruption::Cancelled));
    }

    #[test]
    fn the_overall_deadline_ends_a_round() {
        let runtime = runtime();
        let (mut mailbox, _wire, _sent) = mailbox(runtime.handle(), Stage::Signing);
        mailbox.deadlines.overall = Instant::now();
        assert!(mailbox.round_deadline() <= Instant::now());
    }
}
