//! Whom the programs of a key have granted requests lately.
//!
//! Accounts cost nothing: anybody makes as many as they like. One that has been granted a request only
//! the programs make. So what is kept for such accounts is safe from strangers.

use crate::chain::{AccountId, BlockNumber, VerifyingKey};
use std::collections::{BTreeSet, HashMap, VecDeque};

/// How many requesters are remembered for one key: those that were granted last.
pub(crate) const REQUESTERS: usize = 16;

/// For how many blocks after its last grant a requester is remembered. A week, with blocks of six
/// seconds.
pub(crate) const MEMORY: BlockNumber = 100_800;

/// So many blocks after it was paid back one evaluation a requester may be paid back the next, when it asks:
/// nothing is saved up. Who polls a program until it says yes stays known; and the 16 to whom the programs
/// grant nothing any more come to one evaluation a block.
pub(crate) const PAID_BACK_AFTER: BlockNumber = 16;

/// The most keys whose requesters are remembered; those with the oldest grants are forgotten first.
/// With as many requesters as there may be they take 13 MB.
const MAX_KEYS: usize = 16_384;

/// A requester that has been granted a request.
struct Granted {
    requester: AccountId,
    /// The best block when it was granted its last one.
    block: BlockNumber,
    /// How often it has used, since then, what is kept for those who are known, but for what is paid back.
    used: u32,
    /// When it was paid back the last of them.
    paid_back: BlockNumber,
}

impl Granted {
    fn pay_back(&mut self, block: BlockNumber) {
        if block >= self.paid_back.saturating_add(PAID_BACK_AFTER) {
            self.used = self.used.saturating_sub(1);
            self.paid_back = block;
        }
    }
}

/// Remembers who has been granted requests, and for which keys.
#[derive(Default)]
pub(super) struct Known {
    /// Those with the oldest grants first.
    keys: HashMap<VerifyingKey, VecDeque<Granted>>,
    /// The keys, by the block of their last grant.
    by_block: BTreeSet<(BlockNumber, VerifyingKey)>,
}

impl Known {
    /// Remembers that `requester` has been granted a request for `key` in `block`.
    pub(super) fn remember(
        &mut self,
        key: VerifyingKey,
        requester: &AccountId,
        block: BlockNumber,
    ) {
        let mut granted = self.forget(&key);
        granted.retain(|other| other.requester != *requester);
        if granted.len() >= REQUESTERS {
            granted.pop_front();
        }
        granted.push_back(Granted {
            requester: requester.clone(),
            block,
            used: 0,
            paid_back: block,
        });
        self.keys.insert(key, granted);
        self.by_block.insert((block, key));
        while let Some((last, oldest)) = self.by_block.first().copied() {
            let remembered = last.saturating_add(MEMORY) >= block;
            if remembered && self.keys.len() <= MAX_KEYS {
                break;
            }
            self.by_block.pop_first();
            self.keys.remove(&oldest);
        }
    }

    /// Whether `requester` may use what is kept for those who are known to `key`: if so, it has used
    /// it once more. It may do so `most` times from one grant to the next, and once more for every few blocks
    /// in between that it asks in: the programs may have changed since, and not grant it anything any more.
    pub(super) fn may_use(
        &mut self,
        key: &VerifyingKey,
        requester: &AccountId,
        block: BlockNumber,
        most: u32,
    ) -> bool {
        let Some(granted) = self.get_mut(key, requester) else {
            return false;
        };
        granted.pay_back(block);
        let may = granted.used < most && granted.block.saturating_add(MEMORY) >= block;
        granted.used += u32::from(may);
        may
    }

    /// What [`Self::may_use`] has counted was not used.
    pub(super) fn give_back(&mut self, key: &VerifyingKey, requester: &AccountId) {
        if let Some(granted) = self.get_mut(key, requester) {
            granted.used = granted.used.saturating_sub(1);
        }
    }

    fn get_mut(&mut self, key: &VerifyingKey, requester: &AccountId) -> Option<&mut Granted> {
        let mut of_key = self.keys.get_mut(key).into_iter().flatten();
        of_key.find(|granted| granted.requester == *requester)
    }

    fn forget(&mut self, key: &VerifyingKey) -> VecDeque<Granted> {
        let granted = self.keys.remove(key).unwrap_or_default();
        if let Some(last) = granted.back() {
            self.by_block.remove(&(last.block, *key));
        }
        granted
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const A: VerifyingKey = [1; 33];
    const B: VerifyingKey = [2; 33];

    fn requester(index: u8) -> AccountId {
        AccountId::new([index; 32])
    }

    fn key(index: usize) -> VerifyingKey {
        let mut key = [0; 33];
        key.get_mut(..8)
            .unwrap()
            .copy_from_slice(&index.to_le_bytes());
        key
    }

    #[test]
    fn a_requester_is_known_to_the_key_that_has_granted_for_a_while() {
        let mut known = Known::default();
        known.remember(A, &requester(1), 7);
        assert!(known.may_use(&A, &requester(1), 7, 9));
        assert!(known.may_use(&A, &requester(1), 7 + MEMORY, 9));
        assert!(!known.may_use(&A, &requester(1), 8 + MEMORY, 9));
        assert!(!known.may_use(&A, &requester(2), 7, 9));
        assert!(!known.may_use(&B, &requester(1), 7, 9));
        // What nobody will ask for any more goes with the next grant.
        known.remember(B, &requester(2), 8 + MEMORY);
        assert_eq!((known.keys.len(), known.by_block.len()), (1, 1));
    }

    /// It was granted a request once; then the owner has changed the programs.
    #[test]
    fn who_is_granted_nothing_any_more_uses_up_what_it_may() {
        let mut known = Known::default();
        known.remember(A, &requester(1), 7);
        known.remember(A, &requester(2), 7);
        for _ in 0..3 {
            assert!(known.may_use(&A, &requester(1), 8, 3));
        }
        for block in [8, 9, 6 + PAID_BACK_AFTER] {
            assert!(!known.may_use(&A, &requester(1), block, 3));
        }
        assert!(known.may_use(&A, &requester(2), 8, 3));
        known.remember(A, &requester(1), 10);
        assert!(known.may_use(&A, &requester(1), 10, 3));
    }

    /// It asks again and again, until the programs say yes.
    #[test]
    fn what_was_used_is_paid_back_with_time() {
        let mut known = Known::default();
        known.remember(A, &requester(1), 7);
        let mut may = |block, times| {
            for _ in 0..times {
                assert!(known.may_use(&A, &requester(1), block, 3));
            }
            assert!(!known.may_use(&A, &requester(1), block, 3));
        };
        // Nothing is saved up, neither before it is used nor after.
        let begin = 1_000;
        may(begin, 3);
        may(begin + PAID_BACK_AFTER - 1, 0);
        may(begin + PAID_BACK_AFTER, 1);
        may(begin + 2 * PAID_BACK_AFTER - 1, 0);
        may(begin + 9 * PAID_BACK_AFTER, 1);
        // A block that is lower than one before pays nothing back, and takes nothing away.
        may(begin, 0);
        may(begin + 10 * PAID_BACK_AFTER, 1);
        known.give_back(&A, &requester(1));
        known.give_back(&A, &requester(2));
        assert!(known.may_use(&A, &requester(1), begin, 3));
        assert!(!known.may_use(&A, &requester(1), begin, 3));
    }

    #[test]
    fn a_key_has_so_many_requesters_and_the_last_ones_are_kept() {
        let mut known = Known::default();
        for index in 0..=16 {
            known.remember(A, &requester(index), 7);
            // It asks often, which makes it no more than one.
            known.remember(A, &requester(1), 7);
        }
        assert_eq!(known.keys.get(&A).unwrap().len(), REQUESTERS);
        for (index, is_known) in [(0, false), (1, true), (2, true), (16, true)] {
            assert_eq!(known.may_use(&A, &requester(index), 7, 9), is_known);
        }
        assert_eq!(known.by_block.len(), 1);
    }

    #[test]
    fn keys_are_bounded_and_the_oldest_are_forgotten_first() {
        let mut known = Known::default();
        for index in 0..=MAX_KEYS {
            known.remember(key(index), &requester(1), 10 + u32::from(index != 7));
        }
        assert_eq!(known.keys.len(), MAX_KEYS);
        assert_eq!(known.by_block.len(), MAX_KEYS);
        assert!(!known.may_use(&key(7), &requester(1), 11, 9));
        assert!(known.may_use(&key(8), &requester(1), 11, 9));
    }
}
