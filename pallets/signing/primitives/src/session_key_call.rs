//! What a validator's session key signs and submits without a fee.
//!
//! The signed bytes begin with a tag of their own and the genesis hash, so that a signature counts
//! for one call on one chain.

use crate::{
    ChallengeAnswer, Endpoint, FaultReport, SignerId, SignerSignature, VerifyingKey,
    X25519PublicKey,
};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::H256;

/// A signer tells where it is.
#[derive(
    Clone, Debug, Decode, DecodeWithMemTracking, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo,
)]
pub struct Announcement<BlockNumber> {
    /// The session key that signs this.
    pub signing_key: SignerId,
    /// Where the signer's HTTP API is reached.
    pub endpoint: Endpoint,
    /// Its HPKE and Noise key.
    pub x25519: X25519PublicKey,
    /// A recent block number. Only a later announcement replaces an earlier one.
    pub at: BlockNumber,
}

/// A member has durably stored its share of the new key.
#[derive(
    Clone, Debug, Decode, DecodeWithMemTracking, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo,
)]
pub struct KeygenConfirmation {
    /// The session key that signs this: the member's party id.
    pub signing_key: SignerId,
    /// The attempt it belongs to.
    pub attempt: u32,
    /// The network key.
    pub verifying_key: VerifyingKey,
    /// BLAKE2-256 of the public key shares and the public auxiliary information.
    pub commitment: H256,
}

/// A member of the next committee has durably stored its share of the network key.
#[derive(
    Clone, Debug, Decode, DecodeWithMemTracking, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo,
)]
pub struct ReshareConfirmation {
    /// The session key that signs this: the member's party id.
    pub signing_key: SignerId,
    /// The attempt it belongs to.
    pub attempt: u32,
    /// BLAKE2-256 of the public key shares and the public auxiliary information.
    pub commitment: H256,
}

/// A member or standby has durably stored its auxiliary information.
#[derive(
    Clone, Debug, Decode, DecodeWithMemTracking, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo,
)]
pub struct AuxInfoConfirmation {
    /// The session key that signs this: the party id in the attempt.
    pub signing_key: SignerId,
    /// The attempt it belongs to.
    pub attempt: u32,
    /// BLAKE2-256 of the public auxiliary information.
    pub commitment: H256,
}

/// A call that a session key authorizes.
#[derive(Clone, Debug, Decode, DecodeWithMemTracking, Encode, Eq, PartialEq, TypeInfo)]
pub enum SessionKeyCall<AccountId, BlockNumber> {
    /// `announce_signer`
    AnnounceSigner(Announcement<BlockNumber>, SignerSignature),
    /// `confirm_keygen`
    ConfirmKeygen(KeygenConfirmation, SignerSignature),
    /// `confirm_reshare`
    ConfirmReshare(ReshareConfirmation, SignerSignature),
    /// `confirm_aux_info`
    ConfirmAuxInfo(AuxInfoConfirmation, SignerSignature),
    /// `report_fault`
    ReportFault(FaultReport<AccountId, BlockNumber>, SignerSignature),
    /// `answer_challenge`
    AnswerChallenge(ChallengeAnswer<BlockNumber>, SignerSignature),
}

/// The bytes that a session key signs to announce a signer.
pub fn announcement_payload<BlockNumber: Encode>(
    genesis_hash: H256,
    announcement: &Announcement<BlockNumber>,
) -> Vec<u8> {
    (
        b"signing-network/announce-signer/1",
        genesis_hash,
        announcement,
    )
        .encode()
}

/// The bytes that a session key signs to confirm a generated key.
pub fn keygen_confirmation_payload(
    genesis_hash: H256,
    confirmation: &KeygenConfirmation,
) -> Vec<u8> {
    (
        b"signing-network/confirm-keygen/1",
        genesis_hash,
        confirmation,
    )
        .encode()
}

/// The bytes that a session key signs to confirm that it holds a share of the next generation.
pub fn reshare_confirmation_payload(
    genesis_hash: H256,
    confirmation: &ReshareConfirmation,
) -> Vec<u8> {
    (
        b"signing-network/confirm-reshare/1",
        genesis_hash,
        confirmation,
    )
        .encode()
}

/// The bytes that a session key signs to confirm that it holds auxiliary information.
pub fn aux_info_confirmation_payload(
    genesis_hash: H256,
    confirmation: &AuxInfoConfirmation,
) -> Vec<u8> {
    (
        b"signing-network/confirm-aux-info/1",
        genesis_hash,
        confirmation,
    )
        .encode()
}

/// The bytes that a session key signs to report a fault.
pub fn fault_report_payload<AccountId: Encode, BlockNumber: Encode>(
    genesis_hash: H256,
    report: &FaultReport<AccountId, BlockNumber>,
) -> Vec<u8> {
    (b"signing-network/report-fault/1", genesis_hash, report).encode()
}

/// The bytes that a session key signs to answer a challenge.
pub fn challenge_answer_payload<BlockNumber: Encode>(
    genesis_hash: H256,
    answer: &ChallengeAnswer<BlockNumber>,
) -> Vec<u8> {
    (b"signing-network/answer-challenge/1", genesis_hash, answer).encode()
}
