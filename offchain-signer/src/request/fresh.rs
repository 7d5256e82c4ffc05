//! What is remembered of signed requests.

use crate::chain::BlockNumber;
use std::collections::{BTreeSet, HashMap};

/// The most requests that are remembered. Those that are nearest to expiry go first then. For granted ones it takes
/// registrations, programs that say yes and the request limit for each to come near it, for evaluated ones
/// registrations and evaluations.
const MAX_REQUESTS: usize = 65_536;

/// Names a signed request.
pub(super) type RequestHash = [u8; 32];

/// Something for each signed request, for as long as the block that it names makes it fresh.
pub(super) struct Fresh<T> {
    requests: HashMap<RequestHash, (BlockNumber, T)>,
    by_block: BTreeSet<(BlockNumber, RequestHash)>,
}

impl<T> Default for Fresh<T> {
    fn default() -> Self {
        Self {
            requests: HashMap::new(),
            by_block: BTreeSet::new(),
        }
    }
}

impl<T: Default> Fresh<T> {
    /// What is remembered of a request.
    pub(super) fn get(&self, request: &RequestHash) -> Option<&T> {
        self.requests.get(request).map(|(_, of)| of)
    }

    /// The same, to be changed.
    pub(super) fn get_mut(&mut self, request: &RequestHash) -> Option<&mut T> {
        self.requests.get_mut(request).map(|(_, of)| of)
    }

    /// What is remembered of a request that names this block; the default, if nothing is yet.
    pub(super) fn entry(&mut self, request: RequestHash, named: BlockNumber) -> &mut T {
        if !self.requests.contains_key(&request) {
            if self.requests.len() >= MAX_REQUESTS {
                self.forget_oldest();
            }
            self.by_block.insert((named, request));
        }
        let of = self.requests.entry(request);
        &mut of.or_insert_with(|| (named, T::default())).1
    }

    /// Remembers nothing of a request any more.
    pub(super) fn remove(&mut self, request: &RequestHash) {
        if let Some((named, _)) = self.requests.remove(request) {
            self.by_block.remove(&(named, *request));
        }
    }

    /// Forgets what is not fresh any more.
    pub(super) fn expire(&mut self, best: BlockNumber, window: BlockNumber) {
        while let Some((named, _)) = self.by_block.first() {
            if named.saturating_add(window) >= best {
                break;
            }
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((_, request)) = self.by_block.pop_first() {
            self.requests.remove(&request);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn hash(index: usize) -> RequestHash {
        sp_crypto_hashing::blake2_256(&index.to_le_bytes())
    }

    #[test]
    fn remembers_as_long_as_a_request_is_fresh() {
        let mut fresh = Fresh::<u8>::default();
        *fresh.entry(hash(1), 100) = 7;
        assert_eq!(*fresh.entry(hash(1), 100), 7);
        fresh.expire(120, 20);
        assert_eq!(fresh.get(&hash(1)), Some(&7), "still fresh in block 120");
        fresh.expire(121, 20);
        assert!(fresh.get(&hash(1)).is_none());
        assert!(fresh.requests.is_empty() && fresh.by_block.is_empty());
    }

    #[test]
    fn what_is_removed_leaves_nothing() {
        let mut fresh = Fresh::<u8>::default();
        fresh.remove(&hash(1));
        *fresh.entry(hash(1), 5) = 1;
        *fresh.entry(hash(2), 5) = 2;
        *fresh.get_mut(&hash(2)).unwrap() = 3;
        fresh.remove(&hash(1));
        assert!(fresh.get(&hash(1)).is_none());
        assert_eq!(fresh.get(&hash(2)), Some(&3));
        assert_eq!((fresh.requests.len(), fresh.by_block.len()), (1, 1));
    }

    #[test]
    fn is_bounded_and_forgets_the_oldest_first() {
        let mut fresh = Fresh::<u8>::default();
        for index in 0..=MAX_REQUESTS {
            *fresh.entry(hash(index), 10 + u32::from(index != 7)) = 1;
        }
        assert_eq!(fresh.requests.len(), MAX_REQUESTS);
        assert_eq!(fresh.by_block.len(), MAX_REQUESTS);
        assert!(fresh.get(&hash(7)).is_none());
        assert!(fresh.get(&hash(8)).is_some());
        fresh.entry(hash(7), 9);
        assert_eq!(fresh.requests.len(), MAX_REQUESTS);
        assert_eq!(fresh.by_block.len(), MAX_REQUESTS);
    }
}
