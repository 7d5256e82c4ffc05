//! The key that a user signs requests and transactions with.

use sp_core::{crypto::AccountId32, sr25519, Pair};
use std::{fmt, path::Path};
use subxt::{
    config::substrate::{MultiSignature, SubstrateConfig},
    tx::Signer,
};
use zeroize::Zeroizing;

/// A user's sr25519 key pair. `Debug` shows the account and no secret.
#[derive(Clone)]
pub struct Account {
    pair: sr25519::Pair,
}

/// A key could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// The secret URI is not one. It is not repeated here: it may be a secret with a typing error.
    #[error(
        "not a secret URI: expected a mnemonic, a 0x… seed of 32 bytes or a path like //Alice"
    )]
    NotASecretUri,
    /// The key file cannot be read.
    #[error("cannot read the key file {path}")]
    UnreadableFile {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl Account {
    /// Reads a secret URI: a mnemonic, a `0x…` seed, or a development path such as `//Alice`, each
    /// with optional derivation junctions and `///password`. Nothing is none: Substrate would take it for
    /// the development account that everybody has.
    ///
    /// # Errors
    /// [`AccountError::NotASecretUri`].
    pub fn from_uri(uri: &str) -> Result<Self, AccountError> {
        let uri = uri.trim();
        if uri.is_empty() {
            return Err(AccountError::NotASecretUri);
        }
        let pair =
            sr25519::Pair::from_string(uri, None).map_err(|_| AccountError::NotASecretUri)?;
        Ok(Self { pair })
    }

    /// Reads a file that holds nothing but a secret URI; white space around it is ignored.
    ///
    /// # Errors
    /// [`AccountError`].
    pub fn from_file(path: &Path) -> Result<Self, AccountError> {
        let uri = std::fs::read_to_string(path)
            .map(Zeroizing::new)
            .map_err(|source| AccountError::UnreadableFile {
                path: path.display().to_string(),
                source,
            })?;
        Self::from_uri(&uri)
    }

    /// The account: the public key.
    pub fn id(&self) -> AccountId32 {
        AccountId32::new(self.pair.public().0)
    }

    /// The key pair, for what signs requests.
    pub(crate) fn pair(&self) -> &sr25519::Pair {
        &self.pair
    }
}

impl From<sr25519::Pair> for Account {
    fn from(pair: sr25519::Pair) -> Self {
        Self { pair }
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Account({})", self.id())
    }
}

impl Signer<SubstrateConfig> for Account {
    fn account_id(&self) -> subxt::utils::AccountId32 {
        subxt::utils::AccountId32(self.pair.public().0)
    }

    fn sign(&self, payload: &[u8]) -> MultiSignature {
        MultiSignature::Sr25519(self.pair.sign(payload).0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    const ALICE: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";

    #[test]
    fn reads_uris_and_files() {
        assert_eq!(
            Account::from_uri(" //Alice\n").unwrap().id().to_string(),
            ALICE
        );
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "//Alice\n").unwrap();
        assert_eq!(Account::from_file(&path).unwrap().id().to_string(), ALICE);
    }

    #[test]
    fn bad_keys_are_refused_and_not_repeated() {
        let error = Account::from_uri("bottom drive obey lake curtain smoke").unwrap_err();
        assert!(matches!(error, AccountError::NotASecretUri));
        assert!(!format!("{error} {error:?}").contains("curtain"));
        for nothing in ["", " \n"] {
            assert!(matches!(
                Account::from_uri(nothing),
                Err(AccountError::NotASecretUri)
            ));
        }
        assert!(matches!(
            Account::from_file(Path::new("/does/not/exist")),
            Err(AccountError::UnreadableFile { .. })
        ));
    }

    #[test]
    fn debug_is_silent() {
        let account = Account::from_uri("//Alice").unwrap();
        assert_eq!(format!("{account:?}"), format!("Account({ALICE})"));
    }
}
