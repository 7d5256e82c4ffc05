//! Requests to a signer, made by hand, so that every part of them can be wrong.

use serde::Deserialize;
use signing_primitives::wire::{
    EncryptedRequest, HashChoice, HpkeMessage, Info, SignedMessage, UserSignatureRequest,
};
use sp_core::sr25519;
use std::time::Duration;

/// A node that has not answered by then hangs: it gives up on a request sooner.
const PATIENCE: Duration = Duration::from_secs(60);

/// A node's answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The error's code; empty with a signature.
    pub code: String,
}

/// A request to `/user/relay_tx` or `/user/sign_tx`.
#[derive(Clone)]
pub struct Ask {
    /// What the user asks for.
    pub request: UserSignatureRequest,
    /// Who asks.
    pub pair: sr25519::Pair,
}

impl Ask {
    /// A request to sign `message`, which is fresh at block `block_number`.
    pub fn new(
        message: Vec<u8>,
        verifying_key: [u8; 33],
        block_number: u32,
        pair: sr25519::Pair,
    ) -> Self {
        let request = UserSignatureRequest {
            message,
            auxilary_data: None,
            block_number,
            hash: HashChoice::Keccak,
            signature_verifying_key: verifying_key,
        };
        Self { request, pair }
    }

    /// The request with one thing changed.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut UserSignatureRequest)) -> Self {
        change(&mut self.request);
        self
    }

    /// Signed, as JSON.
    ///
    /// # Panics
    /// Never: these types always serialize.
    pub fn signed(&self) -> SignedMessage {
        SignedMessage::sign(to_json(&self.request), &self.pair)
    }

    /// Signs, encrypts for the node and sends to `/user/relay_tx`.
    pub async fn relay(&self, node: &str) -> Answer {
        relay(node, &to_json(&self.signed())).await
    }
}

/// Encrypts `plaintext` for the node and sends it to `/user/relay_tx`.
pub async fn relay(node: &str, plaintext: &[u8]) -> Answer {
    ask(node, "/user/relay_tx", envelope(node, plaintext).await).await
}

/// An encrypted body for the node.
///
/// # Panics
/// If the node does not answer.
pub async fn envelope(node: &str, plaintext: &[u8]) -> Vec<u8> {
    let info = reqwest::get(format!("{node}/info"))
        .await
        .and_then(|r| r.error_for_status());
    let info: Info = match info {
        Ok(info) => info
            .json()
            .await
            .unwrap_or_else(|error| panic!("/info of {node}: {error}")),
        Err(error) => panic!("/info of {node}: {error}"),
    };
    let hpke_message = HpkeMessage::seal(&info.x25519_public_key, plaintext)
        .unwrap_or_else(|error| panic!("{error}"));
    to_json(&EncryptedRequest { hpke_message })
}

/// Sends a body as it is.
///
/// # Panics
/// If there is no answer within a minute, or one that is not of the API's form.
pub async fn ask(node: &str, route: &str, body: Vec<u8>) -> Answer {
    #[derive(Deserialize)]
    struct Error {
        code: String,
        message: String,
    }
    let sent = reqwest::Client::new()
        .post(format!("{node}{route}"))
        .timeout(PATIENCE)
        .body(body)
        .send()
        .await;
    let response = sent.unwrap_or_else(|error| panic!("{node}{route}: {error}"));
    let status = response.status().as_u16();
    let text = response.text().await;
    let text = text.unwrap_or_else(|error| panic!("{node}{route} answered {status}: {error}"));
    let code = match status {
        200 => String::new(),
        _ => {
            let error = serde_json::from_str::<Error>(&text)
                .unwrap_or_else(|e| panic!("{node}{route} answered {status} {text:?}: {e}"));
            assert!(!error.message.is_empty(), "{} without words", error.code);
            error.code
        }
    };
    Answer { status, code }
}

fn to_json(value: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_else(|error| panic!("{error}"))
}
