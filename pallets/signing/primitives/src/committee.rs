//! Signers, the committee, and the phases of its life.

use crate::{SignerId, VerifyingKey, X25519PublicKey};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_core::{ConstU32, H256};
use sp_runtime::BoundedVec;

/// The most members a committee may have.
pub type MaxMembers = ConstU32<32>;

/// Where a signer's HTTP API is reached: `host:port`, ASCII.
pub type Endpoint = BoundedVec<u8, ConstU32<255>>;

/// What a validator's signer has announced of itself.
#[derive(
    Clone, Debug, Decode, DecodeWithMemTracking, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo,
)]
pub struct SignerInfo<BlockNumber> {
    /// Where its HTTP API is reached.
    pub endpoint: Endpoint,
    /// Its HPKE and Noise key.
    pub x25519: X25519PublicKey,
    /// The block number that the announcement named; only a later one replaces it.
    pub announced_at: BlockNumber,
}

/// A member of a committee: who it is, and the key it is known by in the protocols of this
/// generation.
#[derive(
    Clone, Debug, Decode, DecodeWithMemTracking, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo,
)]
pub struct CommitteeMember<AccountId> {
    /// The validator's stash account.
    pub validator: AccountId,
    /// Its `signing` session key when the committee was chosen: its party id in the protocols.
    pub party: SignerId,
}

/// The committee that holds the network key.
#[derive(
    Clone, Debug, Decode, DecodeWithMemTracking, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo,
)]
pub struct Committee<AccountId> {
    /// Counts the sets of key shares there have been; the first is 1.
    pub generation: u32,
    /// The keygen attempt that made this generation.
    pub attempt: u32,
    /// The members, ordered by party id.
    pub members: BoundedVec<CommitteeMember<AccountId>, MaxMembers>,
    /// How many members it takes to sign.
    pub threshold: u32,
    /// BLAKE2-256 of the public key shares and the public auxiliary information.
    pub commitment: H256,
}

/// One attempt at generating the network key.
#[derive(
    Clone, Debug, Decode, DecodeWithMemTracking, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo,
)]
pub struct KeygenAttempt<AccountId, BlockNumber> {
    /// Counts attempts, over the whole life of the chain; the first is 1.
    pub attempt: u32,
    /// The members, ordered by party id. The first `threshold` of them make the key; all receive
    /// shares of it.
    pub members: BoundedVec<CommitteeMember<AccountId>, MaxMembers>,
    /// How many members it will take to sign.
    pub threshold: u32,
    /// The members that have confirmed the result, in the order of their confirmations.
    pub confirmed: BoundedVec<AccountId, MaxMembers>,
    /// The result that they confirmed: the network key and the commitment.
    pub result: Option<(VerifyingKey, H256)>,
    /// The last block in which a confirmation counts.
    pub deadline: BlockNumber,
}

/// Where the network is in the life of its key.
#[derive(
    Clone, Debug, Decode, DecodeWithMemTracking, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo,
)]
pub enum Phase<AccountId, BlockNumber> {
    /// Fewer signers have announced themselves than a committee needs, or there are enough and the
    /// draw waits for the others for some blocks.
    AwaitingSigners,
    /// A committee has been chosen and makes the key.
    Keygen(KeygenAttempt<AccountId, BlockNumber>),
    /// The committee holds the key and signs.
    Active,
}

/// What root may set. In a chain spec its fields are in camel case.
#[derive(
    Clone,
    Debug,
    Decode,
    DecodeWithMemTracking,
    Deserialize,
    Encode,
    Eq,
    MaxEncodedLen,
    PartialEq,
    Serialize,
    TypeInfo,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Parameters<BlockNumber> {
    /// N: the size of a committee, at least `threshold`.
    pub committee_size: u32,
    /// T: how many members it takes to sign, at least 2.
    pub threshold: u32,
    /// Blocks that a keygen attempt may take.
    pub keygen_deadline: BlockNumber,
    /// Requests per registration and block that a signer or relayer accepts.
    pub request_limit: u32,
    /// Fuel that one program evaluation may burn (wasmi's unit).
    pub fuel: u64,
    /// A request must name a block at most this many blocks before or after the best block.
    pub freshness_window: BlockNumber,
}

/// A validator of the current session and what its signer announced.
#[derive(Clone, Debug, Decode, Encode, Eq, PartialEq, TypeInfo)]
pub struct Validator<AccountId, BlockNumber> {
    /// The stash account.
    pub account: AccountId,
    /// Its current `signing` session key.
    pub signing_key: SignerId,
    /// Its announcement, if it has made one.
    pub signer: Option<SignerInfo<BlockNumber>>,
}

/// Everything a signer needs to know of the chain to decide on one request.
#[derive(Clone, Debug, Decode, Encode, Eq, PartialEq, TypeInfo)]
pub struct NetworkState<AccountId, BlockNumber> {
    /// The validators of the current session.
    pub validators: Vec<Validator<AccountId, BlockNumber>>,
    /// Where the network is in the life of its key.
    pub phase: Phase<AccountId, BlockNumber>,
    /// The committee that signs, once there is one.
    pub committee: Option<Committee<AccountId>>,
    /// The network key, once there is one.
    pub verifying_key: Option<VerifyingKey>,
    /// The parameters in force.
    pub parameters: Parameters<BlockNumber>,
    /// Whether root has paused signing.
    pub paused: bool,
}
