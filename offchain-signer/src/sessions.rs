//! Which protocol runs are going on, over the mesh.
//!
//! ```text
//! SessionsHandle::run(spec, job)          one future per run, owned by whoever wants the result
//!    │ Open{run, try, nonce} ⇄ peers      `opening`: agree on a session id nobody has used before
//!    ▼
//!   job(Session) on a blocking thread     the protocol, with a link to each other participant
//!    │ Message{session, payload} ⇄ peers
//!    ▼
//!   result, or the next try
//! ```
//!
//! The router hands each incoming frame to the run or session that it names. Frames that come
//! before this node has opened what they name wait in a bounded buffer.
//!
//! A [`SessionsHandle::run`] future may be dropped at any time: the session is closed and the
//! protocol thread told to stop.
//!
//! # Giving up
//! A run that may not be tried again and ends without a result, or is dropped, tells the other
//! participants so, by an `Open` of a try that there is not. They end at once with
//! [`RunError::NoTryLeft`] and name nobody: whoever gives up may have been let down by a third, or
//! by whoever wanted the result. Where a run may be tried again, the next try's `Open` says as much,
//! and the [`Attendance`] knows who has been missing from all tries without ever saying so.

mod attendance;
mod frame;
#[cfg(test)]
pub(crate) mod memory;
mod opening;
mod router;
mod run;

pub use attendance::Attendance;
pub use run::{Budget, RunError, RunSpec, Session};

use crate::{
    chain::AccountId,
    conduct::Conduct,
    metrics::Metrics,
    transport::{Incoming, MeshHandle},
};
use futures::future::BoxFuture;
use router::Router;
use std::{fmt, sync::Arc, time::Duration};
use tokio::{sync::mpsc, time::Instant};
use tokio_util::sync::CancellationToken;

/// Carries messages to other validators. Messages to one validator arrive in order, or not at all.
pub trait Carry: Send + Sync + 'static {
    /// Sends `message` to `to`. `false` if it could not be handed to a connection in time.
    fn send(&self, to: AccountId, message: Vec<u8>) -> BoxFuture<'static, bool>;
}

/// How long a message may take to get out: a restarted peer is connected again in less.
const SEND_TIMEOUT: Duration = Duration::from_secs(20);

impl Carry for MeshHandle {
    fn send(&self, to: AccountId, message: Vec<u8>) -> BoxFuture<'static, bool> {
        let mesh = self.clone();
        Box::pin(async move {
            let sent = MeshHandle::send(&mesh, &to, message, Instant::now() + SEND_TIMEOUT).await;
            if let Err(error) = &sent {
                tracing::debug!(peer = %to, %error, "could not send");
            }
            sent.is_ok()
        })
    }
}

/// Starts runs. Cheap to clone.
#[derive(Clone)]
pub struct SessionsHandle {
    router: Arc<Router>,
    mesh: Arc<dyn Carry>,
    metrics: Metrics,
    conduct: Conduct,
}

impl fmt::Debug for SessionsHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionsHandle").finish_non_exhaustive()
    }
}

/// The task that hands incoming frames to runs.
pub struct Sessions {
    router: Arc<Router>,
    incoming: mpsc::Receiver<Incoming>,
}

impl Sessions {
    /// Sessions over `mesh`, whose incoming messages come from `incoming`.
    pub fn new(mesh: Arc<dyn Carry>, incoming: mpsc::Receiver<Incoming>) -> (SessionsHandle, Self) {
        let router = Arc::new(Router::default());
        (
            SessionsHandle {
                router: router.clone(),
                mesh,
                metrics: Metrics::default(),
                conduct: Conduct::default(),
            },
            Self { router, incoming },
        )
    }

    /// Routes until `stop`, or until the mesh has gone.
    pub async fn run(mut self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                incoming = self.incoming.recv() => match incoming {
                    Some(Incoming { from, message }) => self.router.route(&from, &message),
                    None => return,
                },
            }
        }
    }
}

impl SessionsHandle {
    /// Tells how sessions go.
    pub fn with_metrics(self, metrics: Metrics) -> Self {
        Self { metrics, ..self }
    }

    /// The same, for a node that conducts itself so.
    pub(crate) fn with_conduct(mut self, conduct: Conduct) -> Self {
        self.conduct = conduct;
        self
    }

    /// How the node conducts itself.
    pub(crate) fn conduct(&self) -> &Conduct {
        &self.conduct
    }

    /// How many sessions are open now.
    pub fn open_sessions(&self) -> usize {
        self.router.open_sessions()
    }
}

#[cfg(test)]
mod tests;
