//! Reading bodies without giving strangers the node's memory.
//!
//! A request of the largest size is 9 or 27 MB of hex, and takes a multiple of it while it is in
//! work. So there is a budget for all requests together. A body is charged as it arrives, byte for
//! byte, so that it takes real traffic to use the budget up; what working on it takes is charged
//! when it is complete. The charge is returned when the request is done.
//!
//! Who waits for much stands before all who come later. So a part of the budget is for small requests
//! only, which nearly all are: large ones never hold them up. Every request begins as a small one;
//! what it has of the small ones' part goes back when it has its part of the other.

use axum::body::{Body, BodyDataStream};
use futures::StreamExt;
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

/// The budget's unit, bytes.
const UNIT: usize = 1024;

/// The most that a small request takes while it is in work, bytes. That is a message
/// of about a thousand.
pub(super) const SMALL: usize = 128 << 10;

/// Which part of the budget is for small requests only: one in so many. By default as many fit in
/// there as may be in work at a time.
pub(super) const SMALL_PART: usize = 6;

/// How long a request waits for its part of the budget.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// Memory for requests in work.
pub struct BodyBudget {
    small: Arc<Semaphore>,
    large: Arc<Semaphore>,
}

/// A body, and its part of the budget.
pub(super) struct ChargedBody {
    pub(super) bytes: Vec<u8>,
    pub(super) charge: OwnedSemaphorePermit,
}

/// How much of a refused body is thrown away before it is answered.
const DISCARDED_BYTES: usize = 32 << 20;
/// How long that may take.
const DISCARD_TIME: Duration = Duration::from_secs(5);

/// What a body may cost.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct BodyBounds {
    /// The longest body, bytes.
    pub(super) limit: usize,
    /// What working on it takes, in multiples of its length.
    pub(super) weight: usize,
    /// How long it may take to arrive.
    pub(super) time: Duration,
}

impl BodyBounds {
    /// What a body of this length and working on it take, bytes.
    fn work(&self, length: usize) -> usize {
        length.saturating_mul(self.weight)
    }
}

/// A body was not read.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// It is longer than the limit.
    #[error("the body is too large")]
    TooLarge,
    /// It did not arrive in time, or broke off.
    #[error("the body did not arrive")]
    Broken,
    /// Other requests take up the budget.
    #[error("too many large requests")]
    OverBudget,
}

impl BodyBudget {
    /// A budget of so many bytes, for small and large requests together.
    pub fn new(bytes: usize) -> Self {
        let units = (bytes / UNIT).min(Semaphore::MAX_PERMITS);
        let small = units / SMALL_PART;
        Self {
            small: Arc::new(Semaphore::new(small)),
            large: Arc::new(Semaphore::new(units - small)),
        }
    }

    /// Reads a body within these bounds.
    pub(super) async fn read(
        &self,
        body: Body,
        declared: Option<usize>,
        bounds: BodyBounds,
    ) -> Result<ChargedBody, BodyError> {
        let mut chunks = body.into_data_stream();
        let collected = if declared.is_some_and(|declared| declared > bounds.limit) {
            Err(BodyError::TooLarge)
        } else {
            timeout(bounds.time, self.collect(&mut chunks, bounds))
                .await
                .map_err(|_| BodyError::Broken)?
        };
        if collected.is_err() {
            discard(chunks).await;
        }
        let mut charged = collected?;
        let work = bounds.work(charged.bytes.len());
        self.raise(&mut charged.charge, work, work).await?;
        Ok(charged)
    }

    async fn collect(
        &self,
        chunks: &mut BodyDataStream,
        bounds: BodyBounds,
    ) -> Result<ChargedBody, BodyError> {
        let mut charged = ChargedBody {
            bytes: Vec::new(),
            charge: charge(&self.small, 1).await?,
        };
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|_| BodyError::Broken)?;
            let length = charged.bytes.len() + chunk.len();
            if length > bounds.limit {
                return Err(BodyError::TooLarge);
            }
            let work = bounds.work(length);
            self.raise(&mut charged.charge, length, work).await?;
            charged.bytes.extend_from_slice(&chunk);
        }
        Ok(charged)
    }

    /// Raises a charge to so many bytes, for a request that will take `work` bytes in the end.
    async fn raise(
        &self,
        charged: &mut OwnedSemaphorePermit,
        bytes: usize,
        work: usize,
    ) -> Result<(), BodyError> {
        let units = bytes.div_ceil(UNIT);
        let part = match work > SMALL {
            true => &self.large,
            false => &self.small,
        };
        if Arc::ptr_eq(part, charged.semaphore()) {
            let due = units.saturating_sub(charged.num_permits());
            charged.merge(charge(part, due).await?);
        } else {
            *charged = charge(part, units).await?;
        }
        Ok(())
    }
}

/// Waits for so many units of a part of the budget.
async fn charge(part: &Arc<Semaphore>, units: usize) -> Result<OwnedSemaphorePermit, BodyError> {
    let units = u32::try_from(units).map_err(|_| BodyError::OverBudget)?;
    timeout(PATIENCE, part.clone().acquire_many_owned(units))
        .await
        .ok()
        .and_then(Result::ok)
        .ok_or(BodyError::OverBudget)
}

/// Throws away what else comes, up to a bound. Most clients read the answer only when they have sent
/// everything; a connection that is closed before that looks to them like a failure of the network.
async fn discard(mut chunks: BodyDataStream) {
    let mut left = DISCARDED_BYTES;
    let discarding = async {
        while let Some(Ok(chunk)) = chunks.next().await {
            left = left.saturating_sub(chunk.len());
            if left == 0 {
                break;
            }
        }
    };
    // Who is slower than this does not see the answer.
    let _ = timeout(DISCARD_TIME, discarding).await;
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::api::ApiConfig;
    use axum::body::Bytes;
    use futures::{stream, FutureExt};
    use std::{convert::Infallible, io};

    /// With these a body of up to 32 units is a small one.
    const BOUNDS: BodyBounds = BodyBounds {
        limit: 100 * UNIT,
        weight: 4,
        time: Duration::from_secs(5),
    };

    /// Has 128 units for small requests, and 640 for others.
    fn budget() -> BodyBudget {
        BodyBudget::new(SMALL * SMALL_PART)
    }

    fn free(budget: &BodyBudget) -> (usize, usize) {
        (
            budget.small.available_permits(),
            budget.large.available_permits(),
        )
    }

    /// So many units, all at once.
    fn whole(units: usize) -> Body {
        Body::from(vec![7; units * UNIT])
    }

    /// So many units, one by one.
    fn chunks(count: usize) -> Body {
        let chunk = Ok::<_, Infallible>(Bytes::from(vec![7; UNIT]));
        Body::from_stream(stream::iter(std::iter::repeat_n(chunk, count)))
    }

    #[tokio::test]
    async fn charges_what_the_body_takes_and_returns_it() {
        let budget = budget();
        for (units, left) in [
            (0, (127, 640)),
            (10, (88, 640)),
            (32, (0, 640)),
            (33, (128, 508)),
            (100, (128, 240)),
        ] {
            for body in [chunks(units), whole(units)] {
                let body = budget.read(body, None, BOUNDS).await.unwrap();
                assert_eq!(body.bytes.len(), units * UNIT);
                assert_eq!(free(&budget), left, "{units}");
                drop(body);
                assert_eq!(free(&budget), (128, 640));
            }
        }
    }

    /// Who waits for much stands before all who come later: not before small ones.
    #[tokio::test(start_paused = true)]
    async fn large_requests_do_not_hold_up_small_ones() {
        let budget = budget();
        let held = budget.read(whole(100), None, BOUNDS).await.unwrap();
        let mut waiting = Box::pin(budget.read(whole(100), None, BOUNDS));
        assert!((&mut waiting).now_or_never().is_none());
        let mut behind = Box::pin(budget.read(whole(33), None, BOUNDS));
        assert!((&mut behind).now_or_never().is_none());
        for _ in 0..3 {
            let small = budget.read(whole(10), None, BOUNDS).now_or_never();
            assert!(small.unwrap().is_ok());
        }
        drop(held);
        let (waiting, behind) = tokio::join!(waiting, behind);
        assert!(waiting.is_ok() && behind.is_ok());
        drop((waiting, behind));
        assert_eq!(free(&budget), (128, 640));
    }

    #[test]
    fn all_that_may_be_in_work_may_be_small() {
        let config = ApiConfig::default();
        assert_eq!(config.memory / SMALL_PART, config.concurrency * SMALL);
    }

    #[tokio::test(start_paused = true)]
    async fn more_than_the_limit_is_refused_declared_or_not() {
        let budget = budget();
        let read = budget.read(chunks(101), None, BOUNDS).await;
        assert_eq!(read.err(), Some(BodyError::TooLarge));
        let never = Body::from_stream(stream::pending::<io::Result<Bytes>>());
        let read = budget.read(never, Some(100 * UNIT + 1), BOUNDS).await;
        assert_eq!(read.err(), Some(BodyError::TooLarge));
        assert_eq!(free(&budget), (128, 640));
    }

    #[tokio::test]
    async fn a_refused_body_is_taken_off_the_wire_up_to_a_bound() {
        use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
        static SENT: AtomicUsize = AtomicUsize::new(0);
        let endless = stream::repeat_with(|| {
            SENT.fetch_add(UNIT, Relaxed);
            Ok::<_, Infallible>(Bytes::from(vec![7; UNIT]))
        });
        let budget = budget();
        let read = budget.read(Body::from_stream(endless), None, BOUNDS).await;
        assert_eq!(read.err(), Some(BodyError::TooLarge));
        let sent = SENT.load(Relaxed);
        assert!(
            (DISCARDED_BYTES..DISCARDED_BYTES + 2 * BOUNDS.limit).contains(&sent),
            "{sent}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn who_only_declares_a_body_blocks_nobody_and_is_dropped() {
        let budget = budget();
        let never = Body::from_stream(stream::pending::<io::Result<Bytes>>());
        let stalled = budget.read(never, Some(100 * UNIT), BOUNDS);
        let other = async {
            tokio::task::yield_now().await;
            assert_eq!(free(&budget), (127, 640));
            budget.read(chunks(100), None, BOUNDS).await.map(drop)
        };
        let (stalled, other) = tokio::join!(stalled, other);
        assert_eq!(stalled.err(), Some(BodyError::Broken));
        assert_eq!(other, Ok(()));
        assert_eq!(free(&budget), (128, 640));
    }

    #[tokio::test(start_paused = true)]
    async fn over_budget_is_told_so_in_the_end() {
        let budget = budget();
        for units in [20, 100] {
            let first = budget.read(chunks(units), None, BOUNDS).await.unwrap();
            let second = budget.read(chunks(units), None, BOUNDS).await;
            assert_eq!(second.err(), Some(BodyError::OverBudget), "{units}");
            drop(first);
            assert!(budget.read(chunks(units), None, BOUNDS).await.is_ok());
        }
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_an_error() {
        let broken = stream::iter([Ok(Bytes::from("x")), Err(io::Error::other("gone"))]);
        let read = budget().read(Body::from_stream(broken), None, BOUNDS).await;
        assert_eq!(read.err(), Some(BodyError::Broken));
    }
}
