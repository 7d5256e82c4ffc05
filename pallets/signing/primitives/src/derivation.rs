//! Users' keys as children of the network key.
//!
//! The rule is that of synedrion 0.3 (`curve/bip32.rs`), since signers derive their shares with
//! it: public derivation of BIP-32 along `m/0/<index>`, where the chain code of `m` is
//! SHA-256("chain-code-derivation" ‖ SEC1 compressed parent key). The chain code is public, so
//! whoever knows the network key can derive every user's verifying key; that reveals no secret, as
//! no single party ever holds a child's private key either.

use crate::VerifyingKey;
use bip32::{ChainCode, ChildNumber, PublicKey as _};
use core::fmt;
use k256::PublicKey;
use sha2::{Digest, Sha256};

/// The first step of every user's path, `m/0`.
pub const ACCOUNT_INDEX: u32 = 0;

/// Indexes are below this: BIP-32 derives no public children from 2³¹ upwards (hardened indexes).
pub const INDEX_LIMIT: u32 = 1 << 31;

/// Why there is no child key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum DerivationError {
    /// The parent is not a compressed secp256k1 point.
    InvalidParent,
    /// The index is [`INDEX_LIMIT`] or above.
    HardenedIndex,
    /// The tweak is no scalar, or the child is the point at infinity: BIP-32 says to take the next
    /// index. The probability is below 2⁻¹²⁷.
    NoSuchChild,
}

impl fmt::Display for DerivationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InvalidParent => "the parent is not a compressed secp256k1 point",
            Self::HardenedIndex => "the index is hardened",
            Self::NoSuchChild => "there is no child at this index",
        })
    }
}

impl core::error::Error for DerivationError {}

/// Whether `key` is a secp256k1 point in SEC1 compressed form.
pub fn is_verifying_key(key: &VerifyingKey) -> bool {
    parse(key).is_some()
}

/// The verifying key of the user at `index`: the child `m/0/<index>` of the network key.
pub fn derive_child_key(
    network_key: &VerifyingKey,
    index: u32,
) -> Result<VerifyingKey, DerivationError> {
    if index >= INDEX_LIMIT {
        return Err(DerivationError::HardenedIndex);
    }
    let mut key = parse(network_key).ok_or(DerivationError::InvalidParent)?;
    let mut chain_code: ChainCode = Sha256::new()
        .chain_update(b"chain-code-derivation")
        .chain_update(network_key)
        .finalize()
        .into();
    for step in [ACCOUNT_INDEX, index] {
        let (tweak, child_chain_code) = key
            .derive_tweak(&chain_code, ChildNumber(step))
            .map_err(|_| DerivationError::NoSuchChild)?;
        key = key
            .derive_child(tweak)
            .map_err(|_| DerivationError::NoSuchChild)?;
        chain_code = child_chain_code;
    }
    Ok(key.to_bytes())
}

/// `k256` also reads other encodings of this length, so the tag is looked at here.
fn parse(key: &VerifyingKey) -> Option<PublicKey> {
    match key.first() {
        Some(2 | 3) => PublicKey::from_sec1_bytes(key).ok(),
        _ => None,
    }
}
