//! The hand-over of the network key from one committee to the next.
//!
//! ```text
//! T old holders ──KeyResharing──► a share of the same key for every new member
//!                                      │
//!   auxiliary information made ahead of time, or AuxGen among the new members
//! ```
//!
//! Old holders and new members may overlap, or be the same: then the shares are refreshed, and old
//! and new ones make no key together.
//!
//! The library checks every sub-share against its sender's broadcast polynomial, and that the
//! polynomials add up to the key; who is to blame if they do not, it cannot tell. That the new
//! shares all fit together is checked here (see `staged`). That all members have the same result in
//! the end is for the chain to see: they confirm the commitment there.

use super::{
    aux_info::party_set,
    mailbox::{Run, Stage},
    staged::{Redistribution, Share, StagedRun},
    KeyMaterial, KeyMaterialError, Params, PartyId, PreparedAuxInfo, SessionError,
};
use core::fmt;
use k256::ecdsa::VerifyingKey as EcdsaKey;
use signing_primitives::{ReshareSubject, SignerId};
use std::collections::BTreeSet;
use synedrion::AuxInfo;

/// A resharing that makes no sense, or that this node cannot take its part in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReshareError {
    /// The new threshold is not between two and the number of new members.
    #[error("a threshold of {threshold} among {members} members")]
    Threshold {
        /// The threshold.
        threshold: u32,
        /// The number of distinct members.
        members: usize,
    },
    /// It takes exactly as many old holders as the old threshold says.
    #[error("{given} old holders, but it takes exactly {threshold}")]
    OldHolders {
        /// How many distinct ones there are.
        given: usize,
        /// The old threshold.
        threshold: u32,
    },
    /// The network key is no key.
    #[error("the network key is no key")]
    NetworkKey,
    /// The node neither hands over nor takes over.
    #[error("{0:?} takes no part in this resharing")]
    NoPart(PartyId),
    /// The node is to hand over a share that it does not have.
    #[error("this node is to hand over its key share, but does not have it")]
    ShareMissing,
    /// The node is to use auxiliary information that it does not have.
    #[error("this node is to use the auxiliary information of attempt {0}, but does not have it")]
    AuxInfoMissing(u32),
    /// The auxiliary information is not that of all members.
    #[error("the auxiliary information does not fit the members")]
    AuxInfo(#[source] KeyMaterialError),
}

/// A resharing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reshare {
    subject: ReshareSubject,
    key: EcdsaKey,
    old_holders: BTreeSet<PartyId>,
    members: BTreeSet<PartyId>,
}

/// One node's part in a resharing: to hand over, to take over, or both.
#[derive(Clone)]
pub struct ResharePart {
    what: Reshare,
    held: Option<Share>,
    aux_info: Option<AuxInfo<Params, PartyId>>,
}

impl Reshare {
    /// The resharing that the subject describes, if it makes sense.
    pub fn new(subject: ReshareSubject) -> Result<Self, ReshareError> {
        let count = |threshold| usize::try_from(threshold).unwrap_or(usize::MAX);
        let old_holders = party_set(&subject.old_holders);
        let members = party_set(&subject.members);
        let threshold = subject.threshold;
        if threshold < 2 || count(threshold) > members.len() {
            let members = members.len();
            return Err(ReshareError::Threshold { threshold, members });
        }
        let threshold = subject.old_threshold;
        if threshold < 2 || count(threshold) != old_holders.len() {
            let given = old_holders.len();
            return Err(ReshareError::OldHolders { given, threshold });
        }
        let key = EcdsaKey::from_sec1_bytes(&subject.network_key)
            .map_err(|_| ReshareError::NetworkKey)?;
        Ok(Self {
            subject,
            key,
            old_holders,
            members,
        })
    }

    /// What all parties have to agree on beforehand, and what the id of the run commits to.
    pub fn subject(&self) -> &ReshareSubject {
        &self.subject
    }

    /// Whether this party hands over.
    pub fn hands_over(&self, party: &SignerId) -> bool {
        self.old_holders.contains(&PartyId::from(party.clone()))
    }

    /// Whether this party takes over.
    pub fn takes_over(&self, party: &SignerId) -> bool {
        self.members.contains(&PartyId::from(party.clone()))
    }

    /// The part of the node `me`, which has this share of the generation that is handed over, and
    /// the auxiliary information that the subject names.
    pub fn part(
        &self,
        me: &SignerId,
        share: Option<&KeyMaterial>,
        aux_info: Option<&PreparedAuxInfo>,
    ) -> Result<ResharePart, ReshareError> {
        let party = PartyId::from(me.clone());
        let (hands_over, takes_over) = (self.hands_over(me), self.takes_over(me));
        if !hands_over && !takes_over {
            return Err(ReshareError::NoPart(party));
        }
        let is_the_share = |share: &&KeyMaterial| {
            *share.owner() == party
                && share.commitment() == self.subject.old_commitment
                && share.verifying_key() == self.subject.network_key
                && share.threshold() == self.old_holders.len()
                && self.old_holders.is_subset(share.members())
        };
        let held = match share.filter(is_the_share) {
            _ if !hands_over => None,
            Some(share) => Some(share.share().clone()),
            None => return Err(ReshareError::ShareMissing),
        };
        let aux_info = match self.subject.aux_info.filter(|_| takes_over) {
            None => None,
            Some(attempt) => {
                let prepared = aux_info
                    .filter(|prepared| prepared.attempt() == attempt && *prepared.owner() == party)
                    .ok_or(ReshareError::AuxInfoMissing(attempt))?;
                Some(
                    prepared
                        .subset(&self.members)
                        .map_err(ReshareError::AuxInfo)?,
                )
            }
        };
        Ok(ResharePart {
            what: self.clone(),
            held,
            aux_info,
        })
    }
}

impl ResharePart {
    /// Takes the part, on this thread. A member gets the material of the new generation. Who only
    /// hands over gets none, and is done before the others: whether they have succeeded it cannot
    /// tell.
    pub fn take(&self, run: Run) -> Result<Option<KeyMaterial>, SessionError> {
        let Reshare {
            subject,
            key,
            old_holders,
            members,
        } = &self.what;
        let parties: BTreeSet<PartyId> = old_holders.union(members).cloned().collect();
        let mut run = StagedRun::open(run, &parties, Stage::KeyResharing)?;
        let redistribution = Redistribution {
            key: *key,
            old_holders,
            members,
            threshold: usize::try_from(subject.threshold).unwrap_or(usize::MAX),
        };
        let Some(share) = run.redistribute(&redistribution, self.held.clone())? else {
            return Ok(None);
        };
        let aux_info = match &self.aux_info {
            Some(prepared) => prepared.clone(),
            None => run.aux_gen(members)?,
        };
        Ok(Some(KeyMaterial::new(subject.attempt, share, aux_info)?))
    }
}

impl fmt::Debug for ResharePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResharePart")
            .field("what", &self.what)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
