//! One request on its way through this node: what it is called in the log, and where its time goes.
//!
//! ```text
//!  api ─ begins ─► Trace ─► request, sessions: name it, time its stages
//!            │        ├─► span: every log line carries the request's id
//!            │        └─► metrics: a histogram for each stage
//!            └─ answered ─► metrics: outcome, time;  Recent: for the status page
//! ```
//! # The id
//! The first 8 bytes of the hash of the user's signed request, in hex. Relayer and signers have it
//! each for itself, so one request is found in all their logs by one word (docs/metrics.md). It tells
//! nothing of the message: the user's signature, which is different each time, is hashed with it.

use crate::{
    api::Code,
    metrics::{self, Metrics, RequestInWork, Role, Stage},
    status::{Recent, Signing},
};
use std::{
    fmt,
    sync::{
        atomic::{AtomicBool, Ordering},
        Arc, Mutex, OnceLock, PoisonError,
    },
    time::{Duration, Instant, SystemTime},
};
use tracing::Span;

/// How much of a request's hash is its id, in hex digits.
const ID_DIGITS: usize = 16;

/// A request's time in each stage, in the order of [`Stage::ALL`].
pub(crate) type Stages = [Duration; Stage::ALL.len()];

/// What is told of one request while it is worked on. Clones are of the same request. The default
/// tells nothing to nobody.
#[derive(Clone, Default)]
pub struct Trace(Option<Arc<Tracked>>);

struct Tracked {
    role: Role,
    metrics: Metrics,
    began: Instant,
    at: SystemTime,
    stages: Mutex<Stages>,
    granted: AtomicBool,
    span: OnceLock<Span>,
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let role = self.0.as_ref().map(|tracked| tracked.role);
        f.debug_tuple("Trace").field(&role).finish()
    }
}

impl Trace {
    /// A request to this node in this role, from now on.
    pub(crate) fn new(role: Role, metrics: Metrics) -> Self {
        Self(Some(Arc::new(Tracked {
            role,
            metrics,
            began: Instant::now(),
            at: SystemTime::now(),
            stages: Mutex::default(),
            granted: AtomicBool::new(false),
            span: OnceLock::new(),
        })))
    }

    /// It is known now which request it is: `hash` is that of what the user has signed.
    pub(crate) fn name(&self, hash: &[u8; 32]) {
        let Some(tracked) = &self.0 else {
            return;
        };
        let hash = hex::encode(hash);
        let id = hash.get(..ID_DIGITS).unwrap_or_default();
        // Substrate's log begins each line within a span of this name with what the span has as
        // `name`. An error, so that the lines of errors have it whatever the level of the log is.
        let span = tracing::error_span!(
            parent: None,
            "substrate-log-prefix",
            name = %format_args!("request {id}"),
            role = tracked.role.as_str(),
        );
        // A request is named once.
        let _ = tracked.span.set(span);
    }

    /// The span that everything which is done for the request belongs in; none before it is named.
    pub(crate) fn span(&self) -> Span {
        let tracked = self.0.as_ref();
        let span = tracked.and_then(|tracked| tracked.span.get());
        span.cloned().unwrap_or_else(Span::none)
    }

    /// Its programs have said yes.
    pub(crate) fn granted(&self) {
        if let Some(tracked) = &self.0 {
            tracked.granted.store(true, Ordering::Relaxed);
        }
    }

    /// A stage is over that began at `since`.
    pub(crate) fn stage(&self, stage: Stage, since: Instant) {
        let Some(tracked) = &self.0 else {
            return;
        };
        let time = since.elapsed();
        tracked.metrics.stage(tracked.role, stage, time);
        let mut stages = tracked
            .stages
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mine = Stage::ALL.iter().zip(stages.iter_mut());
        for (_, spent) in mine.filter(|(one, _)| **one == stage) {
            *spent += time;
        }
    }

    /// Does one stage, and tells how long it took.
    pub(crate) fn timed<T>(&self, stage: Stage, work: impl FnOnce() -> T) -> T {
        let since = Instant::now();
        let done = work();
        self.stage(stage, since);
        done
    }
}

/// A request that is being worked on. It counts as hung up on unless it is answered.
pub(crate) struct Work {
    trace: Trace,
    in_work: Option<RequestInWork>,
    recent: Arc<Recent>,
    outcome: &'static str,
}

impl Work {
    /// A request has come in.
    pub(crate) fn begin(role: Role, metrics: &Metrics, recent: &Arc<Recent>) -> Self {
        Self {
            trace: Trace::new(role, metrics.clone()),
            in_work: Some(metrics.request(role)),
            recent: recent.clone(),
            outcome: metrics::HUNG_UP,
        }
    }

    /// What whoever works on it tells.
    pub(crate) fn trace(&self) -> &Trace {
        &self.trace
    }

    /// It has been answered: with this error, or a signature.
    pub(crate) fn answered(mut self, error: Option<Code>) {
        self.outcome = metrics::outcome(error);
        if let Some(in_work) = self.in_work.take() {
            in_work.answered(error);
        }
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        let Some(tracked) = &self.trace.0 else {
            return;
        };
        let (outcome, took) = (self.outcome, tracked.began.elapsed());
        if let Some(span) = tracked.span.get() {
            span.in_scope(|| tracing::debug!(outcome, ?took, "the request is over"));
        }
        // What strangers can have refused for nothing must not push out what was signed.
        if tracked.granted.load(Ordering::Relaxed) {
            let stages = tracked.stages.lock();
            self.recent.push(Signing {
                at: tracked.at,
                role: tracked.role,
                outcome,
                took,
                stages: *stages.unwrap_or_else(PoisonError::into_inner),
            });
        }
    }
}

#[cfg(test)]
pub(crate) mod testing;

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]
    use super::*;

    fn work(recent: &Arc<Recent>) -> Work {
        Work::begin(Role::Relayer, &Metrics::default(), recent)
    }

    #[test]
    fn only_what_was_granted_is_kept() {
        let recent = Arc::new(Recent::default());
        work(&recent).answered(None);
        drop(work(&recent));
        assert!(recent.all().is_empty());

        let granted = work(&recent);
        granted.trace().granted();
        granted.answered(Some(Code::SigningFailed));
        let hung_up = work(&recent);
        hung_up.trace().granted();
        drop(hung_up);
        let outcomes: Vec<_> = recent.all().iter().map(|one| one.outcome).collect();
        assert_eq!(outcomes, ["hung_up", "signing_failed"]);
    }

    #[test]
    fn a_stage_that_is_gone_through_twice_takes_its_time_twice() {
        let recent = Arc::new(Recent::default());
        let work = work(&recent);
        let trace = work.trace().clone();
        trace.granted();
        let since = Instant::now() - Duration::from_secs(1);
        trace.stage(Stage::Programs, since);
        trace.stage(Stage::Programs, since);
        trace.timed(Stage::Answer, || ());
        work.answered(None);
        let stages = recent.all()[0].stages;
        for (stage, time) in Stage::ALL.iter().zip(stages) {
            let expected = u64::from(*stage == Stage::Programs) * 2;
            assert_eq!(time.as_secs(), expected, "{stage:?}");
        }
    }

    #[test]
    fn nothing_is_told_of_what_is_no_request() {
        let trace = Trace::default();
        trace.name(&[1; 32]);
        trace.granted();
        trace.stage(Stage::Protocol, Instant::now());
        assert!(trace.span().is_none());
    }
}
