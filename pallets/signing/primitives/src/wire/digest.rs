//! From a message to the 32 bytes that are signed.

use serde::{Deserialize, Serialize};
use sha3::{Digest, Sha3_256};

/// How a message becomes the digest that is signed.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HashChoice {
    /// SHA-1. A digest of 20 bytes cannot be signed: known so that it is refused by name.
    Sha1,
    /// SHA-256.
    Sha2,
    /// SHA3-256 (FIPS 202).
    Sha3,
    /// Keccak-256, as Ethereum uses it.
    Keccak,
    /// BLAKE2b with a digest of 32 bytes.
    #[serde(rename = "blake2_256")]
    Blake2_256,
    /// The message is the digest: it must have 32 bytes.
    Identity,
    /// The `custom_hash` of the n-th program of the registration, counted from 0.
    Custom(u64),
}

impl HashChoice {
    /// The names that `GET /hashes` lists, of the choices that a signature can be had for.
    pub const NAMES: [&'static str; 6] =
        ["sha2", "sha3", "keccak", "blake2_256", "identity", "custom"];
}

/// A message has no digest under a hash choice.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DigestError {
    /// SHA-1 was chosen.
    #[error("a SHA-1 digest has 20 bytes and cannot be signed; 32 are needed")]
    TwentyBytes,
    /// `identity` was chosen for a message that is not a digest.
    #[error("with hash `identity` the message must have 32 bytes, not {found}")]
    NotADigest {
        /// The message's length, bytes.
        found: usize,
    },
    /// `custom` was chosen: the program has to be asked.
    #[error("the hash is program {index}'s own")]
    NeedsProgram {
        /// Which of the registration's programs, counted from 0.
        index: u64,
    },
}

/// The digest of `message` under one of the built-in hashes.
///
/// # Errors
/// One [`DigestError`] for each choice that has no built-in answer.
pub fn digest(choice: HashChoice, message: &[u8]) -> Result<[u8; 32], DigestError> {
    match choice {
        HashChoice::Sha1 => Err(DigestError::TwentyBytes),
        HashChoice::Sha2 => Ok(sp_crypto_hashing::sha2_256(message)),
        HashChoice::Sha3 => Ok(Sha3_256::digest(message).into()),
        HashChoice::Keccak => Ok(sp_crypto_hashing::keccak_256(message)),
        HashChoice::Blake2_256 => Ok(sp_crypto_hashing::blake2_256(message)),
        HashChoice::Identity => message.try_into().map_err(|_| DigestError::NotADigest {
            found: message.len(),
        }),
        HashChoice::Custom(index) => Err(DigestError::NeedsProgram { index }),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn names_on_the_wire() {
        let choices = [
            (HashChoice::Sha1, r#""sha1""#),
            (HashChoice::Sha2, r#""sha2""#),
            (HashChoice::Sha3, r#""sha3""#),
            (HashChoice::Keccak, r#""keccak""#),
            (HashChoice::Blake2_256, r#""blake2_256""#),
            (HashChoice::Identity, r#""identity""#),
            (HashChoice::Custom(3), r#"{"custom":3}"#),
        ];
        for (choice, json) in choices {
            assert_eq!(serde_json::to_string(&choice).unwrap(), json);
            assert_eq!(serde_json::from_str::<HashChoice>(json).unwrap(), choice);
        }
        for json in [
            r#""md5""#,
            r#""custom""#,
            r#"{"custom":-1}"#,
            r#"{"keccak":0}"#,
        ] {
            assert!(serde_json::from_str::<HashChoice>(json).is_err(), "{json}");
        }
    }

    /// Vectors: FIPS 180-4 and FIPS 202 for "abc", RFC 7693's algorithm at 32 bytes, and the Keccak
    /// team's for the empty message.
    #[test]
    fn known_digests() {
        let vectors = [
            (
                HashChoice::Sha2,
                "abc",
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            ),
            (
                HashChoice::Sha3,
                "abc",
                "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532",
            ),
            (
                HashChoice::Keccak,
                "",
                "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470",
            ),
            (
                HashChoice::Blake2_256,
                "abc",
                "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319",
            ),
        ];
        for (choice, message, expected) in vectors {
            assert_eq!(
                hex::encode(digest(choice, message.as_bytes()).unwrap()),
                expected
            );
        }
    }

    #[test]
    fn choices_without_a_digest() {
        assert_eq!(digest(HashChoice::Identity, &[9; 32]), Ok([9; 32]));
        for found in [0, 31, 33] {
            assert_eq!(
                digest(HashChoice::Identity, &vec![9; found]),
                Err(DigestError::NotADigest { found })
            );
        }
        assert_eq!(digest(HashChoice::Sha1, b""), Err(DigestError::TwentyBytes));
        assert_eq!(
            digest(HashChoice::Custom(1), b""),
            Err(DigestError::NeedsProgram { index: 1 })
        );
    }
}
