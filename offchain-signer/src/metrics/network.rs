//! What the chain says: phase, committee, attempts, and this node's part in them.

use super::{gauge, gauges};
use crate::{chain::NetworkState, identity::Identity};
use signing_primitives::Phase;
use substrate_prometheus_endpoint::{Gauge, GaugeVec, PrometheusError, Registry, U64};

const PHASES: [&str; 5] = [
    "awaiting_signers",
    "keygen",
    "active",
    "resharing",
    "degraded",
];
const ROLES: [&str; 4] = ["signer", "expelled", "relayer", "observer"];
const ATTEMPTS: [&str; 3] = ["keygen", "reshare", "aux_info"];

/// An attempt that is running; all zero if none is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct Attempt {
    number: u32,
    parties: usize,
    confirmed: usize,
    deadline: u32,
}

/// The chain at a block, as far as it is shown.
#[derive(Debug)]
pub(crate) struct View {
    phase: &'static str,
    role: &'static str,
    generation: u32,
    held: u32,
    members: usize,
    sitting: usize,
    threshold: u32,
    standbys: usize,
    aux_info: u32,
    /// In the order of [`ATTEMPTS`].
    attempts: [Attempt; 3],
    challenges: usize,
    /// The last block for this node's answer, if it is challenged.
    challenged: Option<u32>,
}

/// What a phase is called.
pub(crate) fn phase_word<AccountId, BlockNumber>(
    phase: &Phase<AccountId, BlockNumber>,
) -> &'static str {
    match phase {
        Phase::AwaitingSigners => "awaiting_signers",
        Phase::Keygen(_) => "keygen",
        Phase::Active => "active",
        Phase::Resharing(_) => "resharing",
        Phase::Degraded => "degraded",
    }
}

/// What this node is, by a state of the chain.
pub(crate) fn role_word(state: &NetworkState, identity: &Identity) -> &'static str {
    let committee = state.committee.as_ref();
    let keys = identity.signing_keys();
    let is_member = committee.is_some_and(|committee| {
        let mut members = committee.members.iter();
        members.any(|member| keys.contains(&member.party))
    });
    let sits = committee.is_some_and(|committee| identity.seat(committee).is_some());
    match (sits, is_member, identity.validator(state)) {
        (true, ..) => "signer",
        (false, true, _) => "expelled",
        (false, false, Some(_)) => "relayer",
        (false, false, None) => "observer",
    }
}

impl View {
    /// Of a state. `held` is the newest generation of which this node has a share in use.
    pub(crate) fn new(state: &NetworkState, identity: &Identity, held: Option<u32>) -> Self {
        let committee = state.committee.as_ref();
        let me = identity.validator(state);
        let (keygen, reshare) = match &state.phase {
            Phase::Keygen(attempt) => {
                let attempt = Attempt {
                    number: attempt.attempt,
                    parties: attempt.members.len(),
                    confirmed: attempt.confirmed.len(),
                    deadline: attempt.deadline,
                };
                (Some(attempt), None)
            }
            Phase::Resharing(attempt) => {
                let attempt = Attempt {
                    number: attempt.attempt,
                    parties: attempt.members.len(),
                    confirmed: attempt.confirmed.len(),
                    deadline: attempt.deadline,
                };
                (None, Some(attempt))
            }
            _ => (None, None),
        };
        let aux_info = state.aux_info_attempt.as_ref().map(|attempt| Attempt {
            number: attempt.attempt,
            parties: attempt.parties.len(),
            confirmed: attempt.confirmed.len(),
            deadline: attempt.deadline,
        });
        let mut challenges = state.challenges.iter();
        Self {
            phase: phase_word(&state.phase),
            role: role_word(state, identity),
            generation: committee.map_or(0, |committee| committee.generation),
            held: held.unwrap_or(0),
            members: committee.map_or(0, |committee| committee.members.len()),
            sitting: committee.map_or(0, |committee| committee.sitting().count()),
            threshold: committee.map_or(0, |committee| committee.threshold),
            standbys: state.standbys.len(),
            aux_info: state.aux_info.as_ref().map_or(0, |set| set.attempt),
            attempts: [keygen, reshare, aux_info].map(Option::unwrap_or_default),
            challenges: challenges.len(),
            challenged: challenges
                .find(|(who, _)| me.is_some_and(|me| me.account == *who))
                .map(|(_, deadline)| *deadline),
        }
    }
}

pub(super) struct Network {
    phase: GaugeVec<U64>,
    role: GaugeVec<U64>,
    generation: Gauge<U64>,
    held: Gauge<U64>,
    members: Gauge<U64>,
    sitting: Gauge<U64>,
    threshold: Gauge<U64>,
    standbys: Gauge<U64>,
    aux_info: Gauge<U64>,
    attempt: GaugeVec<U64>,
    parties: GaugeVec<U64>,
    confirmed: GaugeVec<U64>,
    deadline: GaugeVec<U64>,
    challenges: Gauge<U64>,
    challenged: Gauge<U64>,
    answer_by: Gauge<U64>,
}

impl Network {
    pub(super) fn register(registry: &Registry) -> Result<Self, PrometheusError> {
        let one = |name, help| gauge(registry, name, help);
        let by = |name, help, label| gauges(registry, name, help, label);
        let network = Self {
            phase: by(
                "signing_network_phase",
                "1 for the phase that the network is in, 0 for the others.",
                "phase",
            )?,
            role: by(
                "signing_node_role",
                "1 for what this node is, 0 for the rest; a member that has lost its seat is expelled.",
                "role",
            )?,
            generation: one(
                "signing_key_generation",
                "Generation of key shares in force; 0 while there is no key.",
            )?,
            held: one(
                "signing_share_generation",
                "Newest generation of which this node uses a share; 0 if it has none.",
            )?,
            members: one(
                "signing_committee_members",
                "Members of the committee in force, with those that have lost their seats.",
            )?,
            sitting: one(
                "signing_committee_sitting_members",
                "Members of the committee in force that have not lost their seats.",
            )?,
            threshold: one(
                "signing_committee_threshold",
                "How many members of the committee in force it takes to sign.",
            )?,
            standbys: one("signing_standbys", "Validators next in line for a seat.")?,
            aux_info: one(
                "signing_aux_info_generation",
                "Attempt that made the auxiliary information in use; 0 if there is none.",
            )?,
            attempt: by(
                "signing_attempt",
                "Number of the attempt that is running; 0 if none is.",
                "kind",
            )?,
            parties: by(
                "signing_attempt_parties",
                "Validators that have to confirm the attempt that is running.",
                "kind",
            )?,
            confirmed: by(
                "signing_attempt_confirmations",
                "Validators that have confirmed the attempt that is running.",
                "kind",
            )?,
            deadline: by(
                "signing_attempt_deadline_block",
                "Last block in which a confirmation of the attempt that is running counts.",
                "kind",
            )?,
            challenges: one(
                "signing_challenges_open",
                "Validators that must show that they are there.",
            )?,
            challenged: one(
                "signing_challenged",
                "1 if this node must show that it is there, 0 if not.",
            )?,
            answer_by: one(
                "signing_challenge_deadline_block",
                "Last block in which this node's answer to a challenge counts; 0 if there is none.",
            )?,
        };
        for phase in PHASES {
            network.phase.with_label_values(&[phase]);
        }
        for role in ROLES {
            network.role.with_label_values(&[role]);
        }
        network.show_attempts(&Default::default());
        Ok(network)
    }

    pub(super) fn show(&self, view: &View) {
        let is = |name: &str, now: &str| u64::from(name == now);
        for phase in PHASES {
            let gauge = self.phase.with_label_values(&[phase]);
            gauge.set(is(phase, view.phase));
        }
        for role in ROLES {
            let gauge = self.role.with_label_values(&[role]);
            gauge.set(is(role, view.role));
        }
        self.generation.set(view.generation.into());
        self.held.set(view.held.into());
        self.members.set(view.members as u64);
        self.sitting.set(view.sitting as u64);
        self.threshold.set(view.threshold.into());
        self.standbys.set(view.standbys as u64);
        self.aux_info.set(view.aux_info.into());
        self.show_attempts(&view.attempts);
        self.challenges.set(view.challenges as u64);
        self.challenged.set(view.challenged.is_some().into());
        self.answer_by.set(view.challenged.unwrap_or(0).into());
    }

    fn show_attempts(&self, attempts: &[Attempt; 3]) {
        for (kind, attempt) in ATTEMPTS.iter().zip(attempts) {
            let set = |gauges: &GaugeVec<U64>, value| gauges.with_label_values(&[kind]).set(value);
            set(&self.attempt, attempt.number.into());
            set(&self.parties, attempt.parties as u64);
            set(&self.confirmed, attempt.confirmed as u64);
            set(&self.deadline, attempt.deadline.into());
        }
    }
}
