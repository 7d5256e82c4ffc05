//! `signer export`.

use super::{ask::Wanted, place::StoreArgs, CommandError, SESSION_KEYS};
use crate::signer::password::PromptPassword;
use offchain_signer::key_store::{Backup, Overview, Password, PasswordCost, SessionKey};
use sc_cli::SubstrateCli;
use std::{
    io::Write,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

/// Write a backup of the key store and the session keys: one file, encrypted.
///
/// It holds the node's x25519 key, its shares of the network key, its auxiliary information, the reports
/// that the chain does not have yet, and the session keys in the node's keystore (sign, babe, gran, audi).
/// The file is encrypted with a password of its own. Stop the node first.
///
/// A share is good until the next hand-over: make a backup after each (docs/operator/backup.md).
#[derive(Debug, clap::Parser)]
#[command(after_help = "Examples:
  signing-node signer export --chain chain.json --base-path /var/lib/signing-node \\
      --signer-password-file store.pass --backup-password-file backup.pass signer.backup
  signing-node signer export --chain chain.json -d /var/lib/signing-node --force signer.backup")]
pub(crate) struct ExportCmd {
    #[clap(flatten)]
    store: StoreArgs,

    /// The node's keystore, with its session keys [default: BASE-PATH/chains/ID/keystore].
    #[arg(long, value_name = "PATH")]
    keystore_path: Option<PathBuf>,

    /// Leave the session keys out: they are backed up elsewhere. Shares are of no use without them.
    #[arg(long)]
    without_session_keys: bool,

    /// File with the password of the backup; without it the command asks for one, twice.
    #[arg(long, value_name = "FILE")]
    backup_password_file: Option<PathBuf>,

    /// Replace the file if it exists.
    #[arg(long)]
    force: bool,

    /// The backup.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl ExportCmd {
    pub(super) fn run<N: SubstrateCli>(
        &self,
        node: &N,
        prompt: &dyn PromptPassword,
        out: &mut dyn Write,
    ) -> Result<(), CommandError> {
        let place = self.store.locate(node)?;
        let store = place.open(prompt)?;
        let contents = store.contents()?;
        let altered = store.reports()?.iter().filter(|(_, r)| r.is_err()).count();
        drop(store);
        let overview = contents.overview()?;
        let keystore = self.keystore_path.as_ref().unwrap_or(&place.keystore);
        let session_keys = match self.without_session_keys {
            true => Vec::new(),
            false => session_keys(keystore, &overview)?,
        };
        let wanted = Wanted {
            what: "the backup",
            flag: "--backup-password-file",
            open_file: place.open_file(),
            is_new: true,
        };
        let password = wanted.read_secret(self.backup_password_file.as_deref(), prompt)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.unwrap_or_default().as_secs();
        let keys = session_keys.len();
        Backup::new(contents, session_keys, now)
            .write(
                &self.file,
                &Password::from(password),
                PasswordCost::default(),
                self.force,
            )
            .map_err(|source| CommandError::Backup {
                path: self.file.clone(),
                source,
            })?;
        let newest = overview.shares.iter().filter_map(|s| s.generation).max();
        let newest = newest.map_or("none is active".into(), |g| {
            format!("newest generation {g}")
        });
        writeln!(
            out,
            "Wrote {}: shares {} ({newest}), auxiliary information {}, reports {}, session keys {keys}.",
            self.file.display(),
            overview.shares.len(),
            overview.aux_info.len(),
            overview.reports,
        )?;
        if altered > 0 {
            writeln!(out, "Left out: {altered} reports that have been altered.")?;
        }
        if self.without_session_keys {
            writeln!(
                out,
                "It has no session keys: without them its shares are of no use."
            )?;
        }
        Ok(())
    }
}

/// The session keys, with that of each share.
fn session_keys(keystore: &Path, held: &Overview) -> Result<Vec<SessionKey>, CommandError> {
    let keys = SessionKey::read_all(keystore, &SESSION_KEYS)?;
    let shares = held.shares.iter().map(|share| &share.owner);
    let parties = shares.chain(held.aux_info.iter().map(|info| &info.owner));
    for party in parties {
        let is_there = keys
            .iter()
            .any(|key| key.key_type == *b"sign" && key.public == party.as_bytes());
        if !is_there {
            return Err(CommandError::NoSessionKey {
                party: hex::encode(party.as_bytes()),
                keystore: keystore.to_owned(),
            });
        }
    }
    Ok(keys)
}
