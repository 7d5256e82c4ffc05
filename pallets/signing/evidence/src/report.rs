//! What evidence looks like.
//!
//! A report holds what the accused signed, and nothing that the reporter could have made up: which
//! session and which round a message belongs to is not said but follows from the report's subject
//! and from the kind of its proof, and the accused's signature is checked over that.

use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode};
use scale_info::TypeInfo;
use signing_primitives::{
    MaxMembers, SessionId, SessionIdError, SessionNonce, SignerId, SigningSubject, Subject,
};
use sp_core::ConstU32;
use sp_runtime::BoundedVec;

/// How long a check takes at most, on the machine that the weights are made for: more than twice
/// what the costliest report took there, a false accusation of a valid aff-g proof (130 ms).
pub const WORST_CASE_MILLISECONDS: u64 = 300;

/// Evidence that a party cheated in a signing session.
#[derive(Clone, Debug, Decode, DecodeWithMemTracking, Encode, Eq, PartialEq, TypeInfo)]
pub struct SigningEvidence {
    /// What the session was about.
    pub subject: SigningSubject,
    /// What each participant contributed to the session's id, in the order of the subject's
    /// participants.
    pub nonces: BoundedVec<SessionNonce, MaxMembers>,
    /// The participants' public key shares. The subject has their hash.
    pub public_shares: BoundedVec<u8, MaxPublicShares>,
    /// The participants' public auxiliary information. The subject has its hash.
    pub public_aux_info: BoundedVec<u8, MaxPublicAuxInfo>,
    /// Who cheated: its party id.
    pub accused: SignerId,
    /// What it signed, and how that proves it.
    pub proof: Proof,
}

/// Room for the public shares of the largest committee: 68 bytes each, and their number.
pub type MaxPublicShares = ConstU32<2_200>;

/// Room for the public auxiliary information of the largest committee: 1,066 bytes each, and their
/// number.
pub type MaxPublicAuxInfo = ConstU32<34_200>;

/// What proves a signing party's guilt. Everything in it that is not said to be another party's is
/// signed by the accused, for the session of the report and the round that the kind implies.
///
/// What the protocol library calls evidence beyond these kinds can convict honest parties; it is
/// not accepted, and has no place here.
// There is one in a report, and it is seldom moved.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug, Decode, DecodeWithMemTracking, Encode, Eq, PartialEq, TypeInfo)]
pub enum Proof {
    /// A message that is not of the form that its round prescribes.
    #[codec(index = 0)]
    InvalidMessage {
        /// The round it was sent in.
        round: Round,
        /// Which part of the round's message it is.
        part: Part,
        /// The message.
        message: SignedMessage,
    },
    /// Two different broadcasts of one round.
    #[codec(index = 1)]
    ContradictoryBroadcasts {
        /// The round they were sent in.
        round: Round,
        /// Which kind of broadcast they are.
        part: Broadcast,
        /// One of them.
        first: SignedMessage,
        /// The other.
        second: SignedMessage,
    },
    /// In round 2 or 3, an echo broadcast and, as another participant passed it on, the signed
    /// hash of a different one.
    ///
    /// A signed hash does not tell which part of the round's message it is of. So the proof shows
    /// that it is of none of those that an honest party signs: not the echo broadcast, not the
    /// normal broadcast, and not the absence of a direct message. (In round 1 there are direct
    /// messages, one for each peer, and no telling.)
    #[codec(index = 2)]
    ContradictoryEcho {
        /// 2 or 3.
        round: u8,
        /// The echo broadcast that the reporter received.
        echo: SignedMessage,
        /// The normal broadcast of the same round.
        normal: SignedMessage,
        /// The signature that came with the hash.
        signature: [u8; 64],
        /// The hash that another participant passed on.
        hash: [u8; 32],
    },
    /// In round 2, a map that is not for exactly the other participants.
    #[codec(index = 3)]
    WrongIds {
        /// Which map.
        map: IdMap,
        /// The broadcast that has it: the echo broadcast for F, otherwise the normal broadcast.
        broadcast: SignedMessage,
    },
    /// In round 2, a proof ψ (aff-g) that does not hold.
    #[codec(index = 4)]
    AffGPsi {
        /// The participant for whom the proof was made.
        failed_for: SignerId,
        /// The echo broadcast of round 2.
        echo: SignedMessage,
        /// The normal broadcast of round 2.
        normal: SignedMessage,
        /// What the accused had received from the others in round 1.
        round1: EchoPack,
    },
    /// In round 2, a proof of a discrete logarithm (elog) that does not hold.
    #[codec(index = 5)]
    Elog {
        /// The echo broadcast of round 1.
        round1_echo: SignedMessage,
        /// The echo broadcast of round 2.
        echo: SignedMessage,
        /// The normal broadcast of round 2.
        normal: SignedMessage,
    },
    /// In round 4, a signature share that does not fit the commitments of the rounds before.
    #[codec(index = 6)]
    SignatureShare {
        /// The echo broadcast of round 2.
        round2_echo: SignedMessage,
        /// What the accused had received from the others in round 2.
        round2: EchoPack,
        /// The echo broadcast of round 3.
        round3_echo: SignedMessage,
        /// The normal broadcast of round 3.
        round3_normal: SignedMessage,
        /// What the accused had received from the others in round 3.
        round3: EchoPack,
        /// The normal broadcast of round 4.
        normal: SignedMessage,
    },
}

/// A part of the message that a party sends another in one round.
#[derive(Clone, Copy, Debug, Decode, DecodeWithMemTracking, Encode, Eq, PartialEq, TypeInfo)]
pub enum Part {
    /// For everybody, and passed on by everybody.
    #[codec(index = 0)]
    Echo,
    /// For everybody.
    #[codec(index = 1)]
    Normal,
    /// For one.
    #[codec(index = 2)]
    Direct,
}

/// A part that is the same for everybody.
#[derive(Clone, Copy, Debug, Decode, DecodeWithMemTracking, Encode, Eq, PartialEq, TypeInfo)]
pub enum Broadcast {
    /// Passed on by everybody.
    #[codec(index = 0)]
    Echo,
    /// Not passed on.
    #[codec(index = 1)]
    Normal,
}

impl From<Broadcast> for Part {
    fn from(broadcast: Broadcast) -> Self {
        match broadcast {
            Broadcast::Echo => Self::Echo,
            Broadcast::Normal => Self::Normal,
        }
    }
}

/// A map of round 2 with an entry for every other participant.
#[derive(Clone, Copy, Debug, Decode, DecodeWithMemTracking, Encode, Eq, PartialEq, TypeInfo)]
pub enum IdMap {
    /// The ciphertexts D, in the normal broadcast.
    #[codec(index = 0)]
    D,
    /// The ciphertexts F, in the echo broadcast.
    #[codec(index = 1)]
    F,
    /// The proofs ψ, in the normal broadcast.
    #[codec(index = 2)]
    Psi,
}

/// A round of a signing session in which a message can be proof.
#[derive(
    Clone,
    Copy,
    Debug,
    Decode,
    DecodeWithMemTracking,
    Encode,
    Eq,
    Ord,
    PartialEq,
    PartialOrd,
    TypeInfo,
)]
pub struct Round {
    /// 1 to 4.
    pub number: u8,
    /// Whether it is the round in which the echo broadcasts of that round are passed on.
    pub passes_on: bool,
}

impl Round {
    /// The round of this number.
    pub const fn new(number: u8) -> Self {
        Self {
            number,
            passes_on: false,
        }
    }

    /// The round in which the echo broadcasts of this one are passed on.
    pub const fn passing_on(self) -> Self {
        Self {
            passes_on: true,
            ..self
        }
    }

    /// Whether it is a round of signing.
    ///
    /// The library's rounds 5 and 6, in which the culprit of a failed signature is looked for, do
    /// not count: what leads to them is not provable, and an honest message in them takes hundreds
    /// of kB and tens of seconds to make.
    pub const fn exists(self) -> bool {
        match self.number {
            1..=3 => true,
            4 => !self.passes_on,
            _ => false,
        }
    }
}

/// One part of a message, or its absence, as its sender signed it.
#[derive(Clone, Debug, Decode, DecodeWithMemTracking, Encode, Eq, PartialEq, TypeInfo)]
pub struct SignedMessage {
    /// sr25519, over session, round, kind of part, and content.
    pub signature: [u8; 64],
    /// The content. None if the part is absent, which is signed as well.
    pub payload: Option<Vec<u8>>,
}

/// What a party has received in one round from everybody else, by its own signed word.
#[derive(Clone, Debug, Decode, DecodeWithMemTracking, Encode, Eq, PartialEq, TypeInfo)]
pub struct EchoPack {
    /// The accused's message with the hashes of what it had received.
    pub hashes: SignedMessage,
    /// The echo broadcasts with these hashes, each signed by its sender: all participants but the
    /// accused, in ascending order.
    pub broadcasts: Vec<(SignerId, SignedMessage)>,
}

impl SigningEvidence {
    /// The id of the session that it is about.
    pub fn session_id(&self) -> Result<SessionId, SessionIdError> {
        if self.nonces.len() != self.subject.participants.len() {
            return Err(SessionIdError::NoncesOfOthers);
        }
        let participants = self.subject.participants.iter().cloned();
        let nonces = participants.zip(self.nonces.iter().copied()).collect();
        Subject::Signing(self.subject.clone()).session_id(&nonces)
    }
}
