//! Users' and relayers' requests: how they end, and where their time goes.

use super::{counters, durations, gauges, label, seconds};
use crate::api::Code;
use std::time::{Duration, Instant};
use substrate_prometheus_endpoint::{
    CounterVec, GaugeVec, HistogramVec, PrometheusError, Registry, U64,
};

label! {
    /// What this node is to a request.
    Role {
        /// A user asked it, with `relay_tx`.
        Relayer => "relayer",
        /// A relayer asked it, with `sign_tx`.
        Signer => "signer",
    }
}

label! {
    /// What a request takes time for. One may go through a stage more than once.
    Stage {
        /// The body arrives.
        Body => "body",
        /// Opening the envelope, and checking the signatures inside.
        Decryption => "decryption",
        /// Asking the chain: committee, registration, programs.
        ChainReads => "chain_reads",
        /// Waiting for the programs' turn, and at a relayer for that of its signers to be asked.
        Queue => "queue",
        /// Running the programs.
        Programs => "programs",
        /// A relayer encrypts the request for the signers; signers open a session.
        SessionSetup => "session_setup",
        /// A relayer waits for its signers; signers run the protocol.
        Protocol => "protocol",
        /// A relayer checks a signer's answer; a signer makes it.
        Answer => "answer",
    }
}

/// The outcome of a request that was granted and signed.
const OK: &str = "ok";
/// The outcome of a request whose sender did not wait for it.
pub(crate) const HUNG_UP: &str = "hung_up";

/// The outcome of a request that was answered with this error, or a signature.
pub(crate) fn outcome(error: Option<Code>) -> &'static str {
    error.map_or(OK, Code::name)
}

#[derive(Clone)]
pub(super) struct Requests {
    outcomes: CounterVec<U64>,
    in_work: GaugeVec<U64>,
    time: HistogramVec,
    stages: HistogramVec,
}

impl Requests {
    pub(super) fn register(registry: &Registry) -> Result<Self, PrometheusError> {
        let requests = Self {
            outcomes: counters(
                registry,
                "signing_requests_total",
                "Requests answered: ok, hung_up, or the code of the error (docs/http-api.md).",
                &["role", "outcome"],
            )?,
            in_work: gauges(
                registry,
                "signing_requests_in_work",
                "Requests that are being worked on.",
                "role",
            )?,
            time: durations(
                registry,
                "signing_request_seconds",
                "Time from a request's head to its answer, whatever the answer is.",
                &["role"],
            )?,
            stages: durations(
                registry,
                "signing_request_stage_seconds",
                "Time that a request spent in one stage, each time it went through it.",
                &["role", "stage"],
            )?,
        };
        for role in Role::ALL {
            let role = role.as_str();
            let codes = Code::ALL.iter().map(|code| code.name());
            for outcome in [OK, HUNG_UP].into_iter().chain(codes) {
                requests.outcomes.with_label_values(&[role, outcome]);
            }
            requests.in_work.with_label_values(&[role]);
            requests.time.with_label_values(&[role]);
            for stage in Stage::ALL {
                let labels = [role, stage.as_str()];
                requests.stages.with_label_values(&labels);
            }
        }
        Ok(requests)
    }

    pub(super) fn stage(&self, role: Role, stage: Stage, time: Duration) {
        let labels = [role.as_str(), stage.as_str()];
        self.stages
            .with_label_values(&labels)
            .observe(seconds(time));
    }
}

/// A request that is being worked on.
pub(crate) struct RequestInWork {
    requests: Option<(Requests, Instant)>,
    role: Role,
    outcome: &'static str,
}

impl RequestInWork {
    pub(super) fn new(requests: Option<Requests>, role: Role) -> Self {
        let requests = requests.map(|requests| (requests, Instant::now()));
        if let Some((requests, _)) = &requests {
            requests.in_work.with_label_values(&[role.as_str()]).inc();
        }
        Self {
            requests,
            role,
            outcome: HUNG_UP,
        }
    }

    /// It has been answered: with this error, or a signature.
    pub(crate) fn answered(mut self, error: Option<Code>) {
        self.outcome = outcome(error);
    }
}

impl Drop for RequestInWork {
    fn drop(&mut self) {
        let Some((requests, since)) = &self.requests else {
            return;
        };
        let role = self.role.as_str();
        requests.in_work.with_label_values(&[role]).dec();
        let labels = [role, self.outcome];
        requests.outcomes.with_label_values(&labels).inc();
        let time = requests.time.with_label_values(&[role]);
        time.observe(seconds(since.elapsed()));
    }
}
