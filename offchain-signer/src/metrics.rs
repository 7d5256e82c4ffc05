//! What a node's operator can watch: Prometheus metrics, on the node's own endpoint.
//!
//! ```text
//!  api, request ─ outcomes, times ──┐
//!  sessions ──── open, how they end ┼─► Metrics ─► the node's registry ─► GET /metrics
//!  follower ──── what the chain says┤
//!  node ──────── fate of our calls ─┘
//!  mesh, programs, faults: count for themselves, and are asked when somebody looks
//! ```
//! `docs/metrics.md` has the table of all metrics; a test holds it to what is registered here.
//!
//! # Labels
//! They are taken from lists in this crate, all written down at the start: never an account, a key, a
//! peer or anything else that a stranger can make up. So the number of series is fixed, and a rate that
//! is zero is seen as zero.
//!
//! # Cost
//! Without a registry there are no metrics: [`Metrics::default`] does nothing.

mod calls;
mod faults;
mod network;
mod requests;
mod sessions;
mod sources;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use calls::{Call, CallOutcome};
pub use faults::{FaultCounts, FaultKind};
pub(crate) use network::{phase_word, role_word, View};
pub(crate) use requests::{outcome, RequestInWork, HUNG_UP};
pub use requests::{Role, Stage};
pub use sessions::SessionOutcome;

use crate::{
    faults::Observations, program::ProgramEngine, protocol, request::Pace, transport::MeshHandle,
};
use signing_primitives::Subject;
use std::{fmt, sync::Arc, time::Duration};
use substrate_prometheus_endpoint::{
    register, CounterVec, Gauge, GaugeVec, HistogramOpts, HistogramVec, Opts, PrometheusError,
    Registry, U64,
};

/// The metrics of one node, or none. Clones share them.
#[derive(Clone, Default)]
pub struct Metrics(Option<Arc<Registered>>);

struct Registered {
    registry: Registry,
    requests: requests::Requests,
    sessions: sessions::Sessions,
    network: network::Network,
    calls: calls::Calls,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Metrics").field(&self.0.is_some()).finish()
    }
}

impl Metrics {
    /// Registers the metrics, if there is a registry.
    ///
    /// # Errors
    /// [`PrometheusError`], if they are registered there already.
    pub fn register(registry: Option<&Registry>) -> Result<Self, PrometheusError> {
        let Some(registry) = registry else {
            return Ok(Self::default());
        };
        Ok(Self(Some(Arc::new(Registered {
            registry: registry.clone(),
            requests: requests::Requests::register(registry)?,
            sessions: sessions::Sessions::register(registry)?,
            network: network::Network::register(registry)?,
            calls: calls::Calls::register(registry)?,
        }))))
    }

    /// Shows what these count for themselves.
    pub(crate) fn watch(
        &self,
        mesh: &MeshHandle,
        engine: &Arc<ProgramEngine>,
        observations: &Arc<Observations>,
        pace: &Arc<Pace>,
    ) -> Result<(), PrometheusError> {
        let Some(registered) = &self.0 else {
            return Ok(());
        };
        let registry = &registered.registry;
        sources::mesh(registry, mesh)?;
        sources::programs(registry, engine)?;
        sources::faults(registry, observations)?;
        sources::pace(registry, pace)
    }

    /// A request has come in. It counts as hung up on unless its outcome is told.
    pub(crate) fn request(&self, role: Role) -> RequestInWork {
        let registered = self.0.as_ref();
        RequestInWork::new(registered.map(|all| all.requests.clone()), role)
    }

    /// A request was in a stage for so long.
    pub(crate) fn stage(&self, role: Role, stage: Stage, time: Duration) {
        if let Some(registered) = &self.0 {
            registered.requests.stage(role, stage, time);
        }
    }

    /// A session has been opened.
    pub(crate) fn session_opened(&self, subject: &Subject) {
        if let Some(registered) = &self.0 {
            registered.sessions.opened(subject);
        }
    }

    /// A session that was open has been closed.
    pub(crate) fn session_closed(&self, subject: &Subject) {
        if let Some(registered) = &self.0 {
            registered.sessions.closed(subject);
        }
    }

    /// A try of a run has ended.
    pub(crate) fn try_ended(&self, subject: &Subject, outcome: SessionOutcome) {
        if let Some(registered) = &self.0 {
            registered.sessions.ended(subject, outcome);
        }
    }

    /// A protocol has got through a round, which took so long. They are counted from 1; 0 is the making of
    /// the first.
    pub(crate) fn round_completed(&self, stage: protocol::Stage, number: usize, time: Duration) {
        if let Some(registered) = &self.0 {
            registered.sessions.round_completed(stage, number, time);
        }
    }

    /// The chain has a new head.
    pub(crate) fn network(&self, view: impl FnOnce() -> View) {
        if let Some(registered) = &self.0 {
            registered.network.show(&view());
        }
    }

    /// What has become of a call that this node makes with its session key.
    pub fn call(&self, call: Call, outcome: CallOutcome) {
        if let Some(registered) = &self.0 {
            registered.calls.count(call, outcome);
        }
    }
}

/// A label's values: an enum, and the words for it.
macro_rules! label {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident => $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// As a label's value.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }
    };
}
use label;

fn counters(
    registry: &Registry,
    name: &str,
    help: &str,
    labels: &[&str],
) -> Result<CounterVec<U64>, PrometheusError> {
    register(CounterVec::new(Opts::new(name, help), labels)?, registry)
}

fn gauge(registry: &Registry, name: &str, help: &str) -> Result<Gauge<U64>, PrometheusError> {
    register(Gauge::new(name, help)?, registry)
}

fn gauges(
    registry: &Registry,
    name: &str,
    help: &str,
    label: &str,
) -> Result<GaugeVec<U64>, PrometheusError> {
    register(GaugeVec::new(Opts::new(name, help), &[label])?, registry)
}

/// Buckets for what takes from a millisecond to the longest that a request may take.
const SECONDS: [f64; 15] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
];

fn durations(
    registry: &Registry,
    name: &str,
    help: &str,
    labels: &[&str],
) -> Result<HistogramVec, PrometheusError> {
    let options = HistogramOpts::new(name, help).buckets(SECONDS.to_vec());
    register(HistogramVec::new(options, labels)?, registry)
}

fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}
