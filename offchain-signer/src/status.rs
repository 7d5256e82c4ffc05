//! What a node shows of itself to people who point a browser at it.
//!
//! ```text
//!  requests ─ granted, answered ─► Recent ─┐
//!  Observations ─ what others failed at ───┤
//!  chain at the best block ────────────────┼─► Status ─► GET /status.json ─► the page
//!  mesh ─ who is connected ────────────────┘     made once a second at most
//! ```
//! Everybody may look. So there is nothing in it of users, keys of users, or requests but when they
//! were signed and how long that took, in steps of 10 ms: what a program does with what a user sends
//! it in private should not be told by its time. The rest is on chain, or is what whoever connects to
//! the validators finds out.
//!
//! However many look: the answer is kept for a second, and made by one at a time.

mod recent;
mod shown;

pub use recent::Recent;
pub(crate) use recent::Signing;

use crate::{chain::AccountId, faults::Observations, request::Admission, transport::MeshHandle};
use axum::body::Bytes;
use shown::Shown;
use std::{
    collections::BTreeSet,
    fmt,
    sync::{
        atomic::{AtomicU32, Ordering},
        Arc,
    },
    time::Duration,
};
use tokio::{sync::Mutex, time::Instant};

/// How long an answer is good for.
const FRESH: Duration = Duration::from_secs(1);

/// Tells whom this node is connected to.
pub trait ShowPeers: Send + Sync + 'static {
    /// Whom it should be connected to.
    fn expected(&self) -> BTreeSet<AccountId>;

    /// Whom it is connected to.
    fn connected(&self) -> BTreeSet<AccountId>;
}

impl ShowPeers for MeshHandle {
    fn expected(&self) -> BTreeSet<AccountId> {
        self.peers()
    }

    fn connected(&self) -> BTreeSet<AccountId> {
        MeshHandle::connected(self)
    }
}

/// Where what is shown comes from.
pub struct StatusParts {
    /// The chain, and who this node is.
    pub admission: Arc<Admission>,
    /// The other members.
    pub mesh: Arc<dyn ShowPeers>,
    /// What others were seen to fail at.
    pub observations: Arc<Observations>,
    /// Version and commit.
    pub version: String,
}

/// What a node shows.
pub struct Status {
    parts: Arc<StatusParts>,
    recent: Arc<Recent>,
    /// The newest generation of which this node has a share in use; 0 if it has none.
    held: Arc<AtomicU32>,
    answer: Arc<Mutex<Option<(Instant, Bytes)>>>,
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Status").finish_non_exhaustive()
    }
}

/// The status could not be made: an error of this node's own.
#[derive(Debug, thiserror::Error)]
#[error("the status could not be made")]
pub struct StatusError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl Status {
    /// Nothing has been signed yet.
    pub fn new(parts: StatusParts) -> Self {
        Self {
            parts: Arc::new(parts),
            recent: Arc::default(),
            held: Arc::default(),
            answer: Arc::default(),
        }
    }

    /// Where signings are kept.
    pub fn recent(&self) -> &Arc<Recent> {
        &self.recent
    }

    /// The newest generation of which this node has a share in use.
    pub fn holds(&self, generation: Option<u32>) {
        self.held.store(generation.unwrap_or(0), Ordering::Relaxed);
    }

    /// The answer to `GET /status.json`.
    ///
    /// # Errors
    /// [`StatusError`], if it could not be made.
    pub(crate) async fn json(&self) -> Result<Bytes, StatusError> {
        let answer = self.answer.clone().lock_owned().await;
        if let Some((made, bytes)) = &*answer {
            if made.elapsed() < FRESH {
                return Ok(bytes.clone());
            }
        }
        let (parts, recent) = (self.parts.clone(), self.recent.clone());
        let held = self.held.load(Ordering::Relaxed);
        // On a task of its own, with the lock: who hangs up and asks again does not have it made
        // again.
        let making = tokio::spawn(async move {
            let mut answer = answer;
            let making = tokio::task::spawn_blocking(move || {
                serde_json::to_vec(&Shown::of(&parts, &recent, held))
            });
            let json = making.await.map_err(|error| StatusError(error.into()))?;
            let bytes = Bytes::from(json.map_err(|error| StatusError(error.into()))?);
            *answer = Some((Instant::now(), bytes.clone()));
            Ok(bytes)
        });
        making
            .await
            .unwrap_or_else(|error| Err(StatusError(error.into())))
    }
}
