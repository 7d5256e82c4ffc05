//! Reading bodies without giving strangers the node's memory.
//!
//! A request of the largest size is 9 or 27 MB of hex, and takes a multiple of it while it is in
//! work. So there is a budget for all requests together. A body is charged as it arrives, byte for
//! byte, so that it takes real traffic to use the budget up; what working on it takes is charged
//! when it is complete. The charge is returned when the request is done.

use axum::body::{Body, BodyDataStream};
use futures::StreamExt;
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

/// The budget's unit, bytes.
const UNIT: usize = 1024;

/// How long a request waits for its part of the budget.
const PATIENCE: Duration = Duration::from_secs(2);

/// Memory for requests in work.
pub struct BodyBudget {
    units: Arc<Semaphore>,
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
    /// A budget of so many bytes.
    pub fn new(bytes: usize) -> Self {
        let units = (bytes / UNIT).min(Semaphore::MAX_PERMITS);
        Self {
            units: Arc::new(Semaphore::new(units)),
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
            timeout(bounds.time, self.collect(&mut chunks, bounds.limit))
                .await
                .map_err(|_| BodyError::Broken)?
        };
        if collected.is_err() {
            discard(chunks).await;
        }
        let mut charged = collected?;
        let work = charged
            .bytes
            .len()
            .saturating_mul(bounds.weight.saturating_sub(1));
        charged
            .charge
            .merge(self.charge(work.div_ceil(UNIT)).await?);
        Ok(charged)
    }

    async fn collect(
        &self,
        chunks: &mut BodyDataStream,
        limit: usize,
    ) -> Result<ChargedBody, BodyError> {
        let mut charged = ChargedBody {
            bytes: Vec::new(),
            charge: self.charge(1).await?,
        };
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|_| BodyError::Broken)?;
            let length = charged.bytes.len() + chunk.len();
            if length > limit {
                return Err(BodyError::TooLarge);
            }
            let due = length
                .div_ceil(UNIT)
                .saturating_sub(charged.charge.num_permits());
            charged.charge.merge(self.charge(due).await?);
            charged.bytes.extend_from_slice(&chunk);
        }
        Ok(charged)
    }

    async fn charge(&self, units: usize) -> Result<OwnedSemaphorePermit, BodyError> {
        let units = u32::try_from(units).map_err(|_| BodyError::OverBudget)?;
        timeout(PATIENCE, self.units.clone().acquire_many_owned(units))
            .await
            .ok()
            .and_then(Result::ok)
            .ok_or(BodyError::OverBudget)
    }
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
    use axum::body::Bytes;
    use futures::stream;
    use std::{convert::Infallible, io};

    const BOUNDS: BodyBounds = BodyBounds {
        limit: 10 * UNIT,
        weight: 4,
        time: Duration::from_secs(5),
    };

    fn chunks(count: usize) -> Body {
        let chunk = Ok::<_, Infallible>(Bytes::from(vec![7; UNIT]));
        Body::from_stream(stream::iter(std::iter::repeat_n(chunk, count)))
    }

    #[tokio::test]
    async fn charges_what_the_body_takes_and_returns_it() {
        let budget = BodyBudget::new(64 * UNIT);
        let body = budget.read(chunks(10), None, BOUNDS).await.unwrap();
        assert_eq!(body.bytes.len(), 10 * UNIT);
        assert_eq!(budget.units.available_permits(), 24);
        drop(body);
        assert_eq!(budget.units.available_permits(), 64);
    }

    #[tokio::test(start_paused = true)]
    async fn more_than_the_limit_is_refused_declared_or_not() {
        let budget = BodyBudget::new(64 * UNIT);
        let read = budget.read(chunks(11), None, BOUNDS).await;
        assert_eq!(read.err(), Some(BodyError::TooLarge));
        let never = Body::from_stream(stream::pending::<io::Result<Bytes>>());
        let read = budget.read(never, Some(10 * UNIT + 1), BOUNDS).await;
        assert_eq!(read.err(), Some(BodyError::TooLarge));
        assert_eq!(budget.units.available_permits(), 64);
    }

    #[tokio::test]
    async fn a_refused_body_is_taken_off_the_wire_up_to_a_bound() {
        use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
        static SENT: AtomicUsize = AtomicUsize::new(0);
        let endless = stream::repeat_with(|| {
            SENT.fetch_add(UNIT, Relaxed);
            Ok::<_, Infallible>(Bytes::from(vec![7; UNIT]))
        });
        let budget = BodyBudget::new(64 * UNIT);
        let read = budget.read(Body::from_stream(endless), None, BOUNDS).await;
        assert_eq!(read.err(), Some(BodyError::TooLarge));
        let sent = SENT.load(Relaxed);
        assert!(
            (DISCARDED_BYTES..DISCARDED_BYTES + 20 * UNIT).contains(&sent),
            "{sent}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn who_only_declares_a_body_blocks_nobody_and_is_dropped() {
        let budget = BodyBudget::new(64 * UNIT);
        let never = Body::from_stream(stream::pending::<io::Result<Bytes>>());
        let stalled = budget.read(never, Some(10 * UNIT), BOUNDS);
        let other = async {
            tokio::task::yield_now().await;
            assert_eq!(budget.units.available_permits(), 63);
            budget.read(chunks(10), None, BOUNDS).await.map(drop)
        };
        let (stalled, other) = tokio::join!(stalled, other);
        assert_eq!(stalled.err(), Some(BodyError::Broken));
        assert_eq!(other, Ok(()));
        assert_eq!(budget.units.available_permits(), 64);
    }

    #[tokio::test(start_paused = true)]
    async fn over_budget_is_told_so_in_the_end() {
        let budget = BodyBudget::new(64 * UNIT);
        let first = budget.read(chunks(10), None, BOUNDS).await.unwrap();
        let second = budget.read(chunks(10), None, BOUNDS).await;
        assert_eq!(second.err(), Some(BodyError::OverBudget));
        drop(first);
        assert!(budget.read(chunks(10), None, BOUNDS).await.is_ok());
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_an_error() {
        let budget = BodyBudget::new(64 * UNIT);
        let broken = stream::iter([Ok(Bytes::from("x")), Err(io::Error::other("gone"))]);
        let read = budget.read(Body::from_stream(broken), None, BOUNDS).await;
        assert_eq!(read.err(), Some(BodyError::Broken));
    }
}
