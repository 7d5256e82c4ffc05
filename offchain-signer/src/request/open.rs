//! From an HTTP body to who says what.

use super::error::{MalformedPart, RequestError};
use serde::de::DeserializeOwned;
use signing_primitives::wire::{EncryptedRequest, SignedMessage};

fn parse<T: DeserializeOwned>(bytes: &[u8], part: MalformedPart) -> Result<T, RequestError> {
    serde_json::from_slice(bytes).map_err(|source| RequestError::Malformed { part, source })
}

/// Opens the envelope. The signature inside is not checked yet.
pub(super) fn open(body: &[u8], secret: &[u8; 32]) -> Result<SignedMessage, RequestError> {
    let request: EncryptedRequest = parse(body, MalformedPart::Envelope)?;
    let plaintext = request.hpke_message.open(secret)?;
    // The ciphertext is as long as the plaintext: no need to hold both.
    drop(request);
    parse(&plaintext, MalformedPart::SignedMessage)
}

/// Checks the signature, and parses what it is over.
pub(super) fn verified<T: DeserializeOwned>(signed: &SignedMessage) -> Result<T, RequestError> {
    signed.verify().map_err(|_| RequestError::WrongSignature)?;
    parse(&signed.message, MalformedPart::Request)
}
