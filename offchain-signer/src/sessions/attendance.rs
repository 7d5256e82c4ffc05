//! Who was missing from the tries of a run, as far as this node can tell.
//!
//! A single try tells little: whoever is silent may be waiting for another in vain. But whoever has been let
//! down says so before it is taken for the culprit, by beginning the next try. So this goes by all tries
//! together: who was missing from every one of them, and has never given one up.

use crate::{chain::SignerId, faults::PATIENCE};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::time::Instant;

/// The tries of one run, or of several about the same. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Attendance(Arc<Mutex<Tries>>);

#[derive(Debug, Default)]
struct Tries {
    /// Those missing from all sessions so far. None before there was one.
    from_sessions: Option<BTreeSet<SignerId>>,
    /// Those that did not open any of the tries that came to no session.
    from_openings: Option<BTreeSet<SignerId>>,
    gave_up: BTreeSet<SignerId>,
    /// When the first and the last of these tries ended.
    ended: Option<(Instant, Instant)>,
}

impl Attendance {
    /// A session ended without a result. The time of those `missing` was up, but for a moment; and one may
    /// have ended it, as it says by beginning the next try.
    ///
    /// Whoever does that before anybody's time is up has been let down, or has restarted. At that very moment
    /// it may only have been quicker than others to hear of it.
    pub(crate) fn session_ended(&self, missing: BTreeSet<SignerId>, by: Option<&SignerId>) {
        match by {
            Some(party) if missing.is_empty() => self.gave_up(party.clone()),
            Some(party) if missing.contains(party) => {}
            _ if missing.is_empty() => {}
            _ => {
                let mut tries = self.lock();
                only(&mut tries.from_sessions, missing);
                tries.end();
            }
        }
    }

    /// A try came to no session, since these did not open it.
    pub(crate) fn not_opened(&self, missing: BTreeSet<SignerId>) {
        let mut tries = self.lock();
        only(&mut tries.from_openings, missing);
        tries.end();
    }

    /// This one ended a try of its own accord.
    pub(crate) fn gave_up(&self, party: SignerId) {
        self.lock().gave_up.insert(party);
    }

    /// Those missing from all tries, if that has lasted. `is_done` says who has the result, for all that it
    /// claims: it has no reason to open another try.
    pub(crate) fn missing(&self, is_done: impl Fn(&SignerId) -> bool) -> BTreeSet<SignerId> {
        let tries = self.lock();
        let lasting = |(first, last): (Instant, Instant)| last.duration_since(first) >= PATIENCE;
        if !tries.ended.is_some_and(lasting) {
            return BTreeSet::new();
        }
        let mut missing = match (&tries.from_sessions, &tries.from_openings) {
            (Some(sessions), Some(openings)) => sessions & openings,
            (Some(some), None) | (None, Some(some)) => some.clone(),
            (None, None) => BTreeSet::new(),
        };
        let had_a_session = tries.from_sessions.is_some();
        missing
            .retain(|party| !tries.gave_up.contains(party) && (had_a_session || !is_done(party)));
        missing
    }

    fn lock(&self) -> MutexGuard<'_, Tries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tries {
    fn end(&mut self) {
        let now = Instant::now();
        let (first, _) = self.ended.unwrap_or((now, now));
        self.ended = Some((first, now));
    }
}

/// Keeps only those that are missing this time, too.
fn only(so_far: &mut Option<BTreeSet<SignerId>>, missing: BTreeSet<SignerId>) {
    *so_far = Some(match so_far.take() {
        Some(before) => &before & &missing,
        None => missing,
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use sp_core::sr25519;
    use std::time::Duration;
    use tokio::time::advance;

    fn party(byte: u8) -> SignerId {
        sr25519::Public::from_raw([byte; 32]).into()
    }

    fn parties(bytes: &[u8]) -> BTreeSet<SignerId> {
        bytes.iter().map(|byte| party(*byte)).collect()
    }

    fn missing(attendance: &Attendance) -> BTreeSet<SignerId> {
        attendance.missing(|_| false)
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_missing_every_time_and_for_long() {
        let attendance = Attendance::default();
        assert!(missing(&attendance).is_empty());
        attendance.session_ended(parties(&[1, 2]), None);
        assert!(missing(&attendance).is_empty());
        advance(PATIENCE - Duration::from_secs(1)).await;
        attendance.session_ended(parties(&[1, 3]), None);
        assert!(missing(&attendance).is_empty());
        // Time passes; nothing is known of it.
        advance(PATIENCE).await;
        assert!(missing(&attendance).is_empty());
        attendance.not_opened(parties(&[1, 4]));
        assert_eq!(missing(&attendance), parties(&[1]));
        // It has come once.
        attendance.session_ended(parties(&[2]), None);
        assert!(missing(&attendance).is_empty());
    }

    /// The victim of another is missing every time, and says every time, or once, that it has been let down.
    #[tokio::test(start_paused = true)]
    async fn who_gives_up_is_not_to_blame() {
        let attendance = Attendance::default();
        attendance.session_ended(parties(&[1, 2]), None);
        attendance.session_ended(parties(&[]), Some(&party(1)));
        advance(PATIENCE).await;
        attendance.session_ended(parties(&[1, 2]), None);
        assert_eq!(missing(&attendance), parties(&[2]));
    }

    /// All give up at once, and the silent one is quick to go on.
    #[tokio::test(start_paused = true)]
    async fn who_goes_on_when_time_is_up_may_be_to_blame() {
        let attendance = Attendance::default();
        attendance.session_ended(parties(&[1]), None);
        attendance.session_ended(parties(&[1]), Some(&party(1)));
        advance(PATIENCE).await;
        assert!(missing(&attendance).is_empty(), "it tells nothing");
        attendance.session_ended(parties(&[1]), Some(&party(2)));
        assert_eq!(missing(&attendance), parties(&[1]));
    }

    /// This node restarts when all others are done: they have no reason to come again.
    #[tokio::test(start_paused = true)]
    async fn who_is_done_need_not_come() {
        let attendance = Attendance::default();
        attendance.not_opened(parties(&[1, 2]));
        advance(PATIENCE).await;
        attendance.not_opened(parties(&[1, 2]));
        let done = |one: &SignerId| *one == party(1);
        assert_eq!(attendance.missing(done), parties(&[2]));
        // But who has been silent in a session is so, though it has got from others what it needs itself.
        attendance.session_ended(parties(&[1]), None);
        assert_eq!(attendance.missing(done), parties(&[1]));
    }

    #[tokio::test(start_paused = true)]
    async fn a_try_that_ended_while_nobody_was_waited_for_tells_nothing() {
        let attendance = Attendance::default();
        attendance.session_ended(parties(&[1]), None);
        advance(PATIENCE).await;
        attendance.session_ended(parties(&[]), None);
        assert!(missing(&attendance).is_empty());
        attendance.session_ended(parties(&[1]), None);
        assert_eq!(missing(&attendance), parties(&[1]));
    }
}
