//! Which members of the committee are asked to sign.

use super::snapshot::Snapshot;
use crate::chain::{Committee, SignerId};
use rand::{seq::SliceRandom, CryptoRng, RngCore};
use signing_primitives::X25519PublicKey;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
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

/// Draws `threshold` of the members at random, such that they are not a subset in `tried`. Of the
/// members in `suspects`, those are drawn first that have failed the least often, and none if there is a
/// way round them. None if everything has been tried.
pub(super) fn draw(
    rng: &mut (impl RngCore + CryptoRng),
    members: &[Member],
    threshold: usize,
    suspects: &BTreeMap<SignerId, u32>,
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
            order.sort_by_key(|member| suspects.get(&member.party).copied());
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

/// Members that failed lately: asked last, so that one bad signer does not slow down every request
/// that follows. Where a whole set has failed, and it is not known who of them has failed it, each of
/// them has: who fails them has failed more often than the others soon. Only ever a matter of order;
/// nobody is excluded. Bounded by the number of members there are while an entry lasts.
pub(super) struct Suspects {
    memory: Duration,
    failed: Mutex<HashMap<SignerId, Failures>>,
}

/// How often, since it was well, and when last.
struct Failures {
    times: u32,
    last: Instant,
}

impl Suspects {
    /// Forgets failures `memory` after the last.
    pub(super) fn new(memory: Duration) -> Self {
        Self {
            memory,
            failed: Mutex::new(HashMap::new()),
        }
    }

    /// Notes that these have failed.
    pub(super) fn add(&self, members: impl IntoIterator<Item = SignerId>) {
        let now = Instant::now();
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.retain(|_, failures| now.duration_since(failures.last) < self.memory);
        for member in members {
            let failures = failed.entry(member).or_insert(Failures {
                times: 0,
                last: now,
            });
            failures.times = failures.times.saturating_add(1);
            failures.last = now;
        }
    }

    /// Notes that these are well.
    pub(super) fn clear<'a>(&self, members: impl IntoIterator<Item = &'a SignerId>) {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        for member in members {
            failed.remove(member);
        }
    }

    /// Those who have failed lately, and how often.
    pub(super) fn current(&self) -> BTreeMap<SignerId, u32> {
        let now = Instant::now();
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = failed
            .iter()
            .filter(|(_, failures)| now.duration_since(failures.last) < self.memory);
        fresh
            .map(|(member, failures)| (member.clone(), failures.times))
            .collect()
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
        while let Some(drawn) = draw(&mut OsRng, &members, 2, &BTreeMap::new(), &tried) {
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
            let none = BTreeMap::new();
            let drawn = draw(&mut OsRng, &members, 2, &none, &BTreeSet::new()).unwrap();
            seen.insert(parties(&drawn));
        }
        assert_eq!(seen.len(), 3);
    }

    #[test]
    fn suspects_are_drawn_only_when_there_is_no_way_round() {
        let members: Vec<_> = (0..3).map(member).collect();
        let suspects = BTreeMap::from([(members[0].party.clone(), 1)]);
        let healthy = parties(&members[1..]);
        for _ in 0..50 {
            let drawn = draw(&mut OsRng, &members, 2, &suspects, &BTreeSet::new()).unwrap();
            assert_eq!(parties(&drawn), healthy);
        }
        let tried = BTreeSet::from([healthy]);
        let drawn = draw(&mut OsRng, &members, 2, &suspects, &tried).unwrap();
        assert!(parties(&drawn).contains(&members[0].party));
    }

    /// Three of five sign, and one fails every set that it is in.
    #[test]
    fn who_fails_every_set_is_found_by_the_third() {
        let members: Vec<_> = (0..5).map(member).collect();
        for _ in 0..200 {
            let suspects = Suspects::new(Duration::from_secs(30));
            let mut tried = BTreeSet::new();
            let mut signed = false;
            for _ in 0..3 {
                let drawn = draw(&mut OsRng, &members, 3, &suspects.current(), &tried).unwrap();
                let drawn = parties(&drawn);
                signed |= !drawn.contains(&members[0].party);
                suspects.add(drawn.iter().cloned());
                tried.insert(drawn);
            }
            assert!(signed);
        }
    }

    #[test]
    fn too_few_members_are_none() {
        let none = BTreeMap::new();
        assert!(draw(&mut OsRng, &[member(1)], 2, &none, &BTreeSet::new()).is_none());
        assert!(draw(&mut OsRng, &[member(1)], 0, &none, &BTreeSet::new()).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn suspicion_passes() {
        let suspects = Suspects::new(Duration::from_secs(30));
        suspects.add([member(1).party, member(2).party]);
        suspects.clear([&member(2).party]);
        assert_eq!(suspects.current(), [(member(1).party, 1)].into());
        tokio::time::advance(Duration::from_secs(30)).await;
        assert!(suspects.current().is_empty());
    }
}
