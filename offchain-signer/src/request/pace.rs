//! How many requests a relayer has signed at a time.
//!
//! A signature is seconds of computing for its signers. If they are asked for more at a time than they can
//! compute, all of it takes longer, until nothing is done in time and all of the computing was for nothing. So
//! a relayer has few signed at a time, and lets the others wait. How many the signers can do depends on their
//! machines and on the other relayers, none of which it can see. It goes by how long they take, as TCP goes by
//! losses (additive increase, multiplicative decrease: RFC 5681, section 3.1): one more at a time for every
//! round of quick ones, a fifth less after a slow one, half after one that came too late.

use super::{error::RequestError, wait::within};
use crate::{chain::VerifyingKey, per_key::PerKey};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

/// How many requests for one key may be signed at a time. With more, one key could have all of a relayer's turns.
pub(crate) const OF_ONE_KEY: usize = 4;
/// How many requests for one key a relayer takes at a time, waiting or not. With more, those of a few keys would
/// fill it.
pub(crate) const PLACES_OF_ONE_KEY: usize = 16;
/// How long a request waits until its signers are asked. With the time that they have it is less than users wait.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// How many at a time to begin with.
const FIRST: usize = 2;
/// How many at a time at most.
pub(crate) const MOST: usize = 64;
/// What is left of the width after a slow signature, and after one that came too late.
const AFTER_SLOW: f64 = 0.8;
const AFTER_LATE: f64 = 0.5;

/// What became of an attempt at a signature.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Heard {
    /// The signers have signed.
    Signed,
    /// A signer has too much to do.
    Busy,
    /// There is no signature, for whatever reason.
    Nothing,
}

/// Hands out the turns.
pub(crate) struct Pace {
    /// What takes longer is slow.
    slow: Duration,
    turns: Arc<Semaphore>,
    /// One for each key that has a turn or waits for one.
    keys: PerKey<VerifyingKey>,
    /// One for each key: of those that wait, only the first stands in the queue with other keys'.
    next: PerKey<VerifyingKey>,
    places: PerKey<VerifyingKey>,
    width: Mutex<Width>,
}

/// How many at a time.
struct Width {
    /// What it is to be, with the parts of one that quick signatures add.
    wanted: f64,
    /// What it is: turns that are taken, or can be.
    turns: usize,
    /// When it became less. What began before says nothing about how it is since.
    narrowed: Option<Instant>,
}

/// The right to have a request signed, until it is dropped.
pub(super) struct Turn {
    pace: Arc<Pace>,
    permit: Option<OwnedSemaphorePermit>,
    _of_key: OwnedSemaphorePermit,
}

impl Pace {
    /// `slow` is what a signature takes when too many are made at a time, but still in time.
    pub(super) fn new(slow: Duration) -> Self {
        Self {
            slow,
            turns: Arc::new(Semaphore::new(FIRST)),
            keys: PerKey::new(OF_ONE_KEY),
            next: PerKey::new(1),
            places: PerKey::new(PLACES_OF_ONE_KEY),
            width: Mutex::new(Width {
                wanted: FIRST as f64,
                turns: FIRST,
                narrowed: None,
            }),
        }
    }

    /// A place among the requests for `key`, to be had before anything is used up, and kept until it is answered.
    ///
    /// # Errors
    /// [`RequestError::Busy`], if there is none.
    pub(super) fn place(&self, key: VerifyingKey) -> Result<OwnedSemaphorePermit, RequestError> {
        let places = self.places.of(key);
        places.try_acquire_owned().map_err(|_| RequestError::Busy)
    }

    /// Waits for a turn. Those of one key wait for each other first, so that no more than one of them is in the
    /// others' way.
    ///
    /// # Errors
    /// [`RequestError::Busy`], if it takes too long.
    pub(super) async fn take(self: &Arc<Self>, key: VerifyingKey) -> Result<Turn, RequestError> {
        // As many are remembered as requests are in work, which is bounded.
        let (of_key, next) = (self.keys.of(key), self.next.of(key));
        within(PATIENCE, async {
            let _of_key = of_key.acquire_owned().await?;
            let _next = next.acquire_owned().await?;
            let permit = self.turns.clone().acquire_owned().await?;
            Ok(Turn {
                pace: self.clone(),
                permit: Some(permit),
                _of_key,
            })
        })
        .await
    }

    /// How many requests are signed at a time, at most. More wait for their turn.
    pub(crate) fn at_a_time(&self) -> usize {
        self.width().whole()
    }

    fn width(&self) -> MutexGuard<'_, Width> {
        self.width.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn quick(&self) {
        // Nobody waits: more at a time would change nothing, and nothing is known of how it would be.
        if self.turns.available_permits() > 0 {
            return;
        }
        let width = &mut *self.width();
        width.wanted = (width.wanted + 1.0 / width.wanted).min(MOST as f64);
        let more = width.whole().saturating_sub(width.turns);
        self.turns.add_permits(more);
        width.turns += more;
    }

    fn narrow(&self, began: Instant, left: f64) {
        let width = &mut *self.width();
        if width.narrowed.is_some_and(|narrowed| began < narrowed) {
            return;
        }
        width.narrowed = Some(Instant::now());
        width.wanted = (width.wanted * left).max(1.0);
        // The rest goes when turns that are taken come to their end.
        let fewer = width.turns.saturating_sub(width.whole());
        width.turns -= self.turns.forget_permits(fewer);
        tracing::debug!(at_a_time = width.whole(), "signers have too much to do");
    }
}

impl Width {
    fn whole(&self) -> usize {
        self.wanted as usize
    }
}

impl Turn {
    /// Begins an attempt.
    pub(super) fn attempt(&self) -> Attempt<'_> {
        Attempt {
            pace: &self.pace,
            began: Instant::now(),
            heard: Heard::Nothing,
        }
    }
}

/// An attempt at a signature. If it is dropped before anything was heard of it, nothing was.
pub(super) struct Attempt<'a> {
    pace: &'a Pace,
    began: Instant,
    heard: Heard,
}

impl Attempt<'_> {
    /// Whether it has taken so long that its signers have too much to do.
    pub(super) fn is_slow(&self) -> bool {
        self.began.elapsed() > self.pace.slow
    }

    /// Says what became of it.
    pub(super) fn heard(mut self, heard: Heard) {
        self.heard = heard;
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        let (pace, is_slow) = (self.pace, self.is_slow());
        match self.heard {
            Heard::Signed if is_slow => pace.narrow(self.began, AFTER_SLOW),
            Heard::Signed => pace.quick(),
            Heard::Busy => pace.narrow(self.began, AFTER_LATE),
            Heard::Nothing if is_slow => pace.narrow(self.began, AFTER_LATE),
            Heard::Nothing => {}
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let width = &mut *self.pace.width();
        match self.permit.take() {
            Some(permit) if width.turns > width.whole() => {
                permit.forget();
                width.turns -= 1;
            }
            permit => drop(permit),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use futures::FutureExt;
    use tokio::{task::unconstrained, time::advance};

    const SLOW: Duration = Duration::from_secs(7);
    const SECOND: Duration = Duration::from_secs(1);

    fn pace() -> Arc<Pace> {
        Arc::new(Pace::new(SLOW))
    }

    fn key(index: usize) -> VerifyingKey {
        [u8::try_from(index).unwrap(); 33]
    }

    /// All turns that there are, each for another key.
    fn all(pace: &Arc<Pace>) -> Vec<Turn> {
        // tokio would have the test pause after so many.
        let take = |index| unconstrained(pace.take(key(index))).now_or_never();
        let turns = (0..=MOST).map_while(take);
        turns.map(Result::unwrap).collect()
    }

    /// So many rounds, in each of which all turns are taken and their attempts take so long.
    async fn rounds(pace: &Arc<Pace>, rounds: usize, took: Duration, heard: Heard) {
        for _ in 0..rounds {
            let turns = all(pace);
            let attempts: Vec<_> = turns.iter().map(Turn::attempt).collect();
            advance(took).await;
            for attempt in attempts {
                attempt.heard(heard);
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_comes_too_many_waits_for_a_while() {
        let pace = pace();
        let mut turns = all(&pace);
        assert_eq!(turns.len(), FIRST);
        let begin = Instant::now();
        assert!(matches!(pace.take(key(100)).await, Err(RequestError::Busy)));
        assert_eq!(begin.elapsed(), PATIENCE);
        let waiting = pace.take(key(100));
        let (turn, ()) = tokio::join!(waiting, async { drop(turns.pop()) });
        drop(turn.unwrap());
        drop(turns);
        assert_eq!(all(&pace).len(), FIRST);
    }

    #[tokio::test(start_paused = true)]
    async fn one_more_for_every_round_of_quick_ones() {
        let pace = pace();
        rounds(&pace, 3, SECOND, Heard::Signed).await;
        let width = all(&pace).len();
        assert!((FIRST + 2..=FIRST + 3).contains(&width), "{width}");
        // Where nobody has to wait it stays as it is.
        for _ in 0..100 {
            let turn = pace.take(key(0)).await.unwrap();
            turn.attempt().heard(Heard::Signed);
        }
        assert_eq!(all(&pace).len(), width);
        rounds(&pace, 3_000, SECOND, Heard::Signed).await;
        assert_eq!(all(&pace).len(), MOST);
    }

    #[tokio::test(start_paused = true)]
    async fn fewer_when_they_are_slow_half_when_they_are_late_and_never_none() {
        let pace = pace();
        rounds(&pace, 100, SECOND, Heard::Signed).await;
        let width = all(&pace).len();
        // All of a round say the same thing, which counts once.
        rounds(&pace, 1, SLOW + SECOND, Heard::Signed).await;
        let slow = all(&pace).len();
        assert!(
            (width * 8 / 10 - 1..=width * 8 / 10 + 1).contains(&slow),
            "{slow}"
        );
        for heard in [Heard::Busy, Heard::Nothing] {
            let before = all(&pace).len();
            rounds(&pace, 1, SLOW + SECOND, heard).await;
            let after = all(&pace).len();
            assert!((before / 2..=before / 2 + 1).contains(&after), "{after}");
        }
        // Who is gone at once says nothing about how much there is to do.
        let before = all(&pace).len();
        rounds(&pace, 10, SECOND, Heard::Nothing).await;
        assert_eq!(all(&pace).len(), before);
        rounds(&pace, 10, SLOW + SECOND, Heard::Nothing).await;
        assert_eq!(all(&pace).len(), 1);
        rounds(&pace, 10, SECOND, Heard::Signed).await;
        assert!(all(&pace).len() > 2, "it recovers");
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_for_one_key_does_not_stand_before_others() {
        let pace = pace();
        rounds(&pace, 20, SECOND, Heard::Signed).await;
        let mut running = all(&pace);
        assert!(running.len() > OF_ONE_KEY);
        let mut flood: Vec<_> = (0..50).map(|_| Box::pin(pace.take(key(200)))).collect();
        for waiting in &mut flood {
            assert!(waiting.now_or_never().is_none());
        }
        let mut other = Box::pin(pace.take(key(201)));
        assert!((&mut other).now_or_never().is_none());
        // A few of the flood are before it, and no more.
        running.clear();
        let has_turn = flood.iter_mut().filter_map(|one| one.now_or_never());
        let turns: Vec<Turn> = has_turn.map(Result::unwrap).collect();
        assert_eq!(turns.len(), OF_ONE_KEY);
        assert!((&mut other).now_or_never().unwrap().is_ok());
        drop(turns);
    }

    #[test]
    fn a_key_has_so_many_places() {
        let pace = pace();
        let mut places: Vec<_> = (0..PLACES_OF_ONE_KEY)
            .map(|_| pace.place(key(1)).unwrap())
            .collect();
        assert!(matches!(pace.place(key(1)), Err(RequestError::Busy)));
        assert!(pace.place(key(2)).is_ok());
        places.pop();
        assert!(pace.place(key(1)).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn when_there_is_one_at_a_time_keys_take_turns() {
        let pace = pace();
        rounds(&pace, 10, SLOW + SECOND, Heard::Nothing).await;
        let running = all(&pace);
        assert_eq!(running.len(), 1);
        let mut flood: Vec<_> = (0..50).map(|_| Box::pin(pace.take(key(200)))).collect();
        for waiting in &mut flood {
            assert!(waiting.now_or_never().is_none());
        }
        let mut other = Box::pin(pace.take(key(201)));
        assert!((&mut other).now_or_never().is_none());
        drop(running);
        let has_turn = flood.iter_mut().filter_map(|one| one.now_or_never());
        let turns: Vec<Turn> = has_turn.map(Result::unwrap).collect();
        assert_eq!(turns.len(), 1);
        drop(turns);
        assert!((&mut other).now_or_never().unwrap().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn turns_that_are_given_up_while_it_narrows_are_not_lost() {
        let pace = pace();
        rounds(&pace, 20, SECOND, Heard::Signed).await;
        let turns = all(&pace);
        let width = turns.len();
        // Whoever asked hangs up: nothing is heard of it.
        let attempt = turns.first().unwrap().attempt();
        advance(SLOW + SECOND).await;
        drop(attempt);
        // One of those who wait has a turn already when it hangs up.
        let mut waiting = Box::pin(pace.take(key(0)));
        assert!((&mut waiting).now_or_never().is_none());
        drop(turns);
        drop(waiting);
        for _ in 0..2 {
            let narrow = all(&pace).len();
            assert!((width / 2..=width / 2 + 1).contains(&narrow), "{narrow}");
            assert_eq!(pace.turns.available_permits(), pace.width().whole());
        }
    }
}
