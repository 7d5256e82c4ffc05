//! The JSON of the status page. docs/http-api.md describes it.

use super::{recent::Signing, Recent, StatusParts};
use crate::{
    chain::{AccountId, NetworkState},
    faults::Sighting,
    identity::{account_of, Identity},
    metrics::{phase_word, role_word},
    request::Look,
};
use serde::Serialize;
use signing_primitives::{CommitteeMember, Phase};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// All of it.
#[derive(Serialize)]
pub(super) struct Shown {
    version: String,
    time: u64,
    chain: Chain,
    node: Node,
    network: Option<Network>,
    peers: Peers,
    faults: Vec<SeenFault>,
    signings: Vec<ShownSigning>,
}

#[derive(Serialize)]
struct Chain {
    current: bool,
    best: u32,
    finalized: u32,
}

#[derive(Serialize)]
struct Node {
    role: Option<&'static str>,
    standby: bool,
    validator: Option<String>,
    share: Option<u32>,
}

#[derive(Serialize)]
struct Network {
    phase: &'static str,
    paused: bool,
    verifying_key: Option<String>,
    announced: usize,
    needed: u32,
    committee: Option<Committee>,
    standbys: Vec<Validator>,
    attempts: Vec<Attempt>,
    challenges: Vec<Challenge>,
}

#[derive(Serialize)]
struct Committee {
    generation: u32,
    threshold: u32,
    members: Vec<Validator>,
}

/// A member or a standby.
#[derive(Serialize)]
struct Validator {
    account: String,
    /// What it has announced: its own words.
    endpoint: Option<String>,
    this_node: bool,
    /// Whether this node is connected to it; none if it need not be.
    connected: Option<bool>,
    /// Whether it has lost its seat.
    expelled: bool,
    /// Whether it has auxiliary information for the next hand-over.
    prepared: bool,
}

#[derive(Serialize)]
struct Attempt {
    kind: &'static str,
    number: u32,
    generation: Option<u32>,
    deadline: u32,
    parties: Vec<Party>,
}

#[derive(Serialize)]
struct Party {
    account: String,
    confirmed: bool,
}

#[derive(Serialize)]
struct Challenge {
    account: String,
    deadline: u32,
}

#[derive(Serialize)]
struct Peers {
    expected: usize,
    connected: usize,
}

#[derive(Serialize)]
struct SeenFault {
    account: String,
    kind: &'static str,
    times: u64,
    first: u64,
    last: u64,
}

#[derive(Serialize)]
struct ShownSigning {
    time: u64,
    role: &'static str,
    outcome: &'static str,
    seconds: f64,
    stages: BTreeMap<&'static str, f64>,
}

impl Shown {
    /// As it is now. Blocks on the runtime if there is a new block.
    pub(super) fn of(parts: &StatusParts, recent: &Recent, held: u32) -> Self {
        let Look {
            heads,
            is_current,
            best,
        } = parts.admission.look();
        let identity = parts.admission.identity();
        let best = best
            .inspect_err(|error| tracing::debug!(%error, "cannot show the chain"))
            .ok();
        let (expected, connected) = (parts.mesh.expected(), parts.mesh.connected());
        let seen = parts.observations.recent();
        Self {
            version: parts.version.clone(),
            time: seconds_of(SystemTime::now()),
            chain: Chain {
                current: is_current,
                best: heads.best.number,
                finalized: heads.finalized.number,
            },
            node: Node::of(best.as_deref(), identity, held),
            peers: Peers {
                connected: expected.intersection(&connected).count(),
                expected: expected.len(),
            },
            faults: seen
                .iter()
                .map(|one| SeenFault::of(one, best.as_deref()))
                .collect(),
            signings: recent.all().iter().map(ShownSigning::of).collect(),
            network: best.map(|state| Network::of(&state, identity, &expected, &connected)),
        }
    }
}

impl Node {
    fn of(state: Option<&NetworkState>, identity: &Identity, held: u32) -> Self {
        let validator = state
            .and_then(|state| identity.validator(state))
            .map(|validator| &validator.account);
        let standbys = state.map(|state| &state.standbys);
        Self {
            role: state.map(|state| role_word(state, identity)),
            standby: validator.is_some_and(|me| standbys.is_some_and(|all| all.contains(me))),
            validator: validator.map(ToString::to_string),
            share: (held > 0).then_some(held),
        }
    }
}

impl Network {
    fn of(
        state: &NetworkState,
        identity: &Identity,
        expected: &BTreeSet<AccountId>,
        connected: &BTreeSet<AccountId>,
    ) -> Self {
        let mine: BTreeSet<&AccountId> = mine(state, identity).collect();
        let committee = state.committee.as_ref();
        let validator = |account: &AccountId| Validator {
            account: account.to_string(),
            endpoint: endpoint_of(state, account),
            this_node: mine.contains(account),
            connected: expected
                .contains(account)
                .then(|| connected.contains(account)),
            expelled: committee.is_some_and(|committee| committee.expelled.contains(account)),
            prepared: state.aux_info.as_ref().is_some_and(|set| {
                let mut parties = set.parties.iter();
                parties.any(|party| party.validator == *account)
            }),
        };
        let announced = state.validators.iter().filter(|one| one.signer.is_some());
        Self {
            phase: phase_word(&state.phase),
            paused: state.paused,
            verifying_key: state
                .verifying_key
                .map(|key| format!("0x{}", hex::encode(key))),
            announced: announced.count(),
            needed: state.parameters.committee_size,
            committee: committee.map(|committee| Committee {
                generation: committee.generation,
                threshold: committee.threshold,
                members: committee
                    .members
                    .iter()
                    .map(|member| validator(&member.validator))
                    .collect(),
            }),
            standbys: state.standbys.iter().map(validator).collect(),
            attempts: attempts(state),
            challenges: state
                .challenges
                .iter()
                .map(|(account, deadline)| Challenge {
                    account: account.to_string(),
                    deadline: *deadline,
                })
                .collect(),
        }
    }
}

/// The accounts of this node: the validator that it is, and the member that it was chosen as.
fn mine<'a>(
    state: &'a NetworkState,
    identity: &Identity,
) -> impl Iterator<Item = &'a AccountId> + use<'a> {
    let keys = identity.signing_keys();
    let validators = state.validators.iter();
    let members = state.committee.iter().flat_map(|all| all.members.iter());
    let parties = members.map(|member| (&member.validator, &member.party));
    validators
        .map(|validator| (&validator.account, &validator.signing_key))
        .chain(parties)
        .filter(move |(_, key)| keys.contains(*key))
        .map(|(account, _)| account)
}

fn endpoint_of(state: &NetworkState, account: &AccountId) -> Option<String> {
    let mut validators = state.validators.iter();
    let validator = validators.find(|validator| validator.account == *account)?;
    let endpoint = &validator.signer.as_ref()?.endpoint;
    Some(String::from_utf8_lossy(endpoint).into_owned())
}

/// The attempts that are running.
fn attempts(state: &NetworkState) -> Vec<Attempt> {
    let parties = |members: &[CommitteeMember<AccountId>], confirmed: &[AccountId]| {
        let party = |member: &CommitteeMember<AccountId>| Party {
            account: member.validator.to_string(),
            confirmed: confirmed.contains(&member.validator),
        };
        members.iter().map(party).collect()
    };
    let main = match &state.phase {
        Phase::Keygen(attempt) => Some(Attempt {
            kind: "keygen",
            number: attempt.attempt,
            generation: None,
            deadline: attempt.deadline,
            parties: parties(&attempt.members, &attempt.confirmed),
        }),
        Phase::Resharing(attempt) => Some(Attempt {
            kind: "reshare",
            number: attempt.attempt,
            generation: Some(attempt.generation),
            deadline: attempt.deadline,
            parties: parties(&attempt.members, &attempt.confirmed),
        }),
        _ => None,
    };
    let ahead = state.aux_info_attempt.as_ref().map(|attempt| Attempt {
        kind: "aux_info",
        number: attempt.attempt,
        generation: None,
        deadline: attempt.deadline,
        parties: parties(&attempt.parties, &attempt.confirmed),
    });
    main.into_iter().chain(ahead).collect()
}

impl SeenFault {
    /// By its validator's account, or by its party's if the chain knows of no such validator now.
    fn of(seen: &Sighting, state: Option<&NetworkState>) -> Self {
        let validators = state.iter().flat_map(|state| state.validators.iter());
        let mut by_key = validators.map(|one| (&one.signing_key, &one.account));
        let committees = state.iter().filter_map(|state| state.committee.as_ref());
        let members = committees.flat_map(|committee| committee.members.iter());
        let mut by_party = members.map(|member| (&member.party, &member.validator));
        let known = by_party
            .find(|(party, _)| **party == seen.party)
            .or_else(|| by_key.find(|(key, _)| **key == seen.party));
        let account = known.map_or_else(|| account_of(&seen.party), |(_, account)| account.clone());
        Self {
            account: account.to_string(),
            kind: seen.kind.as_str(),
            times: seen.times,
            first: seconds_of(seen.first),
            last: seconds_of(seen.last),
        }
    }
}

impl ShownSigning {
    fn of(signing: &Signing) -> Self {
        let spent = signing.stages().filter(|(_, time)| !time.is_zero());
        Self {
            time: seconds_of(signing.at),
            role: signing.role.as_str(),
            outcome: signing.outcome,
            seconds: rounded(signing.took),
            stages: spent.map(|(name, time)| (name, rounded(time))).collect(),
        }
    }
}

/// In seconds, by steps of 10 ms.
fn rounded(time: Duration) -> f64 {
    (time.as_secs_f64() * 100.0).round() / 100.0
}

fn seconds_of(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}
