//! The body of a request: HPKE (RFC 9180) in base mode.
//!
//! The suite is DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20Poly1305, with empty info and
//! empty associated data. Base mode does not authenticate the sender: the
//! [`SignedMessage`](super::SignedMessage) inside does.

use super::encoding::hex_0x;
use crate::X25519PublicKey;
use hpke::{
    aead::ChaCha20Poly1305, kdf::HkdfSha256, kem::X25519HkdfSha256, single_shot_open,
    single_shot_seal, Deserializable, HpkeError, Kem, OpModeR, OpModeS, Serializable,
};
use rand_core_09::{OsRng, TryRngCore};
use serde::{Deserialize, Serialize};
use std::vec::Vec;

type Suite = X25519HkdfSha256;

/// The body of `POST /user/relay_tx` and `POST /user/sign_tx`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct EncryptedRequest {
    /// A [`SignedMessage`](super::SignedMessage) as JSON, encrypted to the receiver's x25519 key.
    pub hpke_message: HpkeMessage,
}

/// What HPKE makes of a plaintext. Both fields are hex with `0x` in front.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct HpkeMessage {
    /// The ciphertext with its tag.
    #[serde(with = "hex_0x")]
    pub ciphertext: Vec<u8>,
    /// The encapsulated key: an ephemeral x25519 public key, 32 bytes.
    #[serde(with = "hex_0x")]
    pub encapsulation: Vec<u8>,
}

/// An envelope could not be made or opened.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// The receiver's public key is not one that a secret can be shared with.
    #[error("the receiver's x25519 key cannot be encrypted to")]
    UnusableKey,
    /// The encapsulated key has not 32 bytes, or is a point of small order.
    #[error("the encapsulated key is not a usable x25519 key")]
    BadEncapsulation,
    /// The ciphertext was made for another key, or was altered.
    #[error("the ciphertext cannot be decrypted with this key")]
    Undecryptable,
}

impl HpkeMessage {
    /// Encrypts `plaintext` so that only the holder of `receiver`'s secret can read it.
    ///
    /// # Errors
    /// [`EnvelopeError::UnusableKey`].
    pub fn seal(receiver: &X25519PublicKey, plaintext: &[u8]) -> Result<Self, EnvelopeError> {
        let receiver = <Suite as Kem>::PublicKey::from_bytes(receiver)
            .map_err(|_| EnvelopeError::UnusableKey)?;
        let (encapsulation, ciphertext) =
            single_shot_seal::<ChaCha20Poly1305, HkdfSha256, Suite, _>(
                &OpModeS::Base,
                &receiver,
                b"",
                plaintext,
                b"",
                &mut OsRng.unwrap_err(),
            )
            .map_err(|_| EnvelopeError::UnusableKey)?;
        Ok(Self {
            ciphertext,
            encapsulation: encapsulation.to_bytes().to_vec(),
        })
    }

    /// Decrypts with an x25519 secret key.
    ///
    /// # Errors
    /// [`EnvelopeError::BadEncapsulation`] and [`EnvelopeError::Undecryptable`].
    pub fn open(&self, secret: &[u8; 32]) -> Result<Vec<u8>, EnvelopeError> {
        open(self, secret, b"", b"")
    }
}

fn open(
    message: &HpkeMessage,
    secret: &[u8; 32],
    info: &[u8],
    associated_data: &[u8],
) -> Result<Vec<u8>, EnvelopeError> {
    let secret =
        <Suite as Kem>::PrivateKey::from_bytes(secret).map_err(|_| EnvelopeError::Undecryptable)?;
    let encapsulation = <Suite as Kem>::EncappedKey::from_bytes(&message.encapsulation)
        .map_err(|_| EnvelopeError::BadEncapsulation)?;
    single_shot_open::<ChaCha20Poly1305, HkdfSha256, Suite>(
        &OpModeR::Base,
        &secret,
        &encapsulation,
        info,
        &message.ciphertext,
        associated_data,
    )
    .map_err(|error| match error {
        HpkeError::DecapError => EnvelopeError::BadEncapsulation,
        _ => EnvelopeError::Undecryptable,
    })
}

/// The x25519 public key that belongs to a secret key.
pub fn x25519_public_key(secret: &[u8; 32]) -> X25519PublicKey {
    // Any 32 bytes are an x25519 secret key (RFC 7748, section 5), so this cannot fail; were it to,
    // a zero key would be refused by everyone who encrypts to it.
    <Suite as Kem>::PrivateKey::from_bytes(secret)
        .map(|secret| Suite::sk_to_pk(&secret).to_bytes().into())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    /// RFC 9180, appendix A.2.1, sequence number 0.
    #[test]
    fn opens_the_vector_of_rfc_9180() {
        let message = HpkeMessage {
            encapsulation: hex::decode(
                "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a",
            )
            .unwrap(),
            ciphertext: hex::decode(
                "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db\
                 21993c62ce81883d2dd1b51a28",
            )
            .unwrap(),
        };
        let secret =
            hex::decode("8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb")
                .unwrap()
                .try_into()
                .unwrap();
        let plaintext = open(&message, &secret, b"Ode on a Grecian Urn", b"Count-0").unwrap();
        assert_eq!(plaintext, b"Beauty is truth, truth beauty");
        assert_eq!(
            hex::encode(x25519_public_key(&secret)),
            "4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a"
        );
        // With empty info it is another context.
        assert!(matches!(
            message.open(&secret),
            Err(EnvelopeError::Undecryptable)
        ));
    }

    #[test]
    fn opens_what_it_sealed_and_nothing_else() {
        let secret = [7; 32];
        let sealed = HpkeMessage::seal(&x25519_public_key(&secret), b"hello").unwrap();
        assert_eq!(sealed.open(&secret).unwrap(), b"hello");
        assert!(matches!(
            sealed.open(&[8; 32]),
            Err(EnvelopeError::Undecryptable)
        ));

        let mut altered = sealed.clone();
        altered.ciphertext[0] ^= 1;
        assert!(matches!(
            altered.open(&secret),
            Err(EnvelopeError::Undecryptable)
        ));

        let mut short = sealed.clone();
        short.encapsulation.pop();
        assert!(matches!(
            short.open(&secret),
            Err(EnvelopeError::BadEncapsulation)
        ));

        let mut small_order = sealed.clone();
        small_order.encapsulation = vec![0; 32];
        assert!(matches!(
            small_order.open(&secret),
            Err(EnvelopeError::BadEncapsulation)
        ));

        let mut empty = sealed;
        empty.ciphertext.clear();
        assert!(matches!(
            empty.open(&secret),
            Err(EnvelopeError::Undecryptable)
        ));
    }

    #[test]
    fn does_not_seal_to_a_key_of_small_order() {
        assert!(matches!(
            HpkeMessage::seal(&[0; 32], b"hello"),
            Err(EnvelopeError::UnusableKey)
        ));
    }

    #[test]
    fn json_is_hex_with_0x() {
        let request = EncryptedRequest {
            hpke_message: HpkeMessage {
                ciphertext: vec![1, 0xab],
                encapsulation: vec![2],
            },
        };
        let json = r#"{"hpke_message":{"ciphertext":"0x01ab","encapsulation":"0x02"}}"#;
        assert_eq!(serde_json::to_string(&request).unwrap(), json);
        assert_eq!(
            serde_json::from_str::<EncryptedRequest>(json).unwrap(),
            request
        );
    }
}
