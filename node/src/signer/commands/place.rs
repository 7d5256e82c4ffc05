//! Which store, of which chain: named as the node is told when it runs.

use super::{ask::Wanted, CommandError};
use crate::{
    service::genesis,
    signer::{
        cli::{is_for_development, DEFAULT_DIR},
        password::{OpenFile, PromptPassword, INSECURE_DEV_PASSWORD},
        STORE_FILE,
    },
};
use offchain_signer::key_store::{KeyStore, Password};
use sc_cli::SubstrateCli;
use sc_service::BasePath;
use sp_core::H256;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// What says which store.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct StoreArgs {
    /// The node's chain: a file, or the name of one that is built in.
    #[arg(
        long,
        value_name = "CHAIN_SPEC",
        default_value = "",
        hide_default_value = true
    )]
    chain: String,

    /// The node's base path.
    #[arg(long, short = 'd', value_name = "PATH")]
    base_path: Option<PathBuf>,

    /// Directory of the signer's key store [default: BASE-PATH/chains/ID/signer].
    #[arg(long, value_name = "DIR")]
    signer_dir: Option<PathBuf>,

    /// File with the password of the signer's key store. A newline at its end does not count.
    ///
    /// Without it the command asks on the terminal. On development and local chains it takes the
    /// insecure password that everybody knows, as the node does.
    #[arg(long, value_name = "FILE")]
    signer_password_file: Option<PathBuf>,
}

/// A store, and the chain that it is for.
pub(super) struct Place {
    pub(super) store: PathBuf,
    /// Where the node keeps its session keys, if it is not told otherwise.
    pub(super) keystore: PathBuf,
    pub(super) genesis_hash: H256,
    is_for_development: bool,
    password_file: Option<PathBuf>,
}

impl StoreArgs {
    pub(super) fn locate<N: SubstrateCli>(&self, node: &N) -> Result<Place, CommandError> {
        let chain = node.load_spec(&self.chain).map_err(CommandError::Chain)?;
        let base_path = match &self.base_path {
            Some(path) => BasePath::new(path),
            None => BasePath::from_project("", "", &N::executable_name()),
        };
        let chain_dir = base_path.config_dir(chain.id());
        let dir = self.signer_dir.clone();
        Ok(Place {
            store: dir
                .unwrap_or_else(|| chain_dir.join(DEFAULT_DIR))
                .join(STORE_FILE),
            keystore: chain_dir.join("keystore"),
            genesis_hash: genesis::hash_of(&*chain)?,
            is_for_development: is_for_development(&chain.chain_type()),
            password_file: self.signer_password_file.clone(),
        })
    }
}

impl Place {
    /// The password of the store, which is there.
    pub(super) fn password(
        &self,
        prompt: &dyn PromptPassword,
    ) -> Result<Zeroizing<String>, CommandError> {
        self.password_for(false, prompt)
    }

    /// The password for a store that is to be made.
    pub(super) fn new_password(
        &self,
        prompt: &dyn PromptPassword,
    ) -> Result<Zeroizing<String>, CommandError> {
        self.password_for(true, prompt)
    }

    fn password_for(
        &self,
        is_new: bool,
        prompt: &dyn PromptPassword,
    ) -> Result<Zeroizing<String>, CommandError> {
        let wanted = Wanted {
            what: "the signer's key store",
            flag: "--signer-password-file",
            open_file: self.open_file(),
            is_new,
        };
        match &self.password_file {
            None if self.is_for_development => Ok(Zeroizing::new(INSECURE_DEV_PASSWORD.into())),
            file => self.read(wanted, file.as_deref(), prompt),
        }
    }

    /// A password of the store. On development and local chains it may be the one that everybody
    /// knows.
    pub(super) fn read(
        &self,
        wanted: Wanted,
        file: Option<&Path>,
        prompt: &dyn PromptPassword,
    ) -> Result<Zeroizing<String>, CommandError> {
        match self.is_for_development {
            true => wanted.read(file, prompt),
            false => wanted.read_secret(file, prompt),
        }
    }

    /// What becomes of a password's file that others can read.
    pub(super) fn open_file(&self) -> OpenFile {
        OpenFile::on(self.is_for_development)
    }

    /// Opens the store; never makes one.
    pub(super) fn open(&self, prompt: &dyn PromptPassword) -> Result<KeyStore, CommandError> {
        let password = Password::from(self.password(prompt)?);
        Ok(KeyStore::open_existing(
            &self.store,
            &password,
            self.genesis_hash,
        )?)
    }
}
