//! What validators report of each other.

use crate::{limits::MAX_REPORT_BYTES, SignerId};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::ConstU32;
use sp_runtime::BoundedVec;

/// Evidence, as `signing-evidence` encodes it. Its size is bounded before anything looks into it.
pub type EncodedEvidence = BoundedVec<u8, ConstU32<MAX_REPORT_BYTES>>;

/// What a validator did or left undone.
#[derive(Clone, Debug, Decode, DecodeWithMemTracking, Encode, Eq, PartialEq, TypeInfo)]
pub enum Fault {
    /// What the reporter alone has seen: its word counts together with that of others.
    #[codec(index = 0)]
    Unprovable(UnprovableFault),
    /// Cheating that anyone can verify.
    #[codec(index = 1)]
    Provable(EncodedEvidence),
}

/// What cannot be proved to those who were not there.
#[derive(
    Clone,
    Copy,
    Debug,
    Decode,
    DecodeWithMemTracking,
    Encode,
    Eq,
    MaxEncodedLen,
    Ord,
    PartialEq,
    PartialOrd,
    TypeInfo,
)]
pub enum UnprovableFault {
    /// There is no connection to it.
    #[codec(index = 0)]
    Unreachable,
    /// It is connected, but its message for a round, or its answer, did not come.
    #[codec(index = 1)]
    Silent,
    /// It sent what no honest signer sends, but not in a way that others could verify.
    #[codec(index = 2)]
    Misbehaved,
}

/// A validator says that another one is at fault.
#[derive(Clone, Debug, Decode, DecodeWithMemTracking, Encode, Eq, PartialEq, TypeInfo)]
pub struct FaultReport<AccountId, BlockNumber> {
    /// The reporter's current session key, which signs this.
    pub signing_key: SignerId,
    /// The validator that is accused: its stash account.
    pub accused: AccountId,
    /// The generation of the committee that was in force; for a proof, that of the session in which
    /// the accused cheated.
    pub generation: u32,
    /// What it did.
    pub fault: Fault,
    /// A recent block number.
    pub at: BlockNumber,
}

/// A validator that was reported to be silent shows that it is there.
#[derive(
    Clone, Debug, Decode, DecodeWithMemTracking, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo,
)]
pub struct ChallengeAnswer<BlockNumber> {
    /// Its current session key, which signs this.
    pub signing_key: SignerId,
    /// The deadline of the challenge, which tells it from others.
    pub deadline: BlockNumber,
}
