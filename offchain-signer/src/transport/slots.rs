//! How many unauthenticated connections may be in a handshake at a time.

use crate::remote::network_of;
use std::{
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio_util::sync::CancellationToken;

/// Bounds the handshakes, over all and for each address. A newcomer is never turned away: the oldest
/// one gives way, as an honest handshake is over within a few round trips and only those that stall
/// grow old.
#[derive(Clone)]
pub(crate) struct Slots {
    taken: Arc<Mutex<Vec<Taken>>>,
    limit: usize,
    limit_per_address: usize,
}

/// One running handshake; the list is in the order of their start.
struct Taken {
    id: u64,
    address: Option<IpAddr>,
    evicted: CancellationToken,
}

/// The right to run one handshake. Frees its place when dropped.
pub(crate) struct Slot {
    slots: Slots,
    id: u64,
    evicted: CancellationToken,
}

impl Slots {
    pub(crate) fn new(limit: usize, limit_per_address: usize) -> Self {
        Self {
            taken: Arc::default(),
            limit: limit.max(1),
            limit_per_address,
        }
    }

    /// Takes a place for a connection from `remote`. Connections of unknown origin count as one
    /// address with each other.
    pub(crate) fn take(&self, remote: Option<IpAddr>) -> Slot {
        let address = remote.map(network_of);
        let mut taken = self.lock();
        let of_address = taken
            .iter()
            .filter(|other| other.address == address)
            .count();
        let oldest = if of_address >= self.limit_per_address.max(1) {
            taken.iter().position(|other| other.address == address)
        } else {
            (taken.len() >= self.limit).then_some(0)
        };
        if let Some(oldest) = oldest {
            taken.remove(oldest).evicted.cancel();
        }
        let id = taken.last().map_or(0, |last| last.id.wrapping_add(1));
        let evicted = CancellationToken::new();
        taken.push(Taken {
            id,
            address,
            evicted: evicted.clone(),
        });
        Slot {
            slots: self.clone(),
            id,
            evicted,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Taken>> {
        // Nothing panics while it holds the lock.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(crate) fn in_use(&self) -> usize {
        self.lock().len()
    }
}

impl Slot {
    /// Resolves when a newer handshake takes this one's place.
    pub(crate) async fn evicted(&self) {
        self.evicted.cancelled().await;
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        // An evicted slot is no longer in the list, and its id may be in use again.
        if !self.evicted.is_cancelled() {
            self.slots.lock().retain(|taken| taken.id != self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;

    fn address(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    fn evicted(slots: &[Slot]) -> Vec<usize> {
        (0..slots.len())
            .filter(|i| slots[*i].evicted.is_cancelled())
            .collect()
    }

    #[test]
    fn the_oldest_of_an_address_gives_way_to_its_next() {
        let slots = Slots::new(10, 2);
        let other = slots.take(address("10.0.0.2"));
        let taken: Vec<_> = (0..4).map(|_| slots.take(address("10.0.0.1"))).collect();
        assert_eq!(evicted(&taken), [0, 1]);
        assert!(!other.evicted.is_cancelled());
        assert_eq!(slots.in_use(), 3);
        drop((taken, other));
        assert_eq!(slots.in_use(), 0);
    }

    #[test]
    fn the_oldest_of_all_gives_way_when_all_are_taken() {
        let slots = Slots::new(3, 2);
        let taken: Vec<_> = (1..=5)
            .map(|n| slots.take(address(&format!("10.0.0.{n}"))))
            .collect();
        assert_eq!(evicted(&taken), [0, 1]);
        assert_eq!(slots.in_use(), 3);
    }

    #[test]
    fn a_slash_64_and_a_mapped_address_are_one_address() {
        let slots = Slots::new(10, 1);
        let texts = [
            "2001:db8::1",
            "2001:db8::ffff:2",
            "2001:db8:0:1::1",
            "10.0.0.1",
            "::ffff:10.0.0.1",
        ];
        let taken: Vec<_> = texts.iter().map(|text| slots.take(address(text))).collect();
        assert_eq!(evicted(&taken), [0, 3]);
    }

    #[test]
    fn a_dropped_evicted_slot_does_not_free_another() {
        let slots = Slots::new(1, 1);
        let first = slots.take(None);
        let second = slots.take(None);
        drop(first);
        assert_eq!(slots.in_use(), 1);
        drop(second);
        assert_eq!(slots.in_use(), 0);
    }
}
