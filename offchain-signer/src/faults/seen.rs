//! What this node has seen others fail at of late, for its operator.

use super::FaultKind;
use crate::chain::SignerId;
use std::time::{Duration, SystemTime};

/// How many are kept: as many as there can be parties of a committee, and what each may have done.
const MOST: usize = 32;
/// The same fault within so long is the same one, going on.
const GOES_ON: Duration = Duration::from_secs(600);

/// One validator's fault of one kind, once or going on.
#[derive(Clone, Debug)]
pub(crate) struct Sighting {
    pub(crate) party: SignerId,
    pub(crate) kind: FaultKind,
    pub(crate) times: u64,
    pub(crate) first: SystemTime,
    pub(crate) last: SystemTime,
}

/// The last of them, the one seen last at the end.
#[derive(Debug, Default)]
pub(super) struct Seen(Vec<Sighting>);

impl Seen {
    pub(super) fn note(&mut self, party: &SignerId, kind: FaultKind, now: SystemTime) {
        let same = |one: &Sighting| {
            let since = now.duration_since(one.last).unwrap_or_default();
            one.party == *party && one.kind == kind && since < GOES_ON
        };
        let sighting = match self.0.iter().position(same) {
            Some(index) => {
                let known = self.0.remove(index);
                Sighting {
                    times: known.times + 1,
                    last: now,
                    ..known
                }
            }
            None => Sighting {
                party: party.clone(),
                kind,
                times: 1,
                first: now,
                last: now,
            },
        };
        if self.0.len() == MOST {
            self.0.remove(0);
        }
        self.0.push(sighting);
    }

    /// The one seen last comes first.
    pub(super) fn all(&self) -> Vec<Sighting> {
        self.0.iter().rev().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]
    use super::*;
    use sp_core::sr25519;

    fn party(number: u8) -> SignerId {
        sr25519::Public::from_raw([number; 32]).into()
    }

    fn at(second: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(second)
    }

    #[test]
    fn what_goes_on_is_one_and_what_comes_back_is_another() {
        let mut seen = Seen::default();
        for second in [0, 6, 12] {
            seen.note(&party(1), FaultKind::Unreachable, at(second));
        }
        seen.note(&party(2), FaultKind::Unreachable, at(20));
        seen.note(&party(1), FaultKind::Silent, at(21));
        seen.note(&party(1), FaultKind::Unreachable, at(5000));
        let all = seen.all();
        let times: Vec<_> = all.iter().map(|one| (one.kind, one.times)).collect();
        let unreachable = |times| (FaultKind::Unreachable, times);
        assert_eq!(
            times,
            [
                unreachable(1),
                (FaultKind::Silent, 1),
                unreachable(1),
                unreachable(3)
            ]
        );
        assert_eq!((all[3].first, all[3].last), (at(0), at(12)));
    }

    #[test]
    fn there_are_never_more_than_so_many() {
        let mut seen = Seen::default();
        for number in 0..100 {
            seen.note(&party(number), FaultKind::Silent, at(number.into()));
        }
        let all = seen.all();
        assert_eq!((all.len(), &all[0].party), (MOST, &party(99)));
    }
}
