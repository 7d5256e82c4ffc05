//! Which validator this node is, and the keys it proves that with.

use crate::chain::{Committee, NetworkState, SignerId, Validator};
use signing_primitives::{
    wire::x25519_public_key, CommitteeMember, SignerSignature, X25519PublicKey, KEY_TYPE,
};
use sp_core::{crypto::AccountId32, sr25519};
use sp_keystore::KeystorePtr;
use std::{collections::BTreeSet, fmt};
use zeroize::Zeroizing;

/// This node's keys. The session keys are in the node's keystore and stay there.
pub struct Identity {
    keystore: KeystorePtr,
    x25519_secret: Zeroizing<[u8; 32]>,
    x25519_public: X25519PublicKey,
}

/// A session key could not sign.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// The keystore failed.
    #[error("the keystore does not answer")]
    Keystore(#[source] sp_keystore::Error),
    /// The keystore does not hold the key.
    #[error("the keystore does not hold the session key {0}")]
    NoSuchKey(SignerId),
}

impl fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Identity")
            .field("x25519_public", &hex::encode(self.x25519_public))
            .finish_non_exhaustive()
    }
}

impl Identity {
    /// The identity of a node with this keystore and this x25519 secret key.
    pub fn new(keystore: KeystorePtr, x25519_secret: Zeroizing<[u8; 32]>) -> Self {
        let x25519_public = x25519_public_key(&x25519_secret);
        Self {
            keystore,
            x25519_secret,
            x25519_public,
        }
    }

    /// The `signing` session keys in the keystore: more than one after a rotation.
    pub fn signing_keys(&self) -> BTreeSet<SignerId> {
        self.keystore
            .sr25519_public_keys(KEY_TYPE)
            .into_iter()
            .map(SignerId::from)
            .collect()
    }

    /// The validator of the current session that this node is: the one whose current signing key it
    /// holds.
    pub fn validator<'a>(&self, network: &'a NetworkState) -> Option<&'a Validator> {
        let keys = self.signing_keys();
        network
            .validators
            .iter()
            .find(|validator| validator.active && keys.contains(&validator.signing_key))
    }

    /// The validator that this node is, or was when it became a member of the committee in force.
    pub fn validator_or_member<'a>(&self, network: &'a NetworkState) -> Option<&'a Validator> {
        let keys = self.signing_keys();
        self.validator(network).or_else(|| {
            network
                .validators
                .iter()
                .find(|validator| keys.contains(&validator.signing_key))
        })
    }

    /// The sitting committee member that this node is: the one whose party key it holds. A member
    /// that has lost its seat is none.
    pub fn seat<'a>(&self, committee: &'a Committee) -> Option<&'a CommitteeMember<AccountId32>> {
        let keys = self.signing_keys();
        committee
            .sitting()
            .find(|member| keys.contains(&member.party))
    }

    /// Signs `message` with the session key `key`.
    ///
    /// # Errors
    /// [`IdentityError`], if the keystore fails or lacks the key.
    pub fn sign(&self, key: &SignerId, message: &[u8]) -> Result<SignerSignature, IdentityError> {
        let public: &sr25519::Public = key.as_ref();
        self.keystore
            .sr25519_sign(KEY_TYPE, public, message)
            .map_err(IdentityError::Keystore)?
            .map(SignerSignature::from)
            .ok_or_else(|| IdentityError::NoSuchKey(key.clone()))
    }

    /// The x25519 key that requests to this node are encrypted to.
    pub fn x25519_public(&self) -> X25519PublicKey {
        self.x25519_public
    }

    /// The secret part of [`Self::x25519_public`].
    pub fn x25519_secret(&self) -> &[u8; 32] {
        &self.x25519_secret
    }
}

/// A session key as an account id: what the wire formats call `tss_account`.
pub fn account_of(key: &SignerId) -> AccountId32 {
    let public: &sr25519::Public = key.as_ref();
    AccountId32::new(public.0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use crate::chain::fake::FakeState;
    use sp_core::Pair;
    use sp_keystore::{testing::MemoryKeystore, Keystore};
    use std::sync::Arc;

    #[test]
    fn is_whoever_holds_the_key() {
        let keystore = MemoryKeystore::new();
        let old = SignerId::from(
            keystore
                .sr25519_generate_new(KEY_TYPE, Some("//old"))
                .unwrap(),
        );
        let identity = Identity::new(Arc::new(keystore), Zeroizing::new([1; 32]));
        let other = SignerId::from(
            sr25519::Pair::from_string("//other", None)
                .unwrap()
                .public(),
        );

        let mut state = FakeState::default();
        state.add_validator(AccountId32::new([1; 32]), other.clone(), [0; 32], "a:1");
        assert!(identity.validator(&state.network).is_none());
        state.add_validator(AccountId32::new([2; 32]), old.clone(), [0; 32], "b:1");
        assert_eq!(
            identity.validator(&state.network).unwrap().account,
            AccountId32::new([2; 32])
        );

        // The key of the seat stays what it was when the session key changes.
        state.activate(2, 2, [2; 33]);
        state.network.validators[1].signing_key = other;
        assert!(identity.validator(&state.network).is_none());
        assert_eq!(
            identity
                .seat(&state.network.committee.unwrap())
                .unwrap()
                .party,
            old
        );
    }

    #[test]
    fn signs_only_with_keys_it_holds_and_shows_no_secret() {
        let keystore = MemoryKeystore::new();
        let mine = SignerId::from(keystore.sr25519_generate_new(KEY_TYPE, None).unwrap());
        let identity = Identity::new(Arc::new(keystore), Zeroizing::new([0xee; 32]));
        let signature = identity.sign(&mine, b"hi").unwrap();
        assert!(sr25519::Pair::verify(
            signature.as_ref(),
            b"hi",
            mine.as_ref()
        ));
        let other = SignerId::from(sr25519::Pair::from_seed(&[3; 32]).public());
        assert!(matches!(
            identity.sign(&other, b"hi"),
            Err(IdentityError::NoSuchKey(_))
        ));
        assert!(!format!("{identity:?}").contains("eeee"));
    }
}
