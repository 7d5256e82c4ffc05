//! Who says what: the plaintext of an envelope.

use super::encoding::{hex_0x, hex_array, numbers_option, ss58};
use crate::X25519PublicKey;
use serde::{Deserialize, Serialize};
use sp_core::{crypto::AccountId32, sr25519, Pair};
use std::vec::Vec;

/// A message and its sender's sr25519 signature, over the message's bytes as they are (with
/// Substrate's signing context).
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct SignedMessage {
    /// What is said: the JSON of a request. Hex with `0x`.
    #[serde(with = "hex_0x")]
    pub message: Vec<u8>,
    /// Whose signature it is. SS58.
    #[serde(with = "ss58")]
    pub sender: AccountId32,
    /// The signature. 128 hex digits without `0x`.
    #[serde(with = "hex_array")]
    pub signature: [u8; 64],
    /// A key to encrypt an answer to. Read for the sake of clients that send it; answers of this
    /// network are not encrypted. A list of 32 numbers, or null.
    #[serde(default, with = "numbers_option")]
    pub receiver_x25519: Option<X25519PublicKey>,
}

/// The signature of a [`SignedMessage`] is not its sender's.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the signature inside is not {sender}'s over this message")]
pub struct WrongSignature {
    /// The sender that the message names.
    pub sender: AccountId32,
}

impl SignedMessage {
    /// Signs `message` with a key pair at hand.
    pub fn sign(message: Vec<u8>, pair: &sr25519::Pair) -> Self {
        let signature = pair.sign(&message).0;
        let sender = AccountId32::new(pair.public().0);
        Self {
            message,
            sender,
            signature,
            receiver_x25519: None,
        }
    }

    /// Signs `message` with a key that is elsewhere, such as in a key store: `sign` is given the
    /// bytes to sign.
    ///
    /// # Errors
    /// Whatever `sign` returns.
    pub fn sign_with<E>(
        message: Vec<u8>,
        sender: AccountId32,
        sign: impl FnOnce(&[u8]) -> Result<[u8; 64], E>,
    ) -> Result<Self, E> {
        let signature = sign(&message)?;
        Ok(Self {
            message,
            sender,
            signature,
            receiver_x25519: None,
        })
    }

    /// Checks that the sender made the signature.
    ///
    /// # Errors
    /// [`WrongSignature`].
    pub fn verify(&self) -> Result<(), WrongSignature> {
        let public = sr25519::Public::from_raw(*self.sender.as_ref());
        let signature = sr25519::Signature::from_raw(self.signature);
        if sr25519::Pair::verify(&signature, &self.message, &public) {
            Ok(())
        } else {
            Err(WrongSignature {
                sender: self.sender.clone(),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    const ALICE: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";

    fn alice() -> sr25519::Pair {
        sr25519::Pair::from_string("//Alice", None).unwrap()
    }

    #[test]
    fn json_form() {
        let json = format!(
            r#"{{"message":"0x6869","sender":"{ALICE}","signature":"{}","receiver_x25519":null}}"#,
            "ab".repeat(64)
        );
        let message: SignedMessage = serde_json::from_str(&json).unwrap();
        assert_eq!(message.message, b"hi");
        assert_eq!(message.sender, AccountId32::new(alice().public().0));
        assert_eq!(message.signature, [0xab; 64]);
        assert_eq!(serde_json::to_string(&message).unwrap(), json);
    }

    #[test]
    fn reads_more_than_it_writes() {
        // Polkadot's prefix for the same key, hex prefixes the other way round, a key to answer to,
        // and a field that this version does not know.
        let json = format!(
            r#"{{"message":"6869","sender":"15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5",
                "signature":"0x{}","receiver_x25519":{:?},"nonce":[1]}}"#,
            "ab".repeat(64),
            [7; 32],
        );
        let message: SignedMessage = serde_json::from_str(&json).unwrap();
        assert_eq!(message.sender, AccountId32::new(alice().public().0));
        assert_eq!(message.receiver_x25519, Some([7; 32]));

        let without = format!(
            r#"{{"message":"0x","sender":"{ALICE}","signature":"{}"}}"#,
            "ab".repeat(64)
        );
        let message: SignedMessage = serde_json::from_str(&without).unwrap();
        assert_eq!(message.receiver_x25519, None);
    }

    #[test]
    fn wrong_lengths_are_named() {
        let parse = |sender: &str, signature: &str, key: &[u8]| {
            let json = format!(
                r#"{{"message":"0x","sender":"{sender}","signature":"{signature}",
                    "receiver_x25519":{key:?}}}"#
            );
            serde_json::from_str::<SignedMessage>(&json)
                .unwrap_err()
                .to_string()
        };
        let good = "ab".repeat(64);
        let error = parse(ALICE, &"ab".repeat(63), &[7; 32]);
        assert!(
            error.contains("expected hex of 64 bytes, found 63"),
            "{error}"
        );
        let error = parse(ALICE, &good, &[7; 31]);
        assert!(
            error.contains("invalid length 31, expected a list of 32 numbers"),
            "{error}"
        );
        let error = parse(ALICE, &good, &[7; 33]);
        assert!(
            error.contains("invalid length 33, expected a list of 32 numbers"),
            "{error}"
        );
        let error = parse("5GrwvaEF", &good, &[7; 32]);
        assert!(error.contains("not an SS58 account"), "{error}");
    }

    #[test]
    fn verifies_its_own_and_no_other() {
        let signed = SignedMessage::sign(b"hi".to_vec(), &alice());
        assert_eq!(signed.verify(), Ok(()));
        let elsewhere =
            SignedMessage::sign_with(b"hi".to_vec(), signed.sender.clone(), |message| {
                Ok::<_, ()>(alice().sign(message).0)
            })
            .unwrap();
        assert_eq!(elsewhere.verify(), Ok(()));

        let mut other_message = signed.clone();
        other_message.message.push(b'!');
        assert!(other_message.verify().is_err());
        let mut other_sender = signed.clone();
        other_sender.sender = AccountId32::new([9; 32]);
        assert!(other_sender.verify().is_err());
        let mut other_signature = signed;
        other_signature.signature[0] ^= 1;
        assert!(other_signature.verify().is_err());
    }

    /// Browser wallets wrap what they sign in `<Bytes>`; that is not what is asked for here.
    #[test]
    fn wrapped_bytes_are_another_message() {
        let signed = SignedMessage {
            message: b"hi".to_vec(),
            sender: AccountId32::new(alice().public().0),
            signature: alice().sign(b"<Bytes>hi</Bytes>").0,
            receiver_x25519: None,
        };
        assert!(signed.verify().is_err());
    }
}
