//! The signings that this node has taken part in of late.

use crate::{
    metrics::{Role, Stage},
    trace::Stages,
};
use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::{Duration, SystemTime},
};

/// How many are kept.
const MOST: usize = 50;

/// A request that the programs granted, and what became of it. Nothing of what was signed, for whom
/// or by whose wish: the page is public, and requests are not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signing {
    pub(crate) at: SystemTime,
    pub(crate) role: Role,
    /// `ok`, `hung_up`, or the code of an error.
    pub(crate) outcome: &'static str,
    pub(crate) took: Duration,
    pub(crate) stages: Stages,
}

impl Signing {
    /// Its stages, by name.
    pub(crate) fn stages(&self) -> impl Iterator<Item = (&'static str, Duration)> + '_ {
        let names = Stage::ALL.iter().map(|stage| stage.as_str());
        names.zip(self.stages)
    }
}

/// The last signings, in memory.
#[derive(Debug, Default)]
pub struct Recent(Mutex<VecDeque<Signing>>);

impl Recent {
    pub(crate) fn push(&self, signing: Signing) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.truncate(MOST - 1);
        kept.push_front(signing);
    }

    /// All that are kept, the latest first.
    pub(crate) fn all(&self) -> Vec<Signing> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn the_oldest_go_first() {
        let recent = Recent::default();
        for second in 0..60 {
            recent.push(Signing {
                at: SystemTime::UNIX_EPOCH + Duration::from_secs(second),
                role: Role::Signer,
                outcome: "ok",
                took: Duration::from_secs(1),
                stages: Stages::default(),
            });
        }
        let kept = recent.all();
        assert_eq!(kept.len(), MOST);
        let second = |index: usize| kept[index].at.duration_since(SystemTime::UNIX_EPOCH);
        assert_eq!(second(0).map(|time| time.as_secs()).ok(), Some(59));
        assert_eq!(second(49).map(|time| time.as_secs()).ok(), Some(10));
    }
}
