//! When a committee is drawn, from whom, and how.
//!
//! The crate's documentation says what the draw is worth.

use crate::{
    CommitteeMemberOf, Config, DrawAt, Excluded, NetworkVerifyingKey, Pallet, Parameters, Signers,
    SigningKeys,
};
use alloc::vec::Vec;
use codec::Encode;
use frame_support::traits::Get;
use frame_system::pallet_prelude::BlockNumberFor;
use sp_core::H256;
use sp_runtime::traits::Saturating;

impl<T: Config> Pallet<T> {
    /// Sets or cancels the time of the draw, after the number of signers or the size of a committee
    /// may have changed. What is set stays while there are enough signers: more of them do not put
    /// the draw off.
    ///
    /// It stays during an attempt too. If that fails, all have had their time to announce themselves
    /// already, unless there were too few in between.
    pub(crate) fn schedule_draw(now: BlockNumberFor<T>) {
        let enough = Signers::<T>::count() >= Parameters::<T>::get().committee_size
            && !NetworkVerifyingKey::<T>::exists();
        if enough != DrawAt::<T>::exists() {
            DrawAt::<T>::set(enough.then(|| now.saturating_add(T::ChoiceDelay::get())));
        }
    }

    /// Whether a committee is to be drawn in the beginning of block `now`. All announcements are
    /// from blocks before it.
    pub(crate) fn is_draw_due(now: BlockNumberFor<T>) -> bool {
        // All signers are validators, so if they are as many, no validator is missing.
        DrawAt::<T>::get()
            .is_some_and(|at| now >= at || Signers::<T>::count() == SigningKeys::<T>::count())
    }

    /// The signers to draw `size` members from. If exclusions leave too few, they are forgotten:
    /// better to try again with those that failed than never.
    pub(crate) fn candidates(size: usize) -> Vec<CommitteeMemberOf<T>> {
        let all: Vec<_> = Signers::<T>::iter_keys()
            .filter_map(|validator| {
                let party = SigningKeys::<T>::get(&validator)?;
                Some(CommitteeMemberOf::<T> { validator, party })
            })
            .collect();
        let excluded = Excluded::<T>::get();
        if excluded.is_empty() {
            return all;
        }
        if all
            .iter()
            .filter(|member| !excluded.contains(&member.validator))
            .count()
            < size
        {
            Excluded::<T>::kill();
            return all;
        }
        all.into_iter()
            .filter(|member| !excluded.contains(&member.validator))
            .collect()
    }
}

/// Draws `size` of the `candidates`, every subset being equally likely, in a way that only `seed`
/// and the candidates' order determine. Fewer candidates are all drawn.
///
/// This is the first part of a Fisher-Yates shuffle. Each of its numbers is a hash of 128 bits
/// modulo a number of candidates that is below 2³², so the bias is below 2⁻⁹⁶.
pub(crate) fn draw<Candidate>(
    mut candidates: Vec<Candidate>,
    size: usize,
    seed: H256,
) -> Vec<Candidate> {
    let mut drawn = Vec::with_capacity(size);
    while drawn.len() < size && !candidates.is_empty() {
        let position = number(seed, drawn.len() as u32) % candidates.len() as u128;
        drawn.push(candidates.swap_remove(position as usize));
    }
    drawn
}

fn number(seed: H256, round: u32) -> u128 {
    u128::from_le_bytes(sp_io::hashing::blake2_128(&(seed, round).encode()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;
    use alloc::collections::{BTreeMap, BTreeSet};

    fn seed(number: u32) -> H256 {
        H256(sp_io::hashing::blake2_256(&number.encode()))
    }

    #[test]
    fn draws_distinct_candidates() {
        for number in 0..100 {
            let drawn = draw((0..10).collect(), 4, seed(number));
            assert_eq!(drawn.len(), 4);
            assert_eq!(drawn.iter().collect::<BTreeSet<_>>().len(), 4);
        }
    }

    #[test]
    fn the_seed_decides() {
        let draw = |number| draw((0..100).collect(), 10, seed(number));
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }

    #[test]
    fn draws_all_when_there_are_no_more() {
        for size in [3, 4] {
            let mut drawn = draw(alloc::vec![1, 2, 3], size, seed(0));
            drawn.sort();
            assert_eq!(drawn, [1, 2, 3]);
        }
        assert!(draw(Vec::<u8>::new(), 2, seed(0)).is_empty());
        assert!(draw(alloc::vec![1], 0, seed(0)).is_empty());
    }

    #[test]
    fn every_subset_is_equally_likely() {
        let mut counts = BTreeMap::new();
        for number in 0..6000 {
            let drawn: BTreeSet<u8> = draw((0..4).collect(), 2, seed(number))
                .into_iter()
                .collect();
            *counts.entry(drawn).or_insert(0u32) += 1;
        }
        // Six pairs, 1000 expected of each; the standard deviation is 29.
        assert_eq!(counts.len(), 6);
        assert!(
            counts.values().all(|count| (880..1120).contains(count)),
            "{counts:?}"
        );
    }
}
