//! Which members of the committee are asked to sign.

use super::snapshot::Snapshot;
use crate::chain::{Committee, SignerId};
use rand::{seq::SliceRandom, CryptoRng, RngCore};
use signing_primitives::X25519PublicKey;
use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// How often a subset is drawn, with suspects last and again without, before it is taken that all
/// have been tried.
const DRAWS: usize = 64;

/// A member of the committee that can be asked: all of it from the chain.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Member {
    pub(super) party: SignerId,
    pub(super) endpoint: String,
    pub(super) x25519: X25519PublicKey,
}

/// The sitting members that have announced where they are.
pub(super) fn reachable(snapshot: &Snapshot, committee: &Committee) -> Vec<Member> {
    let network = &snapshot.network;
    snapshot
        .sitting(committee)
        .filter_map(|member| {
            let mut validators = network.validators.iter();
            let validator = validators.find(|validator| validator.account == member.validator)?;
            let signer = validator.signer.as_ref()?;
            Some(Member {
                party: member.party.clone(),
                endpoint: String::from_utf8(signer.endpoint.to_vec()).ok()?,
                x25519: signer.x25519,
            })
        })
        .collect()
}

/// Draws `threshold` of the members at random, such that they are not a subset in `tried`. Members
/// in `suspects` are drawn only if there is no way round them. None if everything has been tried.
pub(super) fn draw(
    rng: &mut (impl RngCore + CryptoRng),
    members: &[Member],
    threshold: usize,
    suspects: &BTreeSet<SignerId>,
    tried: &BTreeSet<BTreeSet<SignerId>>,
) -> Option<Vec<Member>> {
    if threshold == 0 || members.len() < threshold {
        return None;
    }
    let mut order: Vec<_> = members.iter().collect();
    for draw in 0..2 * DRAWS {
        order.shuffle(rng);
        if draw < DRAWS {
            // Stable, so that it stays random among equals.
            order.sort_by_key(|member| suspects.contains(&member.party));
        }
        let drawn: Vec<_> = order.iter().take(threshold).copied().cloned().collect();
        if !tried.contains(&parties(&drawn)) {
            return Some(drawn);
        }
    }
    None
}

/// Who they are.
pub(super) fn parties(members: &[Member]) -> BTreeSet<SignerId> {
    members.iter().map(|member| member.party.clone()).collect()
}

/// Members that failed lately: asked last, so that one dead signer does not slow down every request
/// that follows. Only ever a matter of order; nobody is excluded. Bounded by the number of members
/// there are while an entry lasts.
pub(super) struct Suspects {
    memory: Duration,
    since: Mutex<HashMap<SignerId, Instant>>,
}

impl Suspects {
    /// Forgets a failure after `memory`.
    pub(super) fn new(memory: Duration) -> Self {
        Self {
            memory,
            since: Mutex::new(HashMap::new()),
        }
    }

    /// Notes that these have failed.
    pub(super) fn add(&self, members: impl IntoIterator<Item = SignerId>) {
        let now = Instant::now();
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        since.retain(|_, failed| now.duration_since(*failed) < self.memory);
        since.extend(members.into_iter().map(|member| (member, now)));
    }

    /// Notes that these are well.
    pub(super) fn clear<'a>(&self, members: impl IntoIterator<Item = &'a SignerId>) {
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        for member in members {
            since.remove(member);
        }
    }

    /// Those who have failed lately.
    pub(super) fn current(&self) -> BTreeSet<SignerId> {
        let now = Instant::now();
        let since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = since
            .iter()
            .filter(|(_, failed)| now.duration_since(**failed) < self.memory);
        fresh.map(|(member, _)| member.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use rand::rngs::OsRng;
    use sp_core::sr25519;

    fn member(index: u8) -> Member {
        Member {
            party: sr25519::Public::from_raw([index; 32]).into(),
            endpoint: format!("host:{index}"),
            x25519: [index; 32],
        }
    }

    #[test]
    fn all_subsets_are_drawn_each_once() {
        let members: Vec<_> = (0..4).map(member).collect();
        let mut tried = BTreeSet::new();
        while let Some(drawn) = draw(&mut OsRng, &members, 2, &BTreeSet::new(), &tried) {
            assert_eq!(drawn.len(), 2);
            assert!(tried.insert(parties(&drawn)));
        }
        assert_eq!(tried.len(), 6);
    }

    #[test]
    fn every_member_gets_its_turn() {
        let members: Vec<_> = (0..3).map(member).collect();
        let mut seen = BTreeSet::new();
        for _ in 0..100 {
            let none = BTreeSet::new();
            let drawn = draw(&mut OsRng, &members, 2, &none, &BTreeSet::new()).unwrap();
            seen.insert(parties(&drawn));
        }
        assert_eq!(seen.len(), 3);
    }

    #[test]
    fn suspects_are_drawn_only_when_there_is_no_way_round() {
        let members: Vec<_> = (0..3).map(member).collect();
        let suspects = BTreeSet::from([members[0].party.clone()]);
        let healthy = parties(&members[1..]);
        for _ in 0..50 {
            let drawn = draw(&mut OsRng, &members, 2, &suspects, &BTreeSet::new()).unwrap();
            assert_eq!(parties(&drawn), healthy);
        }
        let tried = BTreeSet::from([healthy]);
        let drawn = draw(&mut OsRng, &members, 2, &suspects, &tried).unwrap();
        assert!(parties(&drawn).contains(&members[0].party));
    }

    #[test]
    fn too_few_members_are_none() {
        let none = BTreeSet::new();
        assert!(draw(&mut OsRng, &[member(1)], 2, &none, &BTreeSet::new()).is_none());
        assert!(draw(&mut OsRng, &[member(1)], 0, &none, &BTreeSet::new()).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn suspicion_passes() {
        let suspects = Suspects::new(Duration::from_secs(30));
        suspects.add([member(1).party, member(2).party]);
        suspects.clear([&member(2).party]);
        assert_eq!(suspects.current(), parties(&[member(1)]));
        tokio::time::advance(Duration::from_secs(30)).await;
        assert!(suspects.current().is_empty());
    }
}
