//! Identities and keys.

use sp_core::crypto::KeyTypeId;

/// The key type of the `signing` session key in the node's keystore.
pub const KEY_TYPE: KeyTypeId = KeyTypeId(*b"sign");

mod app {
    use sp_application_crypto::{app_crypto, sr25519};
    app_crypto!(sr25519, super::KEY_TYPE);
}

/// A validator's `signing` session key (sr25519): authenticates its HTTP requests, protocol
/// messages and session-key calls.
pub type SignerId = app::Public;

/// A signature made with a [`SignerId`]'s key.
pub type SignerSignature = app::Signature;

/// The key pair behind a [`SignerId`].
#[cfg(feature = "std")]
pub type SignerPair = app::Pair;

/// An x25519 public key: HPKE recipient key and Noise static key of a signer.
pub type X25519PublicKey = [u8; 32];

/// A secp256k1 verifying key, SEC1 compressed.
pub type VerifyingKey = [u8; 33];
