//! Who works together, by the chain.

use crate::chain::{AccountId, NetworkState};
use signing_primitives::{CommitteeMember, Phase};

type Member = CommitteeMember<AccountId>;

/// The sets of validators that talk to each other now: the sitting members, those who are making the
/// key or handing it over, and those who are making auxiliary information.
pub(super) fn groups(state: &NetworkState) -> Vec<Vec<&Member>> {
    let committee = state.committee.as_ref();
    let signing = committee.map(|committee| committee.sitting().collect());
    let making = match &state.phase {
        Phase::Keygen(attempt) => Some(attempt.members.iter().collect()),
        Phase::Resharing(attempt) => {
            let both = attempt.old_holders.iter().chain(&attempt.members);
            Some(both.collect())
        }
        _ => None,
    };
    let preparing = state.aux_info_attempt.as_ref();
    let preparing = preparing.map(|attempt| attempt.parties.iter().collect());
    signing.into_iter().chain(making).chain(preparing).collect()
}

/// All of them; whoever is in several, several times.
pub(super) fn parties(state: &NetworkState) -> impl Iterator<Item = &Member> {
    groups(state).into_iter().flatten()
}
