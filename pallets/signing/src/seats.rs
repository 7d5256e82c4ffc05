//! What is stored of seats that were lost, and of those who are reported, challenged or convicted.

use crate::{primitives::UnprovableFault, Config};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{
    traits::ConstU32, BoundedBTreeSet, CloneNoBound, DebugNoBound, DefaultNoBound, EqNoBound,
    PartialEqNoBound,
};
use primitives::SignerId;
use scale_info::TypeInfo;
use signing_primitives as primitives;
use sp_runtime::Perbill;

/// The most seats that can be lost at once: those of the committee in force and of the next one.
pub type MaxLostSeats = ConstU32<64>;

/// The most validators whose sessions are remembered after they have left: the members of the
/// generation in force, of the one before it, and of the next one.
pub type MaxAccountable = ConstU32<96>;

/// The most proofs that are remembered: one for every member of the generation in force and of the one
/// before it.
pub type MaxProven = ConstU32<64>;

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
    /// So many reported the validator that it counts, or it was convicted of cheating or of false
    /// evidence. It does not sign from the next block on.
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

/// When a validator was last convicted: of cheating, or of false evidence.
#[derive(Clone, Debug, Decode, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo)]
pub struct Conviction {
    /// The era. The validator makes no blocks and gets no seat in it.
    pub era: u32,
    /// The generation that was in force. The validator does not get its seat in it back.
    pub generation: u32,
    /// The part of its stake that it lost.
    pub slash: Perbill,
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
