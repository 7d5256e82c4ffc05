//! How many requests a registration has had in the current block.

use super::error::RequestError;
use crate::chain::{BlockNumber, VerifyingKey};
use std::collections::HashMap;

/// The most registrations that are counted in one block. Requests of others are put off: it would
/// take more signatures than a node can make.
const MAX_KEYS: usize = 65_536;

/// Counts granted requests by verifying key. All counts are dropped with every higher block. A
/// reorganization, or a request that was begun before the last block came, asks for a lower one:
/// that counts as the current one, or the limit could be had anew by going back and forth.
#[derive(Default)]
pub(super) struct RateLimit {
    block: BlockNumber,
    counts: HashMap<VerifyingKey, u32>,
}

impl RateLimit {
    /// Whether `key` may have one more request granted in `block`.
    pub(super) fn check(
        &self,
        key: &VerifyingKey,
        block: BlockNumber,
        limit: u32,
    ) -> Result<(), RequestError> {
        let count = if block > self.block {
            0
        } else {
            self.counts.get(key).copied().unwrap_or(0)
        };
        if count >= limit {
            return Err(RequestError::OverLimit { limit });
        }
        Ok(())
    }

    /// Counts a granted request, if there may be one, and says in which block.
    pub(super) fn count(
        &mut self,
        key: &VerifyingKey,
        block: BlockNumber,
        limit: u32,
    ) -> Result<BlockNumber, RequestError> {
        if block > self.block {
            self.block = block;
            self.counts.clear();
        }
        self.check(key, block, limit)?;
        if self.counts.len() >= MAX_KEYS && !self.counts.contains_key(key) {
            return Err(RequestError::Busy);
        }
        *self.counts.entry(*key).or_default() += 1;
        Ok(self.block)
    }

    /// What was counted in this block was not used.
    pub(super) fn give_back(&mut self, key: &VerifyingKey, counted_in: BlockNumber) {
        if counted_in != self.block {
            return;
        }
        if let Some(count) = self.counts.get_mut(key) {
            *count = count.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn counts_by_key_and_block() {
        let mut limit = RateLimit::default();
        let (a, b) = ([1; 33], [2; 33]);
        limit.count(&a, 7, 2).unwrap();
        limit.count(&a, 7, 2).unwrap();
        assert!(matches!(
            limit.check(&a, 7, 2),
            Err(RequestError::OverLimit { limit: 2 })
        ));
        assert!(limit.count(&a, 7, 2).is_err());
        limit.count(&b, 7, 2).unwrap();
        limit.count(&a, 8, 2).unwrap();
        assert_eq!(
            limit.counts.len(),
            1,
            "counts of earlier blocks are dropped"
        );
        assert!(limit.check(&a, 8, 0).is_err());
    }

    #[test]
    fn going_back_and_forth_between_blocks_does_not_help() {
        let mut limit = RateLimit::default();
        let key = [1; 33];
        limit.count(&key, 7, 2).unwrap();
        // A lower block counts as block 7, and leaves its counts alone.
        limit.count(&key, 6, 2).unwrap();
        for block in [6, 7, 0] {
            assert!(limit.check(&key, block, 2).is_err());
            assert!(limit.count(&key, block, 2).is_err());
        }
        limit.count(&key, 8, 2).unwrap();
    }

    #[test]
    fn what_was_not_used_is_given_back_in_the_same_block_only() {
        let mut limit = RateLimit::default();
        let key = [1; 33];
        limit.give_back(&key, 0);
        let earlier = limit.count(&key, 6, 1).unwrap();
        limit.count(&key, 7, 1).unwrap();
        limit.give_back(&key, earlier);
        assert!(limit.check(&key, 7, 1).is_err());
        limit.give_back(&key, 7);
        // One that was begun before the last block came counts in that.
        let counted_in = limit.count(&key, 6, 1).unwrap();
        assert_eq!(counted_in, 7);
        limit.give_back(&key, counted_in);
        limit.count(&key, 7, 1).unwrap();
    }

    #[test]
    fn keys_are_bounded() {
        let mut limit = RateLimit::default();
        for index in 0..MAX_KEYS {
            let mut key = [0; 33];
            key.get_mut(..8)
                .unwrap()
                .copy_from_slice(&index.to_le_bytes());
            limit.count(&key, 1, 1).unwrap();
        }
        assert!(matches!(
            limit.count(&[9; 33], 1, 1),
            Err(RequestError::Busy)
        ));
        limit.count(&[9; 33], 2, 1).unwrap();
    }
}
