//! How a session ends when it does not succeed, and who is to blame.

use super::{
    key_material::KeyMaterialError,
    mailbox::Stage,
    parameters::{NetworkSession, SignerKeyMissing},
    PartyId,
};
use core::{any::Any, fmt};
use manul::{
    protocol::{Protocol, RoundId},
    session::{Evidence, LocalError},
};
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
    /// Its signed messages may prove it: see [`Misconduct::evidence`].
    Provable,
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
    evidence: Option<Box<dyn Any + Send + Sync>>,
}

impl Misconduct {
    pub(super) fn unprovable(description: impl Into<String>) -> Self {
        Self {
            fault: Fault::Unprovable,
            description: description.into(),
            evidence: None,
        }
    }

    pub(super) fn panic() -> Self {
        Self {
            fault: Fault::Panic,
            description: "the library panicked on its message".into(),
            evidence: None,
        }
    }

    pub(super) fn provable<P>(evidence: Evidence<P, NetworkSession>) -> Self
    where
        P: Protocol<PartyId>,
        Evidence<P, NetworkSession>: Send + Sync,
    {
        Self {
            fault: Fault::Provable,
            description: evidence.description().into(),
            evidence: Some(Box::new(evidence)),
        }
    }

    /// The library's evidence, if there is any and the session was one of protocol `P`.
    pub fn evidence<P: Protocol<PartyId>>(&self) -> Option<&Evidence<P, NetworkSession>> {
        self.evidence.as_ref()?.downcast_ref()
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
    Cancelled,
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
            Self::Misbehaviour { culprits, .. } => culprits.keys().cloned().collect(),
            Self::TimedOut { absent, .. } => absent.clone(),
            _ => BTreeSet::new(),
        }
    }
}
