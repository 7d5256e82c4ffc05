//! Protocol sessions with other signers.

use super::{counters, gauges, label};
use crate::protocol::Stage;
use signing_primitives::Subject;
use substrate_prometheus_endpoint::{CounterVec, GaugeVec, PrometheusError, Registry, U64};

label! {
    /// How a session ended.
    SessionOutcome {
        /// With a result.
        Ok => "ok",
        /// Not all participants opened it in time.
        NotOpened => "not_opened",
        /// A participant restarted, so that it was begun anew or given up.
        Restarted => "restarted",
        /// The protocol failed: somebody was silent, or broke its rules.
        Failed => "failed",
        /// Nobody wanted the result any more.
        Cancelled => "cancelled",
    }
}

/// What sessions are about, as label values.
const KINDS: [&str; 4] = ["keygen", "reshare", "aux_info", "signing"];

fn kind(subject: &Subject) -> &'static str {
    match subject {
        Subject::Keygen(_) => "keygen",
        Subject::Reshare(_) => "reshare",
        Subject::AuxInfo(_) => "aux_info",
        Subject::Signing(_) => "signing",
    }
}

const STAGES: [Stage; 5] = [
    Stage::Signing,
    Stage::KeyInit,
    Stage::NetworkKey,
    Stage::KeyResharing,
    Stage::AuxGen,
];

fn protocol(stage: Stage) -> &'static str {
    match stage {
        Stage::Signing => "interactive_signing",
        Stage::KeyInit => "key_init",
        Stage::NetworkKey => "network_key",
        Stage::KeyResharing => "key_resharing",
        Stage::AuxGen => "aux_gen",
    }
}

pub(super) struct Sessions {
    open: GaugeVec<U64>,
    outcomes: CounterVec<U64>,
    rounds: CounterVec<U64>,
}

impl Sessions {
    pub(super) fn register(registry: &Registry) -> Result<Self, PrometheusError> {
        let sessions = Self {
            open: gauges(
                registry,
                "signing_sessions_open",
                "Sessions with other signers in which the protocol runs.",
                "kind",
            )?,
            outcomes: counters(
                registry,
                "signing_sessions_total",
                "Sessions with other signers that have ended, opened or not.",
                &["kind", "outcome"],
            )?,
            rounds: counters(
                registry,
                "signing_protocol_rounds_total",
                "Rounds that this node has got through.",
                &["protocol"],
            )?,
        };
        for kind in KINDS {
            sessions.open.with_label_values(&[kind]);
            for outcome in SessionOutcome::ALL {
                let labels = [kind, outcome.as_str()];
                sessions.outcomes.with_label_values(&labels);
            }
        }
        for stage in STAGES {
            sessions.rounds.with_label_values(&[protocol(stage)]);
        }
        Ok(sessions)
    }

    pub(super) fn opened(&self, subject: &Subject) {
        self.open.with_label_values(&[kind(subject)]).inc();
    }

    pub(super) fn closed(&self, subject: &Subject) {
        self.open.with_label_values(&[kind(subject)]).dec();
    }

    pub(super) fn ended(&self, subject: &Subject, outcome: SessionOutcome) {
        let labels = [kind(subject), outcome.as_str()];
        self.outcomes.with_label_values(&labels).inc();
    }

    pub(super) fn round_completed(&self, stage: Stage) {
        self.rounds.with_label_values(&[protocol(stage)]).inc();
    }
}
