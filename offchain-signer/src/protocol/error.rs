//! How a session ends when it does not succeed, and who is to blame.

use super::{key_material::KeyMaterialError, mailbox::Stage, PartyId, SignerKeyMissing};
use core::fmt;
use manul::{protocol::RoundId, session::LocalError};
use signing_evidence::{SessionFacts, SigningEvidence, Transcript};
use signing_primitives::VerifyingKey;
use std::collections::{BTreeMap, BTreeSet};

/// A round of a protocol, for logs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Round {
    /// The protocol.
    pub stage: Stage,
    /// The round within it. None before the first and after the last.
    pub id: Option<RoundId>,
}

impl fmt::Display for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.id {
            Some(id) => write!(f, "{}, {id}", self.stage),
            None => write!(f, "{}", self.stage),
        }
    }
}

/// In what way a party broke the protocol.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// The library holds its signed messages for proof. See [`SessionError::evidence`], which
    /// believes less than the library does.
    Provable,
    /// It and another party say different things, and one of the two lies: either it has sent
    /// contradictory broadcasts, or the other passes on what it has not received. Nobody is blamed
    /// for that, unless there is evidence.
    Disputed,
    /// Its message could not be accepted, but that proves nothing to others.
    Unprovable,
    /// The library panicked on its message.
    Panic,
}

/// What a party did against the protocol.
pub struct Misconduct {
    /// In what way.
    pub fault: Fault,
    /// For logs. Text of the library and, in part, of the peer: never part of a proof.
    pub description: String,
}

impl Misconduct {
    pub(super) fn new(fault: Fault, description: impl Into<String>) -> Self {
        Self {
            fault,
            description: description.into(),
        }
    }

    pub(super) fn unprovable(description: impl Into<String>) -> Self {
        Self::new(Fault::Unprovable, description)
    }

    pub(super) fn panic() -> Self {
        Self::new(Fault::Panic, "the library panicked on its message")
    }
}

impl fmt::Debug for Misconduct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.fault, self.description)
    }
}

/// Why a session did not succeed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// Parties broke the protocol.
    #[error("{round}: the protocol was broken by {culprits:?}")]
    Misbehaviour {
        /// When it was noticed.
        round: Round,
        /// Who did what.
        culprits: BTreeMap<PartyId, Misconduct>,
        /// What was said, in a signing session.
        transcript: Transcript,
    },
    /// Messages did not come in time.
    #[error("{round}: no message in time from {absent:?}")]
    TimedOut {
        /// The round in which this node waited.
        round: Round,
        /// Those whose message for that round this node was waiting for. Empty if it could not
        /// even send its own.
        absent: BTreeSet<PartyId>,
    },
    /// The shares of a signature do not add up: somebody has sent a wrong one. With three parties or
    /// more it cannot be told who has: one of them may have told the others different things.
    #[error("{round}: the shares do not add up")]
    WrongShares {
        /// The round in which they came.
        round: Round,
        /// The other parties.
        others: BTreeSet<PartyId>,
    },
    /// The library panicked on what all parties together had sent: none of them can be named.
    #[error("{round}: the library panicked")]
    Panicked {
        /// The round.
        round: Round,
    },
    /// Those who made the key told the others different keys: at least one of them lies.
    #[error("different network keys from {claims:?}")]
    KeyDisagreement {
        /// Who named which key.
        claims: BTreeMap<PartyId, VerifyingKey>,
    },
    /// The new shares are not such that any of them, as many as it takes, have the key.
    #[error("the new shares are not all shares of the key")]
    WrongKey,
    /// The signature is not one of the expected key. Every share of it was checked, so this is
    /// not expected to happen.
    #[error("the signature does not recover to the expected key")]
    WrongSignature,
    /// The caller gave the run up.
    #[error("the session was cancelled")]
    Cancelled {
        /// Those whose message this node was waiting for, if the round's time was up but for a moment.
        absent: BTreeSet<PartyId>,
    },
    /// The other end of the link is gone.
    #[error("the link was closed")]
    LinkClosed,
    /// The node's signing key is gone.
    #[error(transparent)]
    KeyMissing(#[from] SignerKeyMissing),
    /// The result of a key generation or a resharing is not consistent.
    #[error("the key material is not usable")]
    KeyMaterial(#[from] KeyMaterialError),
    /// The library refused what this node itself gave it.
    #[error("{round}: {error}")]
    Local {
        /// The round.
        round: Round,
        /// The library's words.
        error: LocalError,
    },
}

impl SessionError {
    /// Those whom this error names, in whatever way. Nobody if none can be named.
    pub fn blamed(&self) -> BTreeSet<PartyId> {
        match self {
            Self::Misbehaviour { culprits, .. } => culprits
                .iter()
                .filter(|(_, misconduct)| misconduct.fault != Fault::Disputed)
                .map(|(party, _)| party.clone())
                .collect(),
            Self::TimedOut { absent, .. } => absent.clone(),
            // There is nobody else that it could have been.
            Self::WrongShares { others, .. } if others.len() == 1 => others.clone(),
            _ => BTreeSet::new(),
        }
    }

    /// Those that this node has waited for until their time was up. Others may have kept them from
    /// answering.
    pub fn waited_for(&self) -> BTreeSet<PartyId> {
        match self {
            Self::TimedOut { absent, .. } | Self::Cancelled { absent } => absent.clone(),
            _ => BTreeSet::new(),
        }
    }

    /// Whether parties are blamed only for what they have not said.
    pub fn is_silence(&self) -> bool {
        matches!(self, Self::TimedOut { .. })
    }

    /// Whether this is about this node alone: nothing that others say could lead to it.
    pub fn is_own(&self) -> bool {
        matches!(
            self,
            Self::Cancelled { .. } | Self::LinkClosed | Self::KeyMissing(_) | Self::KeyMaterial(_)
        )
    }

    /// What proves, to anybody, that parties cheated in a signing session; `facts` are this node's
    /// own. For a thread on which blocking is fine: takes up to a tenth of a second for each pair
    /// of participants.
    pub fn evidence(&self, facts: &SessionFacts) -> Vec<SigningEvidence> {
        let Self::Misbehaviour {
            culprits,
            transcript,
            ..
        } = self
        else {
            return Vec::new();
        };
        culprits
            .keys()
            .filter_map(|party| facts.evidence_against(party.signer_id(), transcript))
            .collect()
    }
}
