//! Who may run programs, and when.

use super::error::RequestError;
use crate::{chain::VerifyingKey, per_key::PerKey};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

/// How many requests for one key may run their programs, or be next to, at a time. With more, one
/// key with slow programs could have all turns.
pub(crate) const OF_ONE_KEY: usize = 2;
/// How long a request waits for its turn. A relayer's attempt has 15 s in all, and another node may
/// have less to do.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);

/// Hands out the turns.
pub(super) struct Turns {
    workers: Arc<Semaphore>,
    /// One for each key that has a turn or waits for one.
    keys: PerKey<VerifyingKey>,
}

/// The right to run the programs of one request, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    _worker: OwnedSemaphorePermit,
    _of_key: OwnedSemaphorePermit,
}

impl Turns {
    /// So many at a time.
    pub(super) fn new(workers: usize) -> Self {
        Self {
            workers: Arc::new(Semaphore::new(workers)),
            keys: PerKey::new(OF_ONE_KEY),
        }
    }

    /// Waits for a turn. Those of one key wait for each other first, so that no more than two of
    /// them are in the others' way.
    ///
    /// # Errors
    /// [`RequestError::Busy`], if it takes too long.
    pub(super) async fn take(&self, key: VerifyingKey) -> Result<Turn, RequestError> {
        // As many are remembered as requests are in work, which is bounded.
        let of_key = self.keys.of(key);
        let both = async {
            let of_key = of_key.acquire_owned().await;
            (of_key, self.workers.clone().acquire_owned().await)
        };
        match timeout(PATIENCE, both).await {
            Ok((Ok(_of_key), Ok(_worker))) => Ok(Turn { _worker, _of_key }),
            Ok((Err(closed), _) | (_, Err(closed))) => Err(RequestError::Internal(closed.into())),
            Err(_) => Err(RequestError::Busy),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use futures::FutureExt;
    use tokio::time::Instant;

    const A: VerifyingKey = [1; 33];
    const B: VerifyingKey = [2; 33];

    #[tokio::test(start_paused = true)]
    async fn a_key_has_two_turns_and_leaves_the_rest_to_others() {
        let turns = Turns::new(4);
        let first = turns.take(A).await.unwrap();
        let second = turns.take(A).await.unwrap();
        let begin = Instant::now();
        assert!(matches!(turns.take(A).await, Err(RequestError::Busy)));
        assert_eq!(begin.elapsed(), PATIENCE);
        let other = turns.take(B).now_or_never().unwrap().unwrap();
        // Who waits is next.
        let waiting = turns.take(A);
        let (third, ()) = tokio::join!(waiting, async { drop(first) });
        drop((second, third.unwrap(), other));
        drop(turns.take(B).await.unwrap());
        assert!(turns.keys.len() <= 1, "idle keys are kept");
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_for_one_key_does_not_stand_before_others() {
        let turns = Arc::new(Turns::new(1));
        let running = turns.take(A).await.unwrap();
        let mut flood: Vec<_> = (0..50).map(|_| Box::pin(turns.take(A))).collect();
        for waiting in &mut flood {
            assert!(waiting.now_or_never().is_none());
        }
        let mut other = Box::pin(turns.take(B));
        assert!((&mut other).now_or_never().is_none());
        // One of the flood is before it, and no more.
        drop(running);
        let turn = flood.iter_mut().find_map(|of_a| of_a.now_or_never());
        drop(turn.unwrap().unwrap());
        assert!((&mut other).now_or_never().unwrap().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn all_workers_at_work_is_busy_after_a_while() {
        let turns = Turns::new(1);
        let running = turns.take(A).await.unwrap();
        let begin = Instant::now();
        assert!(matches!(turns.take(B).await, Err(RequestError::Busy)));
        assert_eq!(begin.elapsed(), PATIENCE);
        drop(running);
        assert!(turns.take(B).await.is_ok());
    }
}
