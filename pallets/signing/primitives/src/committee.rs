//! Signers, the committee, and the phases of its life.

use crate::{Parameters, SignerId, VerifyingKey, X25519PublicKey};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::{ConstU32, H256};
use sp_runtime::BoundedVec;

/// The most members a committee may have.
pub type MaxMembers = ConstU32<32>;

/// The most standbys there may be.
pub type MaxStandbys = ConstU32<16>;

/// The most parties that make auxiliary information together: members and standbys.
pub type MaxParties = ConstU32<48>;

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
    /// The attempt, at keygen or resharing, that made this generation.
    pub attempt: u32,
    /// Those who hold shares of this generation, ordered by party id.
    pub members: BoundedVec<CommitteeMember<AccountId>, MaxMembers>,
    /// How many members it takes to sign.
    pub threshold: u32,
    /// BLAKE2-256 of the public key shares and the public auxiliary information.
    pub commitment: H256,
    /// The members that have lost their seats since, in that order. They still hold shares, but
    /// nobody signs with them or hands over to others with them any more.
    pub expelled: BoundedVec<AccountId, MaxMembers>,
}

impl<AccountId: PartialEq> Committee<AccountId> {
    /// The members that have not lost their seats: those that sign.
    pub fn sitting(&self) -> impl Iterator<Item = &CommitteeMember<AccountId>> {
        self.members
            .iter()
            .filter(|member| !self.expelled.contains(&member.validator))
    }
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

/// One attempt at handing the network key over to a new committee. The committee in force signs
/// until this one has succeeded.
#[derive(
    Clone, Debug, Decode, DecodeWithMemTracking, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo,
)]
pub struct ReshareAttempt<AccountId, BlockNumber> {
    /// Counts attempts, with those at keygen and at auxiliary information, over the whole life of the
    /// chain.
    pub attempt: u32,
    /// The generation that it makes.
    pub generation: u32,
    /// Those of the committee in force that hand their shares over: as many as its threshold, ordered
    /// by party id.
    pub old_holders: BoundedVec<CommitteeMember<AccountId>, MaxMembers>,
    /// The members to be, ordered by party id.
    pub members: BoundedVec<CommitteeMember<AccountId>, MaxMembers>,
    /// How many members it will take to sign.
    pub threshold: u32,
    /// The set of auxiliary information that the members use, which all of them are in; if there is
    /// none, they make theirs in the course of the attempt.
    pub aux_info: Option<u32>,
    /// The members that have confirmed the result, in the order of their confirmations.
    pub confirmed: BoundedVec<AccountId, MaxMembers>,
    /// The commitment that they confirmed.
    pub commitment: Option<H256>,
    /// The last block in which a confirmation counts.
    pub deadline: BlockNumber,
}

/// One attempt of members and standbys at making auxiliary information together, ahead of the time
/// when it is needed.
#[derive(
    Clone, Debug, Decode, DecodeWithMemTracking, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo,
)]
pub struct AuxInfoAttempt<AccountId, BlockNumber> {
    /// Counts attempts, with those at keygen and resharing, over the whole life of the chain.
    pub attempt: u32,
    /// Those who take part, ordered by party id.
    pub parties: BoundedVec<CommitteeMember<AccountId>, MaxParties>,
    /// The parties that have stored the result, in the order of their confirmations.
    pub confirmed: BoundedVec<AccountId, MaxParties>,
    /// BLAKE2-256 of the public auxiliary information that they confirmed.
    pub commitment: Option<H256>,
    /// The last block in which a confirmation counts.
    pub deadline: BlockNumber,
}

/// Auxiliary information that all of a set of parties hold: any of them can become a committee
/// without making it anew.
#[derive(
    Clone, Debug, Decode, DecodeWithMemTracking, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo,
)]
pub struct AuxInfoSet<AccountId> {
    /// The attempt that made it.
    pub attempt: u32,
    /// Those who hold it, ordered by party id.
    pub parties: BoundedVec<CommitteeMember<AccountId>, MaxParties>,
    /// BLAKE2-256 of the public auxiliary information.
    pub commitment: H256,
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
    /// The committee signs, and hands the key over to the next one.
    Resharing(ReshareAttempt<AccountId, BlockNumber>),
    /// So many members have lost their seats that the others can neither sign nor hand over. Members
    /// that lost theirs for being silent get them back by announcing themselves again.
    Degraded,
}

/// A validator and what its signer announced.
#[derive(Clone, Debug, Decode, Encode, Eq, PartialEq, TypeInfo)]
pub struct Validator<AccountId, BlockNumber> {
    /// The stash account.
    pub account: AccountId,
    /// Its current `signing` session key; if it has left, the last it had.
    pub signing_key: SignerId,
    /// Its announcement, if it has made one.
    pub signer: Option<SignerInfo<BlockNumber>>,
    /// Whether it is in the current session's set. If not, it has left, but is a member of the
    /// committee until another one is in force: it signs and hands over. It relays nothing, and
    /// reports nobody but those whom it can prove to have cheated.
    pub active: bool,
    /// Whether it is passed over when members and standbys are chosen, for an attempt that it let
    /// fail, until it announces itself again.
    pub excluded: bool,
}

/// Everything a signer needs to know of the chain to decide on one request.
#[derive(Clone, Debug, Decode, Encode, Eq, PartialEq, TypeInfo)]
pub struct NetworkState<AccountId, BlockNumber> {
    /// The validators of the current session, and former ones that are members still.
    pub validators: Vec<Validator<AccountId, BlockNumber>>,
    /// Where the network is in the life of its key.
    pub phase: Phase<AccountId, BlockNumber>,
    /// The committee that signs, once there is one.
    pub committee: Option<Committee<AccountId>>,
    /// Those next in line for the committee, first come first.
    pub standbys: Vec<AccountId>,
    /// The auxiliary information that members and standbys hold.
    pub aux_info: Option<AuxInfoSet<AccountId>>,
    /// The attempt of members and standbys at new auxiliary information.
    pub aux_info_attempt: Option<AuxInfoAttempt<AccountId, BlockNumber>>,
    /// Those who must answer a challenge, and by when.
    pub challenges: Vec<(AccountId, BlockNumber)>,
    /// The network key, once there is one.
    pub verifying_key: Option<VerifyingKey>,
    /// The parameters in force.
    pub parameters: Parameters<BlockNumber>,
    /// Whether root has paused signing.
    pub paused: bool,
}

impl<AccountId, BlockNumber: From<u32>> Default for NetworkState<AccountId, BlockNumber> {
    /// A network without validators.
    fn default() -> Self {
        Self {
            validators: Vec::new(),
            phase: Phase::AwaitingSigners,
            committee: None,
            standbys: Vec::new(),
            aux_info: None,
            aux_info_attempt: None,
            challenges: Vec::new(),
            verifying_key: None,
            parameters: Parameters::default(),
            paused: false,
        }
    }
}
