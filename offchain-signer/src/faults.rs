//! What this node has seen others fail at, and when that is worth a report.
//!
//! ```text
//!  signing, resharing ─ silent, misbehaved ─┐
//!  resharing ────────── holding it up ──────┤
//!  mesh ─────────────── unreachable ────────┼─► Observations ─ due ─► report_fault
//!  relaying ─────────── unreachable, silent ┘        ▲
//!  whatever works ───────────────────────────────────┘ forgives
//!
//!  signing ──────────── proof ──────────────────► Ledger ─────► report_fault
//! ```
//! Nodes restart and networks hiccup: none of that is a fault worth a seat. So silence counts only
//! if it is seen again after a while, and nothing has worked in between. What no honest signer does
//! counts at once. Who holds hand-overs up may be signing well: only a hand-over forgives that.
//!
//! # What a malicious node can do
//! - *Be silent to one peer only.* That peer reports it; one report decides nothing. It can keep
//!   one signer from working with it, which the relayers work around. Being silent to two of them
//!   costs it its seat in a committee of three.
//! - *Let one peer down so that a third sees only that peer fail.* Who gives a session up tells the
//!   others, and is not blamed by them (see [`sessions`](crate::sessions)).
//! - *Say that others are silent.* It has one voice, as everybody has.
//! - *As a relayer, ask only some of a set of signers.* Those asked wait in vain for the others to
//!   open the session. That is why a session that was not opened is nobody's fault here: only the
//!   relayer knows whom it asked.
//! - *As a relayer, ask for what no signer will sign.* Refusals are no fault, unless this node as a
//!   relayer got the very same request signed by others.

mod ledger;
mod seen;

pub use ledger::{Case, Ledger};
pub(crate) use seen::Sighting;

use crate::{
    chain::SignerId,
    metrics::{FaultCounts, FaultKind},
    protocol::SessionError,
};
use seen::Seen;
use signing_primitives::UnprovableFault;
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};
use tokio::time::Instant;

/// For how long a signer must have been silent: longer than a restart takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// Silence that was seen but not seen again for so long is forgotten.
const MEMORY: Duration = Duration::from_secs(600);

/// From when to when something was seen.
#[derive(Clone, Copy, Debug)]
struct Span {
    first: Instant,
    last: Instant,
}

/// What was seen of one signer since it last worked.
#[derive(Clone, Copy, Debug, Default)]
struct Record {
    unreachable: Option<Span>,
    silent: Option<Span>,
    misbehaved: Option<Span>,
    /// When it was last seen that it holds a hand-over up. It has lasted already.
    held_up: Option<Instant>,
}

impl Record {
    fn of(&mut self, fault: UnprovableFault) -> &mut Option<Span> {
        match fault {
            UnprovableFault::Unreachable => &mut self.unreachable,
            UnprovableFault::Silent => &mut self.silent,
            UnprovableFault::Misbehaved => &mut self.misbehaved,
        }
    }

    fn holds_up(&self) -> bool {
        self.held_up.is_some_and(|seen| seen.elapsed() < MEMORY)
    }

    /// The worst of what is worth a report.
    fn due(&self) -> Option<UnprovableFault> {
        let lasting = |span: &Option<Span>| {
            span.is_some_and(|span| span.last.duration_since(span.first) >= PATIENCE)
        };
        if self.misbehaved.is_some() {
            Some(UnprovableFault::Misbehaved)
        } else if lasting(&self.silent) || self.holds_up() {
            Some(UnprovableFault::Silent)
        } else if lasting(&self.unreachable) {
            Some(UnprovableFault::Unreachable)
        } else {
            None
        }
    }
}

/// What this node has seen others fail at. By party id, so never more than there are parties of
/// committees while an entry lasts.
#[derive(Debug, Default)]
pub struct Observations {
    records: Mutex<HashMap<SignerId, Record>>,
    counts: FaultCounts,
    reported: FaultCounts,
    seen: Mutex<Seen>,
}

impl Observations {
    /// Notes that a signer has failed.
    pub fn failed(&self, party: &SignerId, fault: UnprovableFault) {
        self.note(party, fault.into());
        let now = Instant::now();
        let mut records = self.lock();
        let span = records.entry(party.clone()).or_default().of(fault);
        let first = match span {
            Some(span) if now.duration_since(span.last) < MEMORY => span.first,
            _ => now,
        };
        *span = Some(Span { first, last: now });
    }

    /// Notes that a signer has provably cheated. That is for the [`Ledger`]; here it is only counted.
    pub fn cheated(&self, party: &SignerId) {
        self.note(party, FaultKind::Cheated);
    }

    /// Notes that a report of this node is on its way to the chain.
    pub fn reported(&self, kind: FaultKind) {
        self.reported.count(kind);
    }

    fn note(&self, party: &SignerId, kind: FaultKind) {
        self.counts.count(kind);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.note(party, kind, SystemTime::now());
    }

    /// How often what was seen.
    pub fn counts(&self) -> &FaultCounts {
        &self.counts
    }

    /// How many reports were made of what.
    pub fn report_counts(&self) -> &FaultCounts {
        &self.reported
    }

    /// What was seen of late, of whomever; the latest first.
    pub(crate) fn recent(&self) -> Vec<Sighting> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.all()
    }

    /// Notes whom the end of a session blames.
    pub fn blame(&self, error: &SessionError) {
        let fault = match error {
            SessionError::Misbehaviour { .. } => UnprovableFault::Misbehaved,
            _ => UnprovableFault::Silent,
        };
        for party in error.blamed() {
            self.failed(party.signer_id(), fault);
        }
    }

    /// Notes that a signer has done its part: it is neither silent nor unreachable.
    pub fn worked(&self, party: &SignerId) {
        if let Some(record) = self.lock().get_mut(party) {
            record.silent = None;
            record.unreachable = None;
        }
    }

    /// Forgets that a signer has misbehaved: the chain knows.
    pub fn forgive(&self, party: &SignerId) {
        if let Some(record) = self.lock().get_mut(party) {
            record.misbehaved = None;
        }
    }

    /// Notes that a signer holds a hand-over up: it has been missing from all tries for a while.
    pub fn held_up(&self, party: &SignerId) {
        let mut records = self.lock();
        let record = records.entry(party.clone()).or_default();
        let is_new = !record.holds_up();
        record.held_up = Some(Instant::now());
        drop(records);
        if is_new {
            self.note(party, UnprovableFault::Silent.into());
        }
    }

    /// Notes that a hand-over with this signer has ended well.
    pub fn handed_over(&self, party: &SignerId) {
        if let Some(record) = self.lock().get_mut(party) {
            record.held_up = None;
        }
    }

    /// Notes that a signer can be reached. It may be silent all the same.
    pub fn reached(&self, party: &SignerId) {
        if let Some(record) = self.lock().get_mut(party) {
            record.unreachable = None;
        }
    }

    /// Who has failed in a way that is worth a report, and how.
    pub fn due(&self) -> Vec<(SignerId, UnprovableFault)> {
        let records = self.lock();
        let due = records
            .iter()
            .filter_map(|(party, record)| Some((party.clone(), record.due()?)));
        due.collect()
    }

    /// Forgets what was seen of all others.
    pub fn retain(&self, keep: impl Fn(&SignerId) -> bool) {
        self.lock().retain(|party, _| keep(party));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SignerId, Record>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sp_core::sr25519;
    use tokio::time::advance;

    fn party(byte: u8) -> SignerId {
        sr25519::Public::from_raw([byte; 32]).into()
    }

    #[tokio::test(start_paused = true)]
    async fn silence_counts_when_it_lasts() {
        for fault in [UnprovableFault::Silent, UnprovableFault::Unreachable] {
            let seen = Observations::default();
            seen.failed(&party(1), fault);
            advance(PATIENCE - Duration::from_secs(1)).await;
            seen.failed(&party(1), fault);
            assert!(seen.due().is_empty());
            // Nothing is seen: nothing is known.
            advance(Duration::from_secs(5)).await;
            assert!(seen.due().is_empty());
            seen.failed(&party(1), fault);
            assert_eq!(seen.due(), [(party(1), fault)]);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_works_is_forgiven() {
        let seen = Observations::default();
        seen.failed(&party(1), UnprovableFault::Silent);
        seen.failed(&party(1), UnprovableFault::Unreachable);
        advance(PATIENCE).await;
        seen.worked(&party(1));
        seen.failed(&party(1), UnprovableFault::Silent);
        seen.failed(&party(1), UnprovableFault::Unreachable);
        assert!(seen.due().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn who_can_be_reached_may_be_silent() {
        let seen = Observations::default();
        seen.failed(&party(1), UnprovableFault::Silent);
        seen.failed(&party(1), UnprovableFault::Unreachable);
        advance(PATIENCE).await;
        seen.failed(&party(1), UnprovableFault::Silent);
        seen.failed(&party(1), UnprovableFault::Unreachable);
        seen.reached(&party(1));
        assert_eq!(seen.due(), [(party(1), UnprovableFault::Silent)]);
    }

    #[tokio::test(start_paused = true)]
    async fn misbehaviour_counts_at_once_and_is_not_forgiven() {
        let seen = Observations::default();
        seen.failed(&party(1), UnprovableFault::Misbehaved);
        seen.worked(&party(1));
        seen.reached(&party(1));
        assert_eq!(seen.due(), [(party(1), UnprovableFault::Misbehaved)]);
    }

    #[tokio::test(start_paused = true)]
    async fn holding_a_hand_over_up_is_forgiven_by_a_hand_over_only() {
        let seen = Observations::default();
        seen.held_up(&party(1));
        seen.held_up(&party(1));
        assert_eq!(seen.recent().len(), 1);
        seen.worked(&party(1));
        seen.reached(&party(1));
        assert_eq!(seen.due(), [(party(1), UnprovableFault::Silent)]);
        seen.handed_over(&party(1));
        assert!(seen.due().is_empty());
        seen.held_up(&party(1));
        advance(MEMORY).await;
        assert!(seen.due().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn old_silence_is_forgotten() {
        let seen = Observations::default();
        seen.failed(&party(1), UnprovableFault::Silent);
        advance(MEMORY).await;
        seen.failed(&party(1), UnprovableFault::Silent);
        assert!(seen.due().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn only_those_who_matter_are_remembered() {
        let seen = Observations::default();
        for byte in [1, 2] {
            seen.failed(&party(byte), UnprovableFault::Misbehaved);
        }
        seen.retain(|who| *who == party(2));
        assert_eq!(seen.due(), [(party(2), UnprovableFault::Misbehaved)]);
    }
}
