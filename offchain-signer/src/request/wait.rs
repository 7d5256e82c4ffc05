//! Waiting for permits, and for no longer than users would.

use super::error::RequestError;
use std::{future::Future, time::Duration};
use tokio::{sync::AcquireError, time::timeout};

/// Waits for `permits`.
///
/// # Errors
/// [`RequestError::Busy`], if it takes longer than `patience`.
pub(super) async fn within<T>(
    patience: Duration,
    permits: impl Future<Output = Result<T, AcquireError>>,
) -> Result<T, RequestError> {
    match timeout(patience, permits).await {
        Ok(permits) => permits.map_err(|closed| RequestError::Internal(closed.into())),
        Err(_) => Err(RequestError::Busy),
    }
}
