//! What a signer asks of the threshold protocol.

use crate::{
    chain::{Committee, SignerId, VerifyingKey},
    trace::Trace,
};
use async_trait::async_trait;
use std::{collections::BTreeSet, sync::Arc};

/// What a signing session is about. Every participant of a session has the same.
#[derive(Clone, Debug)]
pub struct SigningOrder {
    /// The registration's key, which is to sign.
    pub verifying_key: VerifyingKey,
    /// The network's key, of which that is a child.
    pub network_key: VerifyingKey,
    /// The child is `m/0/<index>`.
    pub registration_index: u32,
    /// What is to be signed.
    pub digest: [u8; 32],
    /// Names this attempt at this request: a hash of the user's signed request, the relayer, the
    /// participants and the relayer's nonce.
    pub request_id: [u8; 32],
    /// Who asked for the session.
    pub relayer: SignerId,
    /// This node's party id.
    pub me: SignerId,
    /// The parties, this node among them: T members of the committee.
    pub participants: BTreeSet<SignerId>,
    /// The committee's generation.
    pub generation: u32,
    /// The request that it is for.
    pub trace: Trace,
}

/// A session failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SigningFailure {
    /// Participants did not say what they had to in time.
    #[error("no message in time from {} participant(s)", absent.len())]
    TimedOut {
        /// Those who were silent.
        absent: BTreeSet<SignerId>,
    },
    /// Participants broke the rules of the protocol, or gave up.
    #[error("the session failed, by {} participant(s) that broke the protocol's rules", culprits.len())]
    Misbehaved {
        /// Those who broke the rules, as far as that can be told.
        culprits: BTreeSet<SignerId>,
    },
    /// This node holds no share of the generation.
    #[error("this node holds no key share of generation {generation}")]
    NoShare {
        /// The generation.
        generation: u32,
    },
    /// As many sessions as this node can bear are going on.
    #[error("too many sessions")]
    Busy,
    /// Something of this node's own failed.
    #[error("an error of this node's own")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Runs signing sessions.
#[async_trait]
pub trait RunSigning: Send + Sync + 'static {
    /// The committee of a generation that this node holds a share of.
    fn committee(&self, generation: u32) -> Option<Arc<Committee>>;

    /// Runs one session to its end: r (32 bytes), s (32 bytes, low), v (0 or 1), over
    /// `order.digest` with `order.verifying_key`. Has a deadline of its own. Dropping the future
    /// ends the session.
    async fn sign(&self, order: SigningOrder) -> Result<[u8; 65], SigningFailure>;
}
