//! `genesis validator`: session keys for a chain that does not exist yet.

use sc_cli::KeystoreParams;
use sc_keystore::LocalKeystore;
use sc_service::config::{KeystoreConfig, MultiaddrWithPeerId};
use serde::{Deserialize, Serialize};
use signing_primitives::KEY_TYPE;
use signing_runtime::{AccountId, SessionKeys};
use sp_core::crypto::key_types;
use sp_keystore::Keystore;
use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// What one operator tells the others of its validator. All of it is public.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ValidatorFile {
    /// What the others call it.
    pub(super) name: String,
    /// Its stash account.
    pub(super) stash: AccountId,
    /// The public halves of its session keys.
    pub(super) session_keys: SessionKeys,
    /// Where other nodes find it first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) bootnode: Option<MultiaddrWithPeerId>,
}

/// Arguments of `genesis validator`.
#[derive(Debug, clap::Parser)]
pub(crate) struct ValidatorCmd {
    /// What the others call this validator.
    #[arg(long)]
    name: String,

    /// The stash account whose stake it validates with, SS58.
    #[arg(long)]
    stash: AccountId,

    /// Its node's address, if others may find the network there: /dns/HOST/tcp/PORT/p2p/PEER-ID.
    #[arg(long, value_name = "MULTIADDRESS")]
    bootnode: Option<MultiaddrWithPeerId>,

    #[clap(flatten)]
    keystore: KeystoreParams,

    /// The file for the other operators. It must not exist.
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
}

/// Why there are no session keys.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ValidatorError {
    /// Nobody said where the keys go.
    #[error("give --keystore-path: BASE-PATH/chains/ID/keystore, with the ID of the chain to be")]
    NoKeystorePath,
    /// There are keys already.
    #[error(
        "{} is not empty: a validator's file is made once, with its keys. To make others, give \
         another path",
        .0.display()
    )]
    KeystoreInUse(PathBuf),
    /// The key store cannot be used.
    #[error("the key store {}: {reason}", path.display())]
    Keystore {
        /// Where it is.
        path: PathBuf,
        /// What is wrong.
        reason: KeystoreFailure,
    },
    /// The arguments about the key store contradict each other, or the password cannot be read.
    #[error("the key store's password: {0}")]
    Password(String),
    /// The file for the others cannot be written.
    #[error("--output {}: {reason}", path.display())]
    Output {
        /// Where it was to be.
        path: PathBuf,
        /// Why not.
        #[source]
        reason: io::Error,
    },
}

/// What is wrong with a key store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum KeystoreFailure {
    /// It cannot be opened.
    #[error("cannot be opened: {0}")]
    Open(sc_keystore::Error),
    /// It takes no keys.
    #[error("takes no keys: {0}")]
    Generate(#[from] sp_keystore::Error),
    /// It cannot be looked into.
    #[error("cannot be read: {0}")]
    Read(#[from] io::Error),
}

impl ValidatorCmd {
    pub(super) fn run(&self) -> Result<(), ValidatorError> {
        let path = self
            .keystore
            .keystore_path
            .clone()
            .ok_or(ValidatorError::NoKeystorePath)?;
        let failed = |reason| ValidatorError::Keystore {
            path: path.clone(),
            reason,
        };
        if !is_empty(&path).map_err(|error| failed(error.into()))? {
            return Err(ValidatorError::KeystoreInUse(path));
        }
        let KeystoreConfig::Path { password, .. } = self
            .keystore
            .keystore_config(Path::new(""))
            .map_err(|error| ValidatorError::Password(error.to_string()))?
        else {
            return Err(ValidatorError::NoKeystorePath);
        };
        // First of all: keys whose public halves nobody is told of are of no use.
        let mut output = self.create_output().map_err(|reason| self.output(reason))?;
        let keystore = LocalKeystore::open(&path, password)
            .map_err(|error| failed(KeystoreFailure::Open(error)))?;
        let session_keys = generate(&keystore).map_err(|error| failed(error.into()))?;
        let file = ValidatorFile {
            name: self.name.clone(),
            stash: self.stash.clone(),
            session_keys,
            bootnode: self.bootnode.clone(),
        };
        let written = serde_json::to_string_pretty(&file)
            .map_err(io::Error::from)
            .and_then(|text| writeln!(output, "{text}"))
            .and_then(|()| output.sync_all());
        written.map_err(|reason| self.output(reason))
    }

    fn create_output(&self) -> io::Result<File> {
        File::create_new(&self.output)
    }

    fn output(&self, reason: io::Error) -> ValidatorError {
        ValidatorError::Output {
            path: self.output.clone(),
            reason,
        }
    }
}

/// Whether there is nothing in the folder, or no folder.
fn is_empty(folder: &Path) -> io::Result<bool> {
    match fs::read_dir(folder) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
    }
}

/// New random keys, one for each purpose.
fn generate(keystore: &dyn Keystore) -> Result<SessionKeys, sp_keystore::Error> {
    Ok(SessionKeys {
        grandpa: keystore
            .ed25519_generate_new(key_types::GRANDPA, None)?
            .into(),
        babe: keystore.sr25519_generate_new(key_types::BABE, None)?.into(),
        authority_discovery: keystore
            .sr25519_generate_new(key_types::AUTHORITY_DISCOVERY, None)?
            .into(),
        signing: keystore.sr25519_generate_new(KEY_TYPE, None)?.into(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use clap::Parser;

    const STASH: &str = "5GNJqTPyNqANBkUVMN1LPPrxXnFouWXoe2wNSmmEoLctxiZY";

    fn command(folder: &Path) -> ValidatorCmd {
        ValidatorCmd::parse_from([
            "validator",
            "--name",
            "alpha",
            "--stash",
            STASH,
            "--keystore-path",
            folder.join("keystore").to_str().unwrap(),
            "--output",
            folder.join("alpha.json").to_str().unwrap(),
        ])
    }

    #[test]
    fn the_keys_are_in_the_key_store_and_their_public_halves_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        command(folder.path()).run().unwrap();
        let text = fs::read_to_string(folder.path().join("alpha.json")).unwrap();
        let file: ValidatorFile = serde_json::from_str(&text).unwrap();
        assert_eq!(file.stash.to_string(), STASH);
        let keystore = LocalKeystore::open(folder.path().join("keystore"), None).unwrap();
        let keys = &file.session_keys;
        assert_eq!(
            keystore.ed25519_public_keys(key_types::GRANDPA),
            [keys.grandpa.clone().into()]
        );
        for (kind, key) in [
            (key_types::BABE, keys.babe.clone().into()),
            (
                key_types::AUTHORITY_DISCOVERY,
                keys.authority_discovery.clone().into(),
            ),
            (KEY_TYPE, keys.signing.clone().into()),
        ] {
            let key: sp_core::sr25519::Public = key;
            assert_eq!(keystore.sr25519_public_keys(kind), [key]);
        }
    }

    #[test]
    fn keys_are_never_made_twice_in_one_place() {
        let folder = tempfile::tempdir().unwrap();
        command(folder.path()).run().unwrap();
        let first = fs::read_to_string(folder.path().join("alpha.json")).unwrap();
        let error = command(folder.path()).run().unwrap_err();
        assert!(matches!(error, ValidatorError::KeystoreInUse(_)), "{error}");
        fs::remove_dir_all(folder.path().join("keystore")).unwrap();
        // Nor is a file that others may have been sent already replaced, and no key is made for it.
        let error = command(folder.path()).run().unwrap_err();
        assert!(matches!(error, ValidatorError::Output { .. }), "{error}");
        assert!(!folder.path().join("keystore").exists());
        assert_eq!(
            fs::read_to_string(folder.path().join("alpha.json")).unwrap(),
            first
        );
    }
}
