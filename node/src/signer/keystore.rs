//! The node's keystore for the signer: it keeps the pairs of its signing keys ready.
//!
//! Substrate's derives a pair from its phrase each time it signs (BIP-39: 2,048 rounds of PBKDF2). The signer signs
//! every part of every protocol message (docs/decisions/0015).

use sc_keystore::LocalKeystore;
use signing_primitives::{SignerId, SignerPair, KEY_TYPE};
use sp_core::{crypto::KeyTypeId, ecdsa, ed25519, sr25519, ByteArray, Pair};
use sp_keystore::{Error, Keystore};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// Does what the node's keystore does. A signing key's pair is derived when it is first used, and used for as long
/// as the keystore has the key: not any more as soon as an operator has removed it.
pub(super) struct ReadyKeystore {
    local: Arc<LocalKeystore>,
    pairs: Mutex<BTreeMap<sr25519::Public, Arc<SignerPair>>>,
}

impl ReadyKeystore {
    pub(super) fn new(local: Arc<LocalKeystore>) -> Self {
        Self {
            local,
            pairs: Mutex::default(),
        }
    }

    fn has(&self, public: &sr25519::Public) -> bool {
        self.local.has_keys(&[(public.to_raw_vec(), KEY_TYPE)])
    }

    /// A signing key's pair, or None if the keystore does not have it.
    fn pair(&self, public: &sr25519::Public) -> Result<Option<Arc<SignerPair>>, Error> {
        let mut pairs = self.pairs.lock().unwrap_or_else(PoisonError::into_inner);
        match pairs.get(public) {
            Some(pair) if self.has(public) => return Ok(Some(pair.clone())),
            _ => pairs.retain(|public, _| self.has(public)),
        }
        let pair = self
            .local
            .key_pair::<SignerPair>(&SignerId::from(*public))?;
        Ok(pair.map(|pair| pairs.entry(*public).or_insert(Arc::new(pair)).clone()))
    }
}

impl Keystore for ReadyKeystore {
    fn sr25519_sign(
        &self,
        key_type: KeyTypeId,
        public: &sr25519::Public,
        message: &[u8],
    ) -> Result<Option<sr25519::Signature>, Error> {
        if key_type == KEY_TYPE {
            if let Some(pair) = self.pair(public)? {
                return Ok(Some(pair.sign(message).into()));
            }
        }
        self.local.sr25519_sign(key_type, public, message)
    }

    fn sr25519_public_keys(&self, key_type: KeyTypeId) -> Vec<sr25519::Public> {
        self.local.sr25519_public_keys(key_type)
    }

    fn sr25519_generate_new(
        &self,
        key_type: KeyTypeId,
        seed: Option<&str>,
    ) -> Result<sr25519::Public, Error> {
        self.local.sr25519_generate_new(key_type, seed)
    }

    fn sr25519_vrf_sign(
        &self,
        key_type: KeyTypeId,
        public: &sr25519::Public,
        data: &sr25519::vrf::VrfSignData,
    ) -> Result<Option<sr25519::vrf::VrfSignature>, Error> {
        self.local.sr25519_vrf_sign(key_type, public, data)
    }

    fn sr25519_vrf_pre_output(
        &self,
        key_type: KeyTypeId,
        public: &sr25519::Public,
        input: &sr25519::vrf::VrfInput,
    ) -> Result<Option<sr25519::vrf::VrfPreOutput>, Error> {
        self.local.sr25519_vrf_pre_output(key_type, public, input)
    }

    fn ed25519_public_keys(&self, key_type: KeyTypeId) -> Vec<ed25519::Public> {
        self.local.ed25519_public_keys(key_type)
    }

    fn ed25519_generate_new(
        &self,
        key_type: KeyTypeId,
        seed: Option<&str>,
    ) -> Result<ed25519::Public, Error> {
        self.local.ed25519_generate_new(key_type, seed)
    }

    fn ed25519_sign(
        &self,
        key_type: KeyTypeId,
        public: &ed25519::Public,
        message: &[u8],
    ) -> Result<Option<ed25519::Signature>, Error> {
        self.local.ed25519_sign(key_type, public, message)
    }

    fn ecdsa_public_keys(&self, key_type: KeyTypeId) -> Vec<ecdsa::Public> {
        self.local.ecdsa_public_keys(key_type)
    }

    fn ecdsa_generate_new(
        &self,
        key_type: KeyTypeId,
        seed: Option<&str>,
    ) -> Result<ecdsa::Public, Error> {
        self.local.ecdsa_generate_new(key_type, seed)
    }

    fn ecdsa_sign(
        &self,
        key_type: KeyTypeId,
        public: &ecdsa::Public,
        message: &[u8],
    ) -> Result<Option<ecdsa::Signature>, Error> {
        self.local.ecdsa_sign(key_type, public, message)
    }

    fn ecdsa_sign_prehashed(
        &self,
        key_type: KeyTypeId,
        public: &ecdsa::Public,
        message: &[u8; 32],
    ) -> Result<Option<ecdsa::Signature>, Error> {
        self.local.ecdsa_sign_prehashed(key_type, public, message)
    }

    fn insert(&self, key_type: KeyTypeId, suri: &str, public: &[u8]) -> Result<(), ()> {
        self.local.insert(key_type, suri, public)
    }

    fn keys(&self, key_type: KeyTypeId) -> Result<Vec<Vec<u8>>, Error> {
        Keystore::keys(&*self.local, key_type)
    }

    fn has_keys(&self, public_keys: &[(Vec<u8>, KeyTypeId)]) -> bool {
        self.local.has_keys(public_keys)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::{fs, path::PathBuf};
    use tempfile::TempDir;

    fn keystore() -> (TempDir, ReadyKeystore) {
        let folder = tempfile::tempdir().unwrap();
        let local = LocalKeystore::open(folder.path(), None).unwrap();
        (folder, ReadyKeystore::new(Arc::new(local)))
    }

    fn only_file(folder: &TempDir) -> PathBuf {
        let mut files = fs::read_dir(folder.path()).unwrap();
        files.next().unwrap().unwrap().path()
    }

    fn signs(keystore: &ReadyKeystore, key_type: KeyTypeId, public: &sr25519::Public) -> bool {
        let signature = keystore.sr25519_sign(key_type, public, b"message").unwrap();
        signature.is_some_and(|signature| sr25519::Pair::verify(&signature, b"message", public))
    }

    #[test]
    fn signs_with_each_key_and_again() {
        let (_folder, keystore) = keystore();
        let other = KeyTypeId(*b"babe");
        for key_type in [KEY_TYPE, KEY_TYPE, other] {
            let public = keystore.sr25519_generate_new(key_type, None).unwrap();
            for _ in 0..2 {
                assert!(signs(&keystore, key_type, &public));
            }
        }
        assert_eq!(keystore.pairs.lock().unwrap().len(), 2);
        assert_eq!(keystore.sr25519_public_keys(KEY_TYPE).len(), 2);
    }

    /// What a file says is read once. (Substrate's keystore would find that it is another key's.)
    #[test]
    fn the_pair_is_derived_once() {
        let (folder, keystore) = keystore();
        let public = keystore.sr25519_generate_new(KEY_TYPE, None).unwrap();
        assert!(signs(&keystore, KEY_TYPE, &public));
        fs::write(only_file(&folder), "\"//Alice\"").unwrap();
        assert!(signs(&keystore, KEY_TYPE, &public));
        assert!(keystore.local.sr25519_sign(KEY_TYPE, &public, b"").is_err());
    }

    #[test]
    fn a_key_of_another_type_signs_nothing_as_a_signing_key() {
        let (_folder, keystore) = keystore();
        let other = KeyTypeId(*b"babe");
        let public = keystore.sr25519_generate_new(other, None).unwrap();
        assert!(!signs(&keystore, KEY_TYPE, &public));
        assert!(signs(&keystore, other, &public));
    }

    #[test]
    fn a_key_that_is_removed_signs_nothing_any_more() {
        let (folder, keystore) = keystore();
        let public = keystore.sr25519_generate_new(KEY_TYPE, None).unwrap();
        assert!(signs(&keystore, KEY_TYPE, &public));
        let file = only_file(&folder);
        let secret = fs::read(&file).unwrap();
        fs::remove_file(&file).unwrap();
        assert!(!signs(&keystore, KEY_TYPE, &public));
        // One that is put back does.
        fs::write(&file, secret).unwrap();
        assert!(signs(&keystore, KEY_TYPE, &public));
        // Nor is its pair kept when another key takes its place, and nobody asks for it.
        fs::remove_file(&file).unwrap();
        let next = keystore.sr25519_generate_new(KEY_TYPE, None).unwrap();
        assert!(signs(&keystore, KEY_TYPE, &next));
        assert!(keystore.pairs.lock().unwrap().keys().eq([&next]));
    }
}
