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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;

    /// (parent, index, child). Made with synedrion 0.3.0: `derive_verifying_key_bip32` of the keys
    /// whose private keys are 32 bytes of 01 and of 02, at `m/0/<index>`. The pallet's tests compare
    /// with the library itself.
    const VECTORS: &[(&str, u32, &str)] = &[
        (
            "031b84c5567b126440995d3ed5aaba0565d71e1834604819ff9c17f5e9d5dd078f",
            0,
            "0201e79db4e8898a877806c35518752215741b9f670c7959e4dd38a8509f8e88c0",
        ),
        (
            "031b84c5567b126440995d3ed5aaba0565d71e1834604819ff9c17f5e9d5dd078f",
            1,
            "024e94fd0e4e7f49e4cc2e86f5c28050f7c6cb093db0ff23be35f284f146c5aed3",
        ),
        (
            "031b84c5567b126440995d3ed5aaba0565d71e1834604819ff9c17f5e9d5dd078f",
            1_000_000,
            "022721dd75da9c6c2040d38e9fed54db4140cfb9619ceada0c51485fc66741c833",
        ),
        (
            "031b84c5567b126440995d3ed5aaba0565d71e1834604819ff9c17f5e9d5dd078f",
            2_147_483_647,
            "0395d7dbcae8b4c013f61a5115aaa59f3dd9e1f99fa13a3c265b5fc3e8040cd19f",
        ),
        (
            "024d4b6cd1361032ca9bd2aeb9d900aa4d45d9ead80ac9423374c451a7254d0766",
            0,
            "025528104f510554dfbe352a33f59bf3b871bb989d81cbf57cf73bf85c04f522ad",
        ),
        (
            "024d4b6cd1361032ca9bd2aeb9d900aa4d45d9ead80ac9423374c451a7254d0766",
            2_147_483_647,
            "030de9092a02f1c8d84a195f4aa990600c723808f4f288fcc5c3360a7d946572a4",
        ),
    ];

    fn key(hex: &str) -> VerifyingKey {
        hex::decode(hex).unwrap().try_into().unwrap()
    }

    #[test]
    fn children_are_those_of_the_signers_library() {
        for (parent, index, child) in VECTORS {
            assert_eq!(derive_child_key(&key(parent), *index), Ok(key(child)));
        }
    }

    #[test]
    fn hardened_indexes_have_no_children() {
        let parent = key(VECTORS[0].0);
        for index in [INDEX_LIMIT, u32::MAX] {
            assert_eq!(
                derive_child_key(&parent, index),
                Err(DerivationError::HardenedIndex)
            );
        }
    }

    #[test]
    fn only_compressed_points_are_keys() {
        let good = key(VECTORS[0].0);
        assert!(is_verifying_key(&good));
        // The other point with this x.
        assert!(is_verifying_key(
            &[&[5 - good[0]], &good[1..]].concat().try_into().unwrap()
        ));
        for tag in [0, 1, 4, 5, 6, 7, 0xff] {
            let mut bad = good;
            bad[0] = tag;
            assert!(!is_verifying_key(&bad), "tag {tag}");
            assert_eq!(
                derive_child_key(&bad, 0),
                Err(DerivationError::InvalidParent)
            );
        }
        // x is no coordinate of any point, or not below the field's order.
        let mut off_curve = [0; 33];
        (off_curve[0], off_curve[32]) = (2, 5);
        let mut too_large = [0xff; 33];
        too_large[0] = 2;
        assert!(!is_verifying_key(&off_curve) && !is_verifying_key(&too_large));
    }
}
