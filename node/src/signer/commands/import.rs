//! `signer import`.

use super::{ask::read_backup, place::StoreArgs, CommandError, SESSION_KEYS};
use crate::signer::password::PromptPassword;
use offchain_signer::key_store::{KeyStoreError, Password, PasswordCost, Restored, SessionKey};
use sc_cli::SubstrateCli;
use std::{io::Write, path::PathBuf};

/// Put a backup back: into a new key store, or into the one that is there.
///
/// A store that is there gets the shares that it lacks, if they are newer than its own. Nothing is
/// replaced or removed, neither in the store nor among the session keys; if the two do not go together,
/// nothing is changed. Stop the node first.
///
/// Never run two nodes with the same session keys: both are slashed.
#[derive(Debug, clap::Parser)]
#[command(after_help = "Examples:
  signing-node signer import --chain chain.json --base-path /var/lib/signing-node \\
      --signer-password-file store.pass --backup-password-file backup.pass signer.backup")]
pub(crate) struct ImportCmd {
    #[clap(flatten)]
    store: StoreArgs,

    /// The node's keystore, for the session keys [default: BASE-PATH/chains/ID/keystore].
    #[arg(long, value_name = "PATH")]
    keystore_path: Option<PathBuf>,

    /// Leave the backup's session keys out.
    #[arg(long)]
    without_session_keys: bool,

    /// File with the password of the backup; without it the command asks for it.
    #[arg(long, value_name = "FILE")]
    backup_password_file: Option<PathBuf>,

    /// The backup.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl ImportCmd {
    pub(super) fn run<N: SubstrateCli>(
        &self,
        node: &N,
        prompt: &dyn PromptPassword,
        out: &mut dyn Write,
    ) -> Result<(), CommandError> {
        let place = self.store.locate(node)?;
        let password_file = self.backup_password_file.as_deref();
        let backup = read_backup(&self.file, password_file, place.open_file(), prompt)?;
        if backup.genesis_hash() != place.genesis_hash {
            return Err(CommandError::OtherChain {
                path: self.file.clone(),
                found: backup.genesis_hash(),
                expected: place.genesis_hash,
            });
        }
        // All that may be refused comes before the first change.
        let keystore = self.keystore_path.as_ref().unwrap_or(&place.keystore);
        let keys: Vec<SessionKey> = match self.without_session_keys {
            true => Vec::new(),
            false => backup
                .session_keys()
                .iter()
                .filter(|key| SESSION_KEYS.contains(&key.key_type))
                .cloned()
                .collect(),
        };
        let missing = SessionKey::missing(keystore, &keys)?;
        let is_there = place
            .store
            .try_exists()
            .map_err(|source| KeyStoreError::Io {
                path: place.store.clone(),
                source,
            })?;
        let password = match is_there {
            true => place.password(prompt)?,
            false => place.new_password(prompt)?,
        };
        let restored = backup.contents().restore(
            &place.store,
            &Password::from(password),
            PasswordCost::default(),
        )?;
        let store = place.store.display();
        match restored {
            Restored::Created => writeln!(out, "Made {store} with all that the backup has.")?,
            Restored::Added { shares, aux_info } => writeln!(
                out,
                "Added to {store}: shares {shares}, auxiliary information {aux_info}."
            )?,
            Restored::AlreadyThere => {
                writeln!(out, "{store} has all of the backup already, or newer.")?
            }
        }
        for key in &missing {
            key.write(keystore)?;
        }
        let (added, all) = (missing.len(), keys.len());
        writeln!(
            out,
            "Session keys: {added} added to {}, {} there already.",
            keystore.display(),
            all - added
        )?;
        if keys.is_empty() {
            writeln!(out, "Shares are of no use without the session key `sign`.")?;
        }
        Ok(())
    }
}
