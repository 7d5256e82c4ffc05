//! What a validator's session key signs and submits without a fee.
//!
//! The signed bytes begin with a tag of their own and the genesis hash, so that a signature counts
//! for one call on one chain.

use crate::{Endpoint, SignerId, SignerSignature, VerifyingKey, X25519PublicKey};
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

/// A call that a session key authorizes.
#[derive(Clone, Debug, Decode, DecodeWithMemTracking, Encode, Eq, PartialEq, TypeInfo)]
pub enum SessionKeyCall<BlockNumber> {
    /// `announce_signer`
    AnnounceSigner(Announcement<BlockNumber>, SignerSignature),
    /// `confirm_keygen`
    ConfirmKeygen(KeygenConfirmation, SignerSignature),
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
