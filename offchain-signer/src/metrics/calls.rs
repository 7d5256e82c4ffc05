//! Calls that this node makes with its session key: announcements, confirmations, reports, answers.

use super::{counters, label};
use crate::chain::SessionKeyCall;
use substrate_prometheus_endpoint::{CounterVec, PrometheusError, Registry, U64};

label! {
    /// A session-key call.
    Call {
        /// `announce_signer`
        AnnounceSigner => "announce_signer",
        /// `confirm_keygen`
        ConfirmKeygen => "confirm_keygen",
        /// `confirm_reshare`
        ConfirmReshare => "confirm_reshare",
        /// `confirm_aux_info`
        ConfirmAuxInfo => "confirm_aux_info",
        /// `report_fault`
        ReportFault => "report_fault",
        /// `answer_challenge`
        AnswerChallenge => "answer_challenge",
    }
}

impl From<&SessionKeyCall> for Call {
    fn from(call: &SessionKeyCall) -> Self {
        match call {
            SessionKeyCall::AnnounceSigner(..) => Self::AnnounceSigner,
            SessionKeyCall::ConfirmKeygen(..) => Self::ConfirmKeygen,
            SessionKeyCall::ConfirmReshare(..) => Self::ConfirmReshare,
            SessionKeyCall::ConfirmAuxInfo(..) => Self::ConfirmAuxInfo,
            SessionKeyCall::ReportFault(..) => Self::ReportFault,
            SessionKeyCall::AnswerChallenge(..) => Self::AnswerChallenge,
        }
    }
}

label! {
    /// What becomes of a call.
    CallOutcome {
        /// The pool has taken it.
        Submitted => "submitted",
        /// The pool has refused it: it is pointless now, or another one like it waits.
        Refused => "refused",
        /// A block has it.
        InBlock => "in_block",
    }
}

pub(super) struct Calls(CounterVec<U64>);

impl Calls {
    pub(super) fn register(registry: &Registry) -> Result<Self, PrometheusError> {
        let calls = counters(
            registry,
            "signing_chain_calls_total",
            "Calls that this node has made with its session key.",
            &["call", "outcome"],
        )?;
        for call in Call::ALL {
            for outcome in CallOutcome::ALL {
                calls.with_label_values(&[call.as_str(), outcome.as_str()]);
            }
        }
        Ok(Self(calls))
    }

    pub(super) fn count(&self, call: Call, outcome: CallOutcome) {
        let labels = [call.as_str(), outcome.as_str()];
        self.0.with_label_values(&labels).inc();
    }
}
