//! Who may run programs, and when.

use super::{error::RequestError, ledger::Standing, wait::within};
use crate::{chain::VerifyingKey, per_key::PerKey};
use std::{sync::Arc, time::Duration};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many requests for one key may run their programs, or be next to, at a time. With more, one
/// key with slow programs could have all turns.
pub(crate) const OF_ONE_KEY: usize = 2;
/// How many of these may be strangers': the rest is for those whom the key's programs have granted lately.
pub(crate) const OF_STRANGERS: usize = 1;
/// How long a request waits for its turn. A relayer's attempt has 15 s in all, and another node may
/// have less to do.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);

/// Hands out the turns.
pub(super) struct Turns {
    workers: Arc<Semaphore>,
    /// One for each key that has a turn or waits for one.
    keys: PerKey<VerifyingKey>,
    strangers: PerKey<VerifyingKey>,
}

/// The right to run the programs of one request, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    _worker: OwnedSemaphorePermit,
    _of_key: OwnedSemaphorePermit,
    _of_strangers: Option<OwnedSemaphorePermit>,
}

impl Turns {
    /// So many at a time.
    pub(super) fn new(workers: usize) -> Self {
        Self {
            workers: Arc::new(Semaphore::new(workers)),
            keys: PerKey::new(OF_ONE_KEY),
            strangers: PerKey::new(OF_STRANGERS),
        }
    }

    /// Waits for a turn. Those of one key wait for each other first, so that no more than two of
    /// them are in the others' way; and before that strangers wait for each other, so that no more than one
    /// of them is in the way of those who are known.
    ///
    /// # Errors
    /// [`RequestError::Busy`], if it takes too long.
    pub(super) async fn take(
        &self,
        key: VerifyingKey,
        standing: Standing,
    ) -> Result<Turn, RequestError> {
        // As many are remembered as requests are in work, which is bounded.
        let strangers = (standing == Standing::Stranger).then(|| self.strangers.of(key));
        let of_key = self.keys.of(key);
        within(PATIENCE, async {
            let _of_strangers = match strangers {
                Some(strangers) => Some(strangers.acquire_owned().await?),
                None => None,
            };
            let _of_key = of_key.acquire_owned().await?;
            let _worker = self.workers.clone().acquire_owned().await?;
            Ok(Turn {
                _worker,
                _of_key,
                _of_strangers,
            })
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{Standing::*, *};
    use futures::FutureExt;
    use tokio::time::Instant;

    const A: VerifyingKey = [1; 33];
    const B: VerifyingKey = [2; 33];

    #[tokio::test(start_paused = true)]
    async fn a_key_has_two_turns_and_leaves_the_rest_to_others() {
        let turns = Turns::new(4);
        let first = turns.take(A, Known).await.unwrap();
        let second = turns.take(A, Known).await.unwrap();
        let begin = Instant::now();
        assert!(matches!(
            turns.take(A, Known).await,
            Err(RequestError::Busy)
        ));
        assert_eq!(begin.elapsed(), PATIENCE);
        let other = turns.take(B, Known).now_or_never().unwrap().unwrap();
        // Who waits is next.
        let waiting = turns.take(A, Known);
        let (third, ()) = tokio::join!(waiting, async { drop(first) });
        drop((second, third.unwrap(), other));
        drop(turns.take(B, Known).await.unwrap());
        assert!(turns.keys.len() <= 1, "idle keys are kept");
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_for_one_key_does_not_stand_before_others() {
        let turns = Arc::new(Turns::new(1));
        let running = turns.take(A, Known).await.unwrap();
        let mut flood: Vec<_> = (0..50).map(|_| Box::pin(turns.take(A, Known))).collect();
        for waiting in &mut flood {
            assert!(waiting.now_or_never().is_none());
        }
        let mut other = Box::pin(turns.take(B, Known));
        assert!((&mut other).now_or_never().is_none());
        // One of the flood is before it, and no more.
        drop(running);
        let turn = flood.iter_mut().find_map(|of_a| of_a.now_or_never());
        drop(turn.unwrap().unwrap());
        assert!((&mut other).now_or_never().unwrap().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn strangers_do_not_stand_before_those_who_are_known() {
        let turns = Turns::new(4);
        let running = turns.take(A, Stranger).await.unwrap();
        let mut flood: Vec<_> = (0..50).map(|_| Box::pin(turns.take(A, Stranger))).collect();
        for waiting in &mut flood {
            assert!(waiting.now_or_never().is_none());
        }
        let known = turns.take(A, Known).now_or_never().unwrap().unwrap();
        // Both turns are taken.
        assert!(matches!(
            turns.take(A, Known).await,
            Err(RequestError::Busy)
        ));
        drop(known);
        assert!(turns.take(A, Known).now_or_never().unwrap().is_ok());
        drop((running, flood));
        assert!(turns.take(A, Stranger).now_or_never().unwrap().is_ok());
        drop(turns.take(B, Stranger).await.unwrap());
        assert!(turns.strangers.len() <= 1, "idle keys are kept");
    }

    #[tokio::test(start_paused = true)]
    async fn all_workers_at_work_is_busy_after_a_while() {
        let turns = Turns::new(1);
        let running = turns.take(A, Known).await.unwrap();
        let begin = Instant::now();
        assert!(matches!(
            turns.take(B, Known).await,
            Err(RequestError::Busy)
        ));
        assert_eq!(begin.elapsed(), PATIENCE);
        drop(running);
        assert!(turns.take(B, Known).await.is_ok());
    }
}
