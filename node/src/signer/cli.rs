//! The signer's flags, and what they mean on which chain.
//!
//! On development and local chains everything has a default. On all others what would be unsafe or
//! of no use is an error, and so is on any chain what this machine does not have: all errors are told
//! at once.

mod machine;

use super::{
    endpoint::{EndpointError, PublicEndpoint},
    password::{
        self, OpenFile, PasswordFileError, PromptPassword, AGAIN_PROMPT, INSECURE_DEV_PASSWORD,
        MIN_PASSWORD_LEN, NEW_STORE_PROMPT, STORE_PROMPT,
    },
    WithSources, STORE_FILE,
};
use offchain_signer::{
    conduct::Conduct,
    key_store::{KeyStore, KeyStoreError, Password},
};
use sc_service::ChainType;
use std::{
    fmt, io,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// Where a signer listens if nothing else is said.
const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 9955);

/// The directory of the key store, within the chain's.
pub(super) const DEFAULT_DIR: &str = "signer";

/// Flags of the signer service, which runs in every validator's node.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Signer")]
pub(crate) struct SignerOptions {
    /// Where the signer's HTTP API listens [default: 127.0.0.1:9955]. Port 0 takes a free one.
    #[arg(long, value_name = "IP:PORT")]
    pub(crate) signer_listen: Option<SocketAddr>,

    /// Where others reach the signer's HTTP API; announced on chain.
    ///
    /// The default on development and local chains is where it listens. On all others it must be
    /// given.
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) signer_public_endpoint: Option<String>,

    /// File with the password of the signer's key store. A newline at its end does not count.
    ///
    /// Without it the node asks on the terminal, twice where there is no store yet. On development
    /// and local chains it takes an insecure password that everybody knows. On all others it
    /// refuses a file that others than its owner can read.
    #[arg(long, value_name = "FILE")]
    pub(crate) signer_password_file: Option<PathBuf>,

    /// Directory of the signer's key store [default: BASE-PATH/chains/ID/signer].
    #[arg(long, value_name = "DIR")]
    pub(crate) signer_dir: Option<PathBuf>,
}

/// What the signer service runs with.
pub(crate) struct ResolvedSignerConfig {
    /// Where the HTTP API listens.
    pub(crate) listen: SocketAddr,
    /// What is announced. `None`: where it turns out to listen.
    pub(crate) public_endpoint: Option<PublicEndpoint>,
    /// Directory of the key store.
    pub(crate) dir: PathBuf,
    /// Password of the key store.
    pub(crate) password: Zeroizing<String>,
    /// How the signer conducts itself.
    pub(crate) conduct: Conduct,
}

impl fmt::Debug for ResolvedSignerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResolvedSignerConfig")
            .field("listen", &self.listen)
            .field("public_endpoint", &self.public_endpoint)
            .field("dir", &self.dir)
            .finish_non_exhaustive()
    }
}

/// Something about the signer's flags that must be changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum SignerConfigError {
    /// A production chain, and nobody knows how to reach the signer.
    #[error(
        "this chain's signers must be reachable: give --signer-public-endpoint HOST:PORT, where \
         users and other validators reach this one"
    )]
    NoPublicEndpoint,
    /// It is no endpoint.
    #[error("--signer-public-endpoint {given}")]
    PublicEndpoint {
        /// What was given.
        given: String,
        /// What is wrong with it.
        #[source]
        reason: EndpointError,
    },
    /// A production chain, and the endpoint leads to this machine only.
    #[error(
        "--signer-public-endpoint {0}: other machines cannot reach it; give a public name or \
         address"
    )]
    LocalPublicEndpoint(PublicEndpoint),
    /// The signer listens on all addresses, and none of them is named.
    #[error(
        "--signer-listen {0} is no address to announce: give --signer-public-endpoint HOST:PORT"
    )]
    UnspecifiedListen(SocketAddr),
    /// The signer could not listen there.
    #[error(
        "--signer-listen {address}: the signer cannot listen there; {}",
        machine::instead(source)
    )]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// The key store could not be made or used there.
    #[error(
        "--signer-dir {}: the key store cannot be kept there; name a folder that the user of this \
         process may write to",
        dir.display()
    )]
    Dir {
        /// Where.
        dir: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A production chain without password.
    #[error(
        "the signer's key store needs a password: give --signer-password-file FILE, or start the \
         node on a terminal, where it asks"
    )]
    NoPassword,
    /// The password in the file is not taken.
    #[error("--signer-password-file {}", path.display())]
    PasswordFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: PasswordFileError,
    },
    /// The terminal did not answer.
    #[error("the password could not be asked for on the terminal")]
    Prompt(#[source] io::Error),
    /// The second answer differs.
    #[error("the two passwords differ: start the node again")]
    Mistyped,
    /// A production chain, and the password is the one that everybody knows.
    #[error("the development password is no secret: choose another for this chain")]
    DevelopmentPassword,
    /// Too easy to guess.
    #[error("the password of the signer's key store must have at least {MIN_PASSWORD_LEN} bytes")]
    ShortPassword,
    /// The key store is there, and does not open.
    #[error(transparent)]
    Store(#[from] KeyStoreError),
}

/// Flags of the signer, on a node that runs none.
#[derive(Debug, thiserror::Error)]
#[error(
    "{}: only a validator's node runs a signer: give --validator too, or leave {} out",
    .0.join(", "), match .0.len() { 1 => "it", _ => "them" }
)]
pub(crate) struct NoSigner(Vec<&'static str>);

/// All that must be changed.
#[derive(Debug)]
pub(crate) struct SignerConfigErrors(pub(crate) Vec<SignerConfigError>);

impl fmt::Display for SignerConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the signer cannot start:")?;
        for error in &self.0 {
            write!(f, "\n- {}", WithSources(error))?;
        }
        Ok(())
    }
}

impl std::error::Error for SignerConfigErrors {}

/// Whether the chain is for development on one machine. Custom chains count as production.
pub(super) fn is_for_development(chain_type: &ChainType) -> bool {
    matches!(chain_type, ChainType::Development | ChainType::Local)
}

impl SignerOptions {
    /// What the flags mean on a chain of this type, whose data lies in `chain_dir`, and whether this
    /// machine has what they ask for. Asks for the password only if all else is in order.
    pub(crate) fn resolve(
        &self,
        chain_type: &ChainType,
        chain_dir: &Path,
        prompt: &dyn PromptPassword,
    ) -> Result<ResolvedSignerConfig, SignerConfigErrors> {
        let production = !is_for_development(chain_type);
        let mut errors = Vec::new();

        let public_endpoint = self.public_endpoint(production).unwrap_or_else(|error| {
            errors.push(error);
            None
        });
        let (listen, dir) = (self.listen(), self.dir(chain_dir));
        if let Err(source) = machine::can_listen(listen) {
            let address = listen;
            errors.push(SignerConfigError::Listen { address, source });
        }
        let store = dir.join(STORE_FILE);
        let kept = machine::can_keep(&store);
        let exists = kept.is_ok() && store.exists();
        if let Err(source) = kept {
            let dir = dir.clone();
            errors.push(SignerConfigError::Dir { dir, source });
        }
        let from_file = self.password_from_file(production).unwrap_or_else(|error| {
            errors.push(error);
            None
        });
        let file_failed = self.signer_password_file.is_some() && from_file.is_none();
        let password = match from_file {
            Some(password) => Some(password),
            None if file_failed => None,
            None if !production => {
                log::warn!(
                    "The signer's key store is sealed with the development password, which is no \
                     secret. Use --signer-password-file where it matters."
                );
                Some(Zeroizing::new(INSECURE_DEV_PASSWORD.into()))
            }
            // No use in asking before the rest is in order.
            None if !errors.is_empty() => {
                if !prompt.is_possible() {
                    errors.push(SignerConfigError::NoPassword);
                }
                None
            }
            None => match ask(&store, prompt) {
                Ok(password) => Some(password),
                Err(error) => {
                    errors.push(error);
                    None
                }
            },
        };
        if let Some(password) = &password {
            if production && password.as_str() == INSECURE_DEV_PASSWORD {
                errors.push(SignerConfigError::DevelopmentPassword);
            }
            if password.len() < MIN_PASSWORD_LEN {
                errors.push(SignerConfigError::ShortPassword);
            }
            if exists {
                let opens = KeyStore::try_password(&store, &Password::from(password.clone()));
                errors.extend(opens.err().map(SignerConfigError::from));
            }
        }
        match password {
            Some(password) if errors.is_empty() => Ok(ResolvedSignerConfig {
                listen,
                public_endpoint,
                dir,
                password,
                conduct: Conduct::default(),
            }),
            _ => Err(SignerConfigErrors(errors)),
        }
    }

    /// What is given here would have no effect on a node that runs no signer.
    pub(crate) fn check_unused(&self) -> Result<(), NoSigner> {
        let given: Vec<_> = [
            ("--signer-listen", self.signer_listen.is_some()),
            (
                "--signer-public-endpoint",
                self.signer_public_endpoint.is_some(),
            ),
            (
                "--signer-password-file",
                self.signer_password_file.is_some(),
            ),
            ("--signer-dir", self.signer_dir.is_some()),
        ]
        .into_iter()
        .filter_map(|(flag, is_given)| is_given.then_some(flag))
        .collect();
        match given.is_empty() {
            true => Ok(()),
            false => Err(NoSigner(given)),
        }
    }

    fn listen(&self) -> SocketAddr {
        self.signer_listen.unwrap_or(DEFAULT_LISTEN)
    }

    fn dir(&self, chain_dir: &Path) -> PathBuf {
        let given = self.signer_dir.clone();
        given.unwrap_or_else(|| chain_dir.join(DEFAULT_DIR))
    }

    fn public_endpoint(
        &self,
        production: bool,
    ) -> Result<Option<PublicEndpoint>, SignerConfigError> {
        let Some(given) = &self.signer_public_endpoint else {
            if production {
                return Err(SignerConfigError::NoPublicEndpoint);
            }
            if self.listen().ip().is_unspecified() {
                return Err(SignerConfigError::UnspecifiedListen(self.listen()));
            }
            return Ok(None);
        };
        let endpoint: PublicEndpoint =
            given
                .parse()
                .map_err(|reason| SignerConfigError::PublicEndpoint {
                    given: given.clone(),
                    reason,
                })?;
        if production && endpoint.is_local() {
            return Err(SignerConfigError::LocalPublicEndpoint(endpoint));
        }
        Ok(Some(endpoint))
    }

    fn password_from_file(
        &self,
        production: bool,
    ) -> Result<Option<Zeroizing<String>>, SignerConfigError> {
        let Some(path) = &self.signer_password_file else {
            return Ok(None);
        };
        password::read_file(path, OpenFile::on(!production))
            .map(Some)
            .map_err(|source| SignerConfigError::PasswordFile {
                path: path.clone(),
                source,
            })
    }
}

/// Asks for the password of this store; twice if it is about to be made.
fn ask(store: &Path, prompt: &dyn PromptPassword) -> Result<Zeroizing<String>, SignerConfigError> {
    let ask = |text| match prompt.prompt(text) {
        Some(answer) => answer.map_err(SignerConfigError::Prompt),
        None => Err(SignerConfigError::NoPassword),
    };
    if store.exists() {
        return ask(STORE_PROMPT);
    }
    let password = ask(NEW_STORE_PROMPT)?;
    match ask(AGAIN_PROMPT)? == password {
        true => Ok(password),
        false => Err(SignerConfigError::Mistyped),
    }
}

#[cfg(test)]
mod tests;
