//! What relayers and signers answer.

use super::encoding::{numbers, ss58};
use crate::{SignerId, X25519PublicKey};
use base64::{engine::general_purpose::STANDARD, Engine};
use serde::{Deserialize, Serialize};
use sp_core::{crypto::AccountId32, sr25519, Pair};
use std::string::String;

/// A signature, and the word of one signer that took part in making it.
///
/// JSON: `{"Ok":["<base64 of r‖s‖v>","<hex of the signer's signature, without 0x>"]}`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(into = "Wire", try_from = "Wire")]
pub struct SignatureAnswer {
    /// The signature: r (32 bytes), s (32 bytes, low), v (the recovery id, 0 or 1).
    pub signature: [u8; 65],
    /// The signer's sr25519 signature over these 65 bytes.
    pub signer_signature: [u8; 64],
}

/// How an answer is written. `Err` is what earlier systems say; this network says it with the HTTP
/// status and an [`ApiErrorBody`].
type Wire = Result<(String, String), String>;

/// An answer could not be read.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// The answer holds an error in place of a signature.
    #[error("the answer is an error: {text}")]
    Refused {
        /// The other side's words.
        text: String,
    },
    /// The signature is not base64 of 65 bytes.
    #[error("the signature is not base64 of 65 bytes")]
    BadSignature,
    /// The signer's signature is not hex of 64 bytes.
    #[error("the signer's signature is not hex of 64 bytes")]
    BadSignerSignature,
}

impl From<SignatureAnswer> for Wire {
    fn from(answer: SignatureAnswer) -> Self {
        Ok((
            STANDARD.encode(answer.signature),
            hex::encode(answer.signer_signature),
        ))
    }
}

impl TryFrom<Wire> for SignatureAnswer {
    type Error = AnswerError;

    fn try_from(wire: Wire) -> Result<Self, AnswerError> {
        let (signature, signer_signature) = wire.map_err(|text| AnswerError::Refused { text })?;
        let signature = STANDARD
            .decode(signature)
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or(AnswerError::BadSignature)?;
        let signer_signature = hex::decode(
            signer_signature
                .strip_prefix("0x")
                .unwrap_or(&signer_signature),
        )
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or(AnswerError::BadSignerSignature)?;
        Ok(Self {
            signature,
            signer_signature,
        })
    }
}

impl SignatureAnswer {
    /// Whether `signer` vouches for the signature. An answer does not name its signer: whoever
    /// reads it tries the committee's keys.
    pub fn is_by(&self, signer: &SignerId) -> bool {
        let signer_signature = sr25519::Signature::from_raw(self.signer_signature);
        sr25519::Pair::verify(&signer_signature, self.signature, signer.as_ref())
    }
}

/// The body of every answer with a 4xx or 5xx status.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ApiErrorBody {
    /// What programs go by. Stable.
    pub code: String,
    /// What people read. May change.
    pub message: String,
}

/// What a node does for requests.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A member of the committee: takes `POST /user/sign_tx`.
    Signer,
    /// A validator outside of it: takes `POST /user/relay_tx`.
    Relayer,
    /// No validator of the current session: takes neither.
    Observer,
}

/// The answer of `GET /info`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Info {
    /// Whether the node is a validator of a network that signs, and has announced this very x25519
    /// key.
    pub ready: bool,
    /// Its signing key. SS58.
    #[serde(with = "ss58")]
    pub tss_account: AccountId32,
    /// Its HPKE and Noise key. A list of 32 numbers.
    #[serde(with = "numbers")]
    pub x25519_public_key: X25519PublicKey,
    /// What it does for requests. Absent in earlier systems.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// The committee's generation, once there is a committee. Absent in earlier systems.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<u32>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use crate::SignerPair;
    use std::format;

    #[test]
    fn answer_form() {
        let mut signature = [0; 65];
        signature[64] = 1;
        let answer = SignatureAnswer {
            signature,
            signer_signature: [0xab; 64],
        };
        let json = format!(r#"{{"Ok":["{}E=","{}"]}}"#, "A".repeat(86), "ab".repeat(64));
        assert_eq!(serde_json::to_string(&answer).unwrap(), json);
        assert_eq!(
            serde_json::from_str::<SignatureAnswer>(&json).unwrap(),
            answer
        );
        let prefixed = json.replacen("\",\"", "\",\"0x", 1);
        assert_eq!(
            serde_json::from_str::<SignatureAnswer>(&prefixed).unwrap(),
            answer
        );
    }

    #[test]
    fn unreadable_answers() {
        let good = "ab".repeat(64);
        for (json, expected) in [
            (
                format!(r#"{{"Ok":["AAAA","{good}"]}}"#),
                "not base64 of 65 bytes",
            ),
            (
                format!(r#"{{"Ok":["{}E=","ab"]}}"#, "A".repeat(86)),
                "not hex of 64 bytes",
            ),
            (r#"{"Err":"no"}"#.into(), "the answer is an error: no"),
        ] {
            let error = serde_json::from_str::<SignatureAnswer>(&json).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        }
    }

    #[test]
    fn a_signer_vouches_for_one_signature() {
        let (alice, bob): (SignerPair, SignerPair) = (
            Pair::from_string("//Alice", None).unwrap(),
            Pair::from_string("//Bob", None).unwrap(),
        );
        let signature = [3; 65];
        let mut answer = SignatureAnswer {
            signature,
            signer_signature: alice.sign(&signature).into_inner().0,
        };
        assert!(answer.is_by(&alice.public()));
        assert!(!answer.is_by(&bob.public()));
        answer.signature[64] ^= 1;
        assert!(!answer.is_by(&alice.public()));
    }

    #[test]
    fn info_form() {
        let json = format!(
            r#"{{"ready":true,"tss_account":"{}","x25519_public_key":[{}],"role":"relayer","generation":1}}"#,
            "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY",
            ["5"; 32].join(","),
        );
        let info: Info = serde_json::from_str(&json).unwrap();
        assert_eq!(info.role, Some(Role::Relayer));
        assert_eq!(serde_json::to_string(&info).unwrap(), json);
        // What an earlier system says.
        let bare = json.replace(r#","role":"relayer","generation":1"#, r#","version":"1""#);
        let info: Info = serde_json::from_str(&bare).unwrap();
        assert_eq!((info.role, info.generation), (None, None));
    }

    #[test]
    fn error_form() {
        let body = ApiErrorBody {
            code: "stale".into(),
            message: "too old".into(),
        };
        assert_eq!(
            serde_json::to_string(&body).unwrap(),
            r#"{"code":"stale","message":"too old"}"#
        );
    }
}
