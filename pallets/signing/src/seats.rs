//! What is stored of seats that were lost, and of those who are reported or challenged.

use crate::{primitives::UnprovableFault, Config};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{
    traits::ConstU32, BoundedBTreeSet, CloneNoBound, DebugNoBound, DefaultNoBound, EqNoBound,
    PartialEqNoBound,
};
use primitives::SignerId;
use scale_info::TypeInfo;
use signing_primitives as primitives;

/// The most seats that can be lost at once: those of the committee in force and of the next one.
pub type MaxLostSeats = ConstU32<64>;

/// Why a seat goes to another.
#[derive(
    Clone,
    Copy,
    Debug,
    Decode,
    DecodeWithMemTracking,
    Encode,
    Eq,
    MaxEncodedLen,
    PartialEq,
    TypeInfo,
)]
pub enum SeatLoss {
    /// So many reported the validator that it counts. It does not sign from the next block on.
    Fault,
    /// The validator is not in the next session's set. It signs until the next committee does, as in
    /// the other cases.
    LeavesValidators,
    /// A rotation period is over.
    Rotated,
    /// The member wants to leave.
    Requested,
}

/// A seat that the beginning of the next block takes.
#[derive(Clone, Debug, Decode, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo)]
pub struct LostSeat<BlockNumber> {
    /// Why it is lost.
    pub cause: SeatLoss,
    /// The block that decided it.
    pub at: BlockNumber,
}

/// Those who have lost or given up a seat in an era.
#[derive(
    CloneNoBound,
    DebugNoBound,
    Decode,
    DefaultNoBound,
    Encode,
    EqNoBound,
    MaxEncodedLen,
    PartialEqNoBound,
    TypeInfo,
)]
#[scale_info(skip_type_params(T))]
pub struct BarredValidators<T: Config> {
    /// The era.
    pub era: u32,
    /// Their stash accounts.
    pub validators: BoundedBTreeSet<T::AccountId, T::MaxValidators>,
}

/// What one validator has reported of another.
#[derive(Clone, Debug, Decode, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo)]
pub struct Report<BlockNumber> {
    /// The block that it named.
    pub at: BlockNumber,
    /// What the other did.
    pub fault: UnprovableFault,
}

/// What a validator must answer.
#[derive(Clone, Debug, Decode, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo)]
pub struct Challenge<BlockNumber> {
    /// The last block in which an answer counts.
    pub deadline: BlockNumber,
    /// The validator's key when it was challenged.
    pub key: SignerId,
    /// The session in which it was challenged.
    pub session: u32,
}
