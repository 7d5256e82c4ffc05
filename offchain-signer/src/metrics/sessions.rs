//! Protocol sessions with other signers.

use super::{counters, durations, gauges, label, seconds};
use crate::protocol::Stage;
use signing_primitives::Subject;
use std::time::Duration;
use substrate_prometheus_endpoint::{
    CounterVec, GaugeVec, HistogramVec, PrometheusError, Registry, U64,
};

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

/// A protocol's rounds, in their order. No protocol has more; if one had, they would be the last.
const ROUNDS: [&str; 7] = ["0", "1", "2", "3", "4", "5", "6"];

pub(super) struct Sessions {
    open: GaugeVec<U64>,
    outcomes: CounterVec<U64>,
    rounds: HistogramVec,
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
            rounds: durations(
                registry,
                "signing_protocol_round_seconds",
                "Time from entering a round to its end; the echo of a broadcast is a round, too. \
                 0: making the first.",
                &["protocol", "round"],
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
            for round in ROUNDS {
                let labels = [protocol(stage), round];
                sessions.rounds.with_label_values(&labels);
            }
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

    /// They are counted from 1; 0 is the making of the first.
    pub(super) fn round_completed(&self, stage: Stage, number: usize, time: Duration) {
        let round = ROUNDS.get(number).or(ROUNDS.last()).copied();
        let labels = [protocol(stage), round.unwrap_or_default()];
        self.rounds
            .with_label_values(&labels)
            .observe(seconds(time));
    }
}
