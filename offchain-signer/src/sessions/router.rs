//! Hands frames to the runs and sessions they name; keeps early ones for a while.

use super::{
    frame::{Frame, RunId},
    run::Budget,
};
use crate::{
    chain::{AccountId, SignerId},
    protocol::PartyId,
};
use codec::DecodeAll;
use signing_primitives::SessionNonce as Nonce;
use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::mpsc::{self, error::TrySendError},
    time::Instant,
};

/// How long an early frame waits. A sign_tx request takes this long at the most from the first
/// signer to the last.
const EARLY_FRAME_LIFE: Duration = Duration::from_secs(30);
/// Early frames kept per peer: the opens and first-round messages of 32 sessions.
const EARLY_FRAMES: usize = 64;
/// Bytes of early frames kept per peer.
const EARLY_BYTES: usize = 8 << 20;
/// An `Open` that a participant has sent.
#[derive(Debug)]
pub(super) struct PeerOpen {
    pub(super) from: AccountId,
    pub(super) try_number: u32,
    pub(super) nonce: Nonce,
}

/// A message of a session, from the party that the sender is in it.
pub(super) type PartyMessage = (PartyId, Vec<u8>);

struct RunEntry {
    opens: mpsc::UnboundedSender<PeerOpen>,
    /// Opens still admitted of each participant: bounds the channel.
    budget: BTreeMap<AccountId, usize>,
}

struct SessionEntry {
    participants: BTreeMap<AccountId, SignerId>,
    budget: Budget,
    messages: mpsc::Sender<PartyMessage>,
    /// Messages and bytes that each participant has sent.
    used: BTreeMap<AccountId, (usize, usize)>,
}

struct EarlyFrame {
    since: Instant,
    size: usize,
    frame: Frame,
}

#[derive(Default)]
struct State {
    runs: HashMap<RunId, RunEntry>,
    sessions: HashMap<[u8; 32], SessionEntry>,
    early: HashMap<AccountId, VecDeque<EarlyFrame>>,
}

#[derive(Default)]
pub(super) struct Router(Mutex<State>);

impl Router {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while holding the lock; if it did, the maps would still be whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn open_sessions(&self) -> usize {
        self.state().sessions.len()
    }

    #[cfg(test)]
    pub(super) fn has_run(&self, run: &RunId) -> bool {
        self.state().runs.contains_key(run)
    }

    #[cfg(test)]
    pub(super) fn early_frames(&self) -> usize {
        self.state().early.values().map(VecDeque::len).sum()
    }

    /// An authenticated peer has sent these bytes. What is no frame is dropped.
    pub(super) fn route(&self, from: &AccountId, message: &[u8]) {
        match Frame::decode_all(&mut &message[..]) {
            Ok(frame) => self.state().route(from, frame, message.len()),
            Err(_) => tracing::debug!(peer = %from, "dropped a message that is no frame"),
        }
    }

    /// Registers a run; `None` if it is registered already.
    pub(super) fn open_run(
        &self,
        run: RunId,
        participants: &BTreeMap<AccountId, SignerId>,
        opens_per_participant: usize,
    ) -> Option<mpsc::UnboundedReceiver<PeerOpen>> {
        let mut state = self.state();
        if state.runs.contains_key(&run) {
            return None;
        }
        let (opens, receiver) = mpsc::unbounded_channel();
        let peers: Vec<_> = participants.keys().cloned().collect();
        let budget = peers
            .iter()
            .map(|peer| (peer.clone(), opens_per_participant))
            .collect();
        state.runs.insert(run, RunEntry { opens, budget });
        state.replay_early(
            &peers,
            |frame| matches!(frame, Frame::Open { run: r, .. } if *r == run),
        );
        Some(receiver)
    }

    pub(super) fn close_run(&self, run: &RunId) {
        self.state().runs.remove(run);
    }

    /// Registers a session; what its participants have sent early comes first.
    pub(super) fn open_session(
        &self,
        tag: [u8; 32],
        participants: BTreeMap<AccountId, SignerId>,
        budget: Budget,
    ) -> mpsc::Receiver<PartyMessage> {
        let mut state = self.state();
        // Room for all that the budget admits: one that sends much takes no room from the others.
        let room = participants.len().saturating_mul(budget.messages).max(1);
        let (messages, receiver) = mpsc::channel(room);
        let peers: Vec<_> = participants.keys().cloned().collect();
        state.sessions.insert(
            tag,
            SessionEntry {
                participants,
                budget,
                messages,
                used: BTreeMap::new(),
            },
        );
        state.replay_early(
            &peers,
            |frame| matches!(frame, Frame::Message { session, .. } if *session == tag),
        );
        receiver
    }

    pub(super) fn close_session(&self, tag: &[u8; 32]) {
        self.state().sessions.remove(tag);
    }
}

impl State {
    fn route(&mut self, from: &AccountId, frame: Frame, size: usize) {
        match frame {
            Frame::Open {
                run,
                try_number,
                nonce,
            } => match self.runs.get_mut(&run) {
                Some(entry) => entry.open(from, try_number, nonce),
                None => self.keep_early(from, frame, size),
            },
            Frame::Message { session, payload } => match self.sessions.get_mut(&session) {
                Some(entry) => entry.message(from, payload),
                None => self.keep_early(from, Frame::Message { session, payload }, size),
            },
        }
    }

    fn keep_early(&mut self, from: &AccountId, frame: Frame, size: usize) {
        let now = Instant::now();
        // Everybody's: who has left would never send another.
        self.early.retain(|_, frames| {
            frames.retain(|early| now.duration_since(early.since) < EARLY_FRAME_LIFE);
            !frames.is_empty()
        });
        let frames = self.early.entry(from.clone()).or_default();
        let mut bytes: usize = frames.iter().map(|early| early.size).sum();
        while frames.len() >= EARLY_FRAMES || (bytes + size > EARLY_BYTES && !frames.is_empty()) {
            bytes -= frames.pop_front().map_or(0, |early| early.size);
        }
        frames.push_back(EarlyFrame {
            since: now,
            size,
            frame,
        });
    }

    fn replay_early(&mut self, peers: &[AccountId], wanted: impl Fn(&Frame) -> bool) {
        for peer in peers {
            let Some(frames) = self.early.remove(peer) else {
                continue;
            };
            let (now_due, rest): (VecDeque<_>, VecDeque<_>) =
                frames.into_iter().partition(|early| wanted(&early.frame));
            if !rest.is_empty() {
                self.early.insert(peer.clone(), rest);
            }
            for early in now_due {
                if early.since.elapsed() < EARLY_FRAME_LIFE {
                    self.route(peer, early.frame, early.size);
                }
            }
        }
    }
}

impl RunEntry {
    fn open(&mut self, from: &AccountId, try_number: u32, nonce: Nonce) {
        match self.budget.get_mut(from) {
            Some(left) if *left > 0 => {
                *left -= 1;
                // The run may just have ended: then nobody needs it.
                let _ = self.opens.send(PeerOpen {
                    from: from.clone(),
                    try_number,
                    nonce,
                });
            }
            Some(_) => tracing::debug!(peer = %from, "too many opens for one run"),
            None => tracing::debug!(peer = %from, "open from a validator that takes no part"),
        }
    }
}

impl SessionEntry {
    fn message(&mut self, from: &AccountId, payload: Vec<u8>) {
        let Some(party) = self.participants.get(from) else {
            tracing::debug!(peer = %from, "message from a validator that takes no part");
            return;
        };
        let (messages, bytes) = self.used.entry(from.clone()).or_default();
        *messages += 1;
        *bytes = bytes.saturating_add(payload.len());
        if *messages > self.budget.messages || *bytes > self.budget.bytes {
            tracing::debug!(peer = %from, "over its budget in one session");
            return;
        }
        if let Err(TrySendError::Full(_)) = self
            .messages
            .try_send((PartyId::from(party.clone()), payload))
        {
            tracing::debug!(peer = %from, "faster than this node by a whole session");
        }
    }
}
