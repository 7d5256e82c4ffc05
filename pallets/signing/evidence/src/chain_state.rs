//! What of a report the chain must check itself.

use crate::SigningEvidence;
use signing_primitives::{SignerId, VerifyingKey};
use sp_core::H256;

/// What the chain knows of the committee that a report is about.
#[derive(Clone, Debug)]
pub struct CommitteeFacts<'a> {
    /// Names the chain.
    pub genesis_hash: H256,
    /// The generation of the key shares.
    pub generation: u32,
    /// How many members it takes to sign.
    pub threshold: u32,
    /// The network key.
    pub network_key: VerifyingKey,
    /// The members' party ids.
    pub members: &'a [SignerId],
}

/// Why a report is not one about the committee.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum NotOurs {
    /// It is about a session on another chain.
    OtherChain,
    /// It is about a session with key shares of another generation.
    OtherGeneration,
    /// It is about a session with another network key or threshold.
    OtherKey,
    /// The accused or another participant is no member, or there are more or fewer participants
    /// than it takes to sign.
    OtherParticipants,
}

impl SigningEvidence {
    /// Whether it is about a session of the given committee.
    ///
    /// An honest party takes part in no other sessions, so this protects nobody from being framed.
    /// It keeps what happened elsewhere (on a test network with the same keys, or among parties
    /// that made up a committee) from being punished here.
    pub fn is_about(&self, committee: &CommitteeFacts) -> Result<(), NotOurs> {
        let subject = &self.subject;
        if subject.genesis_hash != committee.genesis_hash {
            return Err(NotOurs::OtherChain);
        }
        if subject.generation != committee.generation {
            return Err(NotOurs::OtherGeneration);
        }
        if subject.network_key != committee.network_key || subject.threshold != committee.threshold
        {
            return Err(NotOurs::OtherKey);
        }
        let participants = &subject.participants;
        let enough = u32::try_from(participants.len()) == Ok(committee.threshold);
        let members = participants.iter().all(|p| committee.members.contains(p));
        if !enough || !members || !participants.contains(&self.accused) {
            return Err(NotOurs::OtherParticipants);
        }
        Ok(())
    }
}
