//! How protocol messages are signed, hashed and written.

use crate::PartyId;
use blake2::{
    digest::{consts::U32, Digest},
    Blake2b,
};
use codec::Encode;
use core::fmt;
use manul::{
    session::{LocalError, SessionParameters, WireFormat},
    signature::{self, DigestVerifier, Keypair, RandomizedDigestSigner},
};
use postcard::de_flavors::Slice;
use rand_core::CryptoRngCore;
use serde::{
    de::{Deserializer, Visitor},
    Deserialize, Serialize,
};
use signing_primitives::{SignerId, KEY_TYPE};
use sp_core::{sr25519, Pair as _};
use sp_keystore::{Keystore as _, KeystorePtr};

/// BLAKE2b with 32 bytes of output.
pub type Blake2b256 = Blake2b<U32>;

/// What precedes the digest of a protocol message under the `signing` key: the same key signs
/// other things too, and no signature may pass for one of another kind.
const MESSAGE_TAG: &[u8; 34] = b"signing-network/protocol-message/1";

/// The sessions of this network: sr25519 session keys, BLAKE2b-256, postcard.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum NetworkSession {}

impl SessionParameters for NetworkSession {
    type Signer = NodeSigner;
    type Digest = Blake2b256;
    type Verifier = PartyId;
    type Signature = PartySignature;
    type WireFormat = Postcard;
}

/// A party's sr25519 signature over a protocol message: 64 bytes, in two halves because serde
/// knows no longer arrays.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct PartySignature([u8; 32], [u8; 32]);

impl PartySignature {
    /// The 64 bytes.
    pub fn to_bytes(self) -> [u8; 64] {
        let mut bytes = [0; 64];
        let (r, s) = bytes.split_at_mut(32);
        r.copy_from_slice(&self.0);
        s.copy_from_slice(&self.1);
        bytes
    }
}

impl From<[u8; 64]> for PartySignature {
    fn from(bytes: [u8; 64]) -> Self {
        let mut halves = Self([0; 32], [0; 32]);
        let (r, s) = bytes.split_at(32);
        halves.0.copy_from_slice(r);
        halves.1.copy_from_slice(s);
        halves
    }
}

/// The keystore does not hold the secret of this node's `signing` key (any more).
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the keystore has no secret for the signing key {0:?}")]
pub struct SignerKeyMissing(pub PartyId);

/// Signs protocol messages with this node's `signing` key, which stays in the keystore.
#[derive(Clone)]
pub struct NodeSigner {
    keystore: KeystorePtr,
    party: PartyId,
}

impl NodeSigner {
    /// A signer for the given key of the keystore.
    pub fn new(keystore: KeystorePtr, signer: SignerId) -> Result<Self, SignerKeyMissing> {
        let signer = Self {
            keystore,
            party: signer.into(),
        };
        signer.check_key()?;
        Ok(signer)
    }

    /// Who signs.
    pub fn party(&self) -> &PartyId {
        &self.party
    }

    /// Whether the keystore still has the key: an operator may have removed it.
    pub fn check_key(&self) -> Result<(), SignerKeyMissing> {
        let key = (self.party.as_bytes().to_vec(), KEY_TYPE);
        if self.keystore.has_keys(&[key]) {
            Ok(())
        } else {
            Err(SignerKeyMissing(self.party.clone()))
        }
    }
}

impl fmt::Debug for NodeSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeSigner({:?})", self.party)
    }
}

impl Keypair for NodeSigner {
    type VerifyingKey = PartyId;

    fn verifying_key(&self) -> PartyId {
        self.party.clone()
    }
}

fn signed_bytes(digest: Blake2b256) -> Vec<u8> {
    let digest: [u8; 32] = digest.finalize().into();
    (MESSAGE_TAG, digest).encode()
}

impl RandomizedDigestSigner<Blake2b256, PartySignature> for NodeSigner {
    fn try_sign_digest_with_rng(
        &self,
        _rng: &mut impl CryptoRngCore,
        digest: Blake2b256,
    ) -> Result<PartySignature, signature::Error> {
        let key = self.party.signer_id().clone().into_inner();
        self.keystore
            .sr25519_sign(KEY_TYPE, &key, &signed_bytes(digest))
            .map_err(signature::Error::from_source)?
            .map(|signature| PartySignature::from(signature.0))
            .ok_or_else(|| signature::Error::from_source(SignerKeyMissing(self.party.clone())))
    }
}

impl DigestVerifier<Blake2b256, PartySignature> for PartyId {
    fn verify_digest(
        &self,
        digest: Blake2b256,
        signature: &PartySignature,
    ) -> Result<(), signature::Error> {
        let key = self.signer_id().clone().into_inner();
        if sr25519::Pair::verify(&signature.to_bytes().into(), signed_bytes(digest), &key) {
            Ok(())
        } else {
            Err(signature::Error::new())
        }
    }
}

/// The wire format of protocol messages: [postcard](https://postcard.jamesmunns.com/wire-format).
#[derive(Clone, Copy, Debug)]
pub enum Postcard {}

impl WireFormat for Postcard {
    fn serialize<T: Serialize>(value: T) -> Result<Box<[u8]>, LocalError> {
        postcard::to_allocvec(&value)
            .map(Into::into)
            .map_err(|error| LocalError::new(error.to_string()))
    }

    type Deserializer<'de> = PostcardDeserializer<'de>;

    fn deserializer(bytes: &[u8]) -> Self::Deserializer<'_> {
        PostcardDeserializer(postcard::Deserializer::from_bytes(bytes))
    }
}

/// postcard's deserializer, by value: manul wants to own it, and only a reference to postcard's
/// own implements [`Deserializer`].
pub struct PostcardDeserializer<'de>(postcard::Deserializer<'de, Slice<'de>>);

macro_rules! by_value {
    ($($method:ident($($name:ident: $type:ty),*);)*) => {
        $(
            fn $method<V: Visitor<'de>>(
                mut self,
                $($name: $type,)*
                visitor: V,
            ) -> Result<V::Value, Self::Error> {
                (&mut self.0).$method($($name,)* visitor)
            }
        )*
    };
}

impl<'de> Deserializer<'de> for PostcardDeserializer<'de> {
    type Error = postcard::Error;

    by_value! {
        deserialize_any();
        deserialize_bool();
        deserialize_i8();
        deserialize_i16();
        deserialize_i32();
        deserialize_i64();
        deserialize_i128();
        deserialize_u8();
        deserialize_u16();
        deserialize_u32();
        deserialize_u64();
        deserialize_u128();
        deserialize_f32();
        deserialize_f64();
        deserialize_char();
        deserialize_str();
        deserialize_string();
        deserialize_bytes();
        deserialize_byte_buf();
        deserialize_option();
        deserialize_unit();
        deserialize_unit_struct(name: &'static str);
        deserialize_newtype_struct(name: &'static str);
        deserialize_seq();
        deserialize_tuple(len: usize);
        deserialize_tuple_struct(name: &'static str, len: usize);
        deserialize_map();
        deserialize_struct(name: &'static str, fields: &'static [&'static str]);
        deserialize_enum(name: &'static str, variants: &'static [&'static str]);
        deserialize_identifier();
        deserialize_ignored_any();
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;
    use rand_core::OsRng;
    use sp_keystore::{testing::MemoryKeystore, Keystore};
    use std::sync::Arc;

    fn signer() -> (Arc<MemoryKeystore>, NodeSigner) {
        let keystore = Arc::new(MemoryKeystore::new());
        let key = keystore
            .sr25519_generate_new(KEY_TYPE, Some("//Alice"))
            .unwrap();
        let signer = NodeSigner::new(keystore.clone(), key.into()).unwrap();
        (keystore, signer)
    }

    fn digest(bytes: &[u8]) -> Blake2b256 {
        Blake2b256::new_with_prefix(bytes)
    }

    #[test]
    fn signs_what_verifies() {
        let (_, signer) = signer();
        let signature = signer
            .try_sign_digest_with_rng(&mut OsRng, digest(b"a"))
            .unwrap();
        let party = signer.verifying_key();
        party.verify_digest(digest(b"a"), &signature).unwrap();
        assert!(party.verify_digest(digest(b"b"), &signature).is_err());
    }

    #[test]
    fn a_signature_over_the_bare_digest_is_none() {
        let (keystore, signer) = signer();
        let bare: [u8; 32] = digest(b"a").finalize().into();
        let key = signer.party().signer_id().clone().into_inner();
        let signature = keystore
            .sr25519_sign(KEY_TYPE, &key, &bare)
            .unwrap()
            .unwrap();
        assert!(signer
            .verifying_key()
            .verify_digest(digest(b"a"), &signature.0.into())
            .is_err());
    }

    #[test]
    fn a_missing_key_is_an_error() {
        let (_, signer) = signer();
        let empty: KeystorePtr = Arc::new(MemoryKeystore::new());
        let id = signer.party().signer_id().clone();
        assert_eq!(
            NodeSigner::new(empty.clone(), id).unwrap_err(),
            SignerKeyMissing(signer.party().clone())
        );
        let orphan = NodeSigner {
            keystore: empty,
            party: signer.party().clone(),
        };
        assert!(orphan
            .try_sign_digest_with_rng(&mut OsRng, digest(b"a"))
            .is_err());
    }

    #[test]
    fn the_wire_format_is_postcard() {
        let value = (7u32, Some("seven".to_string()), vec![1u8, 2], [3u8; 4]);
        let bytes = Postcard::serialize(value.clone()).unwrap();
        assert_eq!(bytes.to_vec(), postcard::to_allocvec(&value).unwrap());
        assert_eq!(
            <Postcard as WireFormat>::deserialize::<(u32, Option<String>, Vec<u8>, [u8; 4])>(
                &bytes
            )
            .unwrap(),
            value
        );
    }
}
