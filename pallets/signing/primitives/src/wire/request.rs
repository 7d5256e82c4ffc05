//! What a user asks of a relayer, and a relayer of a signer.

use super::{
    encoding::{hex_array_option, hex_list, hex_plain, numbers, ss58},
    HashChoice, SignedMessage,
};
use crate::{VerifyingKey, X25519PublicKey};
use serde::{Deserialize, Serialize};
use sp_core::crypto::AccountId32;
use std::{string::String, vec::Vec};

/// What a user asks for: the message inside the [`SignedMessage`] of `POST /user/relay_tx`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct UserSignatureRequest {
    /// What is to be signed. Hex without `0x`.
    #[serde(with = "hex_plain")]
    pub message: Vec<u8>,
    /// What each program is given besides, in the order of the registration's programs. Null when
    /// there is none. (The spelling is the one that published clients use.) Hex without `0x`.
    #[serde(default, with = "hex_list")]
    pub auxilary_data: Option<Vec<Option<Vec<u8>>>>,
    /// A recent block: the request is fresh while the chain is near it.
    pub block_number: u32,
    /// How the message becomes a digest.
    pub hash: HashChoice,
    /// Which registration's key is to sign. A list of 33 numbers: SEC1, compressed.
    #[serde(with = "numbers")]
    pub signature_verifying_key: VerifyingKey,
}

/// A signer as a relayer sees it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ValidatorInfo {
    /// Its HPKE and Noise key. A list of 32 numbers.
    #[serde(with = "numbers")]
    pub x25519_public_key: X25519PublicKey,
    /// Where its HTTP API is reached: `host:port`.
    pub ip_address: String,
    /// Its signing key. SS58.
    #[serde(with = "ss58")]
    pub tss_account: AccountId32,
}

/// What a relayer asks of a signer: the message inside the [`SignedMessage`] of
/// `POST /user/sign_tx`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct SignRequest {
    /// What the user asks for. Must equal what is inside `user_signed_request`.
    pub user_signature_request: UserSignatureRequest,
    /// The signers that are to run the session. Only `tss_account` is used: addresses and keys come
    /// from the chain.
    pub validators_info: Vec<ValidatorInfo>,
    /// The user's own words, so that a signer need not take the relayer's for it. A signer refuses a
    /// request without them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_signed_request: Option<SignedMessage>,
    /// 32 random bytes of the relayer's, new for every attempt: no two sessions are ever about the
    /// same. A signer refuses a request without them. Hex without `0x`.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "hex_array_option"
    )]
    pub nonce: Option<[u8; 32]>,
    /// The generation of the committee that the relayer has drawn the signers from; without it, the
    /// one that is in force where the request is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<u32>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use std::format;

    const ALICE: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";

    fn list(byte: u8, length: usize) -> String {
        let numbers: Vec<_> = std::iter::repeat_n(byte.to_string(), length).collect();
        format!("[{}]", numbers.join(","))
    }

    fn user_request_json(key_length: usize) -> String {
        format!(
            r#"{{"message":"6869","auxilary_data":["00ff",null],"block_number":7,"hash":"keccak","signature_verifying_key":{}}}"#,
            list(2, key_length)
        )
    }

    fn user_request() -> UserSignatureRequest {
        UserSignatureRequest {
            message: b"hi".to_vec(),
            auxilary_data: Some(vec![Some(vec![0, 0xff]), None]),
            block_number: 7,
            hash: HashChoice::Keccak,
            signature_verifying_key: [2; 33],
        }
    }

    #[test]
    fn user_request_form() {
        let json = user_request_json(33);
        assert_eq!(serde_json::to_string(&user_request()).unwrap(), json);
        assert_eq!(
            serde_json::from_str::<UserSignatureRequest>(&json).unwrap(),
            user_request()
        );
    }

    #[test]
    fn no_auxiliary_data_is_null_or_absent() {
        let mut expected = user_request();
        expected.auxilary_data = None;
        let json = user_request_json(33).replace(r#"["00ff",null]"#, "null");
        assert_eq!(
            serde_json::from_str::<UserSignatureRequest>(&json).unwrap(),
            expected
        );
        assert_eq!(serde_json::to_string(&expected).unwrap(), json);
        let json = user_request_json(33).replace(r#""auxilary_data":["00ff",null],"#, "");
        assert_eq!(
            serde_json::from_str::<UserSignatureRequest>(&json).unwrap(),
            expected
        );
    }

    #[test]
    fn malformed_user_requests() {
        for (json, expected) in [
            (
                user_request_json(32),
                "invalid length 32, expected a list of 33 numbers",
            ),
            (
                user_request_json(34),
                "invalid length 34, expected a list of 33 numbers",
            ),
            (user_request_json(33).replace("6869", "686"), "not hex"),
            (user_request_json(33).replace("00ff", "zz"), "not hex"),
            (user_request_json(33).replace(":7", ":-7"), "expected u32"),
            (user_request_json(33).replace("[2,", "[256,"), "expected u8"),
            (
                user_request_json(33).replace("keccak", "md5"),
                "unknown variant `md5`",
            ),
            (
                user_request_json(33).replace("block_number", "number"),
                "missing field",
            ),
        ] {
            let error = serde_json::from_str::<UserSignatureRequest>(&json).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        }
    }

    #[test]
    fn sign_request_form() {
        let account: AccountId32 = sp_core::crypto::Ss58Codec::from_ss58check(ALICE).unwrap();
        let request = SignRequest {
            user_signature_request: user_request(),
            validators_info: vec![ValidatorInfo {
                x25519_public_key: [5; 32],
                ip_address: "127.0.0.1:3001".into(),
                tss_account: account.clone(),
            }],
            user_signed_request: Some(SignedMessage {
                message: b"hi".to_vec(),
                sender: account,
                signature: [0xab; 64],
                receiver_x25519: None,
            }),
            nonce: Some([0xcd; 32]),
            generation: Some(3),
        };
        let validators = format!(
            r#""validators_info":[{{"x25519_public_key":{},"ip_address":"127.0.0.1:3001","tss_account":"{ALICE}"}}]"#,
            list(5, 32)
        );
        let user = user_request_json(33);
        let json = format!(
            r#"{{"user_signature_request":{user},{validators},"user_signed_request":{{"message":"0x6869","sender":"{ALICE}","signature":"{}","receiver_x25519":null}},"nonce":"{}","generation":3}}"#,
            "ab".repeat(64),
            "cd".repeat(32),
        );
        assert_eq!(serde_json::to_string(&request).unwrap(), json);
        assert_eq!(serde_json::from_str::<SignRequest>(&json).unwrap(), request);

        // What an earlier client sends: readable, though a signer refuses it.
        let bare = format!(r#"{{"user_signature_request":{user},{validators},"derivation":0}}"#);
        let bare = serde_json::from_str::<SignRequest>(&bare).unwrap();
        assert_eq!(bare.validators_info, request.validators_info);
        assert_eq!((bare.user_signed_request, bare.nonce), (None, None));
        assert_eq!(bare.generation, None);
    }
}
