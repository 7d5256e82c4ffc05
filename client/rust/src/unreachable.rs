//! Relayers that could not be connected to: to try costs a user's time.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// For how long they are asked after the others only.
const AVOIDED: Duration = Duration::from_secs(60);

/// When each of them was last tried, by endpoint.
#[derive(Debug, Default)]
pub(crate) struct Unreachable(Mutex<BTreeMap<String, Instant>>);

impl Unreachable {
    /// This one could not be connected to just now.
    pub(crate) fn add(&self, endpoint: &str) {
        self.add_at(endpoint, Instant::now());
    }

    /// This one could.
    pub(crate) fn remove(&self, endpoint: &str) {
        self.lock().remove(endpoint);
    }

    /// Whether to ask this one after the others.
    pub(crate) fn has(&self, endpoint: &str) -> bool {
        self.has_at(endpoint, Instant::now())
    }

    fn add_at(&self, endpoint: &str, now: Instant) {
        let mut tried = self.lock();
        tried.retain(|_, at| is_recent(*at, now));
        tried.insert(endpoint.into(), now);
    }

    fn has_at(&self, endpoint: &str, now: Instant) -> bool {
        let tried = self.lock();
        tried.get(endpoint).is_some_and(|at| is_recent(*at, now))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_recent(at: Instant, now: Instant) -> bool {
    now.saturating_duration_since(at) < AVOIDED
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn until_it_is_reached_or_a_minute_has_passed() {
        let (unreachable, now) = (Unreachable::default(), Instant::now());
        assert!(!unreachable.has_at("a:1", now));
        unreachable.add_at("a:1", now);
        assert!(unreachable.has_at("a:1", now));
        assert!(!unreachable.has_at("b:1", now));
        assert!(!unreachable.has_at("a:1", now + AVOIDED));
        unreachable.add_at("b:1", now + AVOIDED);
        assert_eq!(unreachable.lock().len(), 1, "the first is forgotten");
        unreachable.remove("b:1");
        assert!(!unreachable.has_at("b:1", now + AVOIDED));
    }
}
