//! `signer change-password`.

use super::{ask::Wanted, place::StoreArgs, CommandError};
use crate::signer::password::PromptPassword;
use offchain_signer::key_store::{Password, PasswordCost};
use sc_cli::SubstrateCli;
use std::{io::Write, path::PathBuf};

/// Seal the key store under another password.
///
/// If it is interrupted, the store opens with the old password or with the new one. Stop the node first,
/// and start it with the new password.
#[derive(Debug, clap::Parser)]
#[command(after_help = "Examples:
  signing-node signer change-password --chain chain.json --base-path /var/lib/signing-node \\
      --signer-password-file old.pass --new-password-file new.pass")]
pub(crate) struct ChangePasswordCmd {
    #[clap(flatten)]
    store: StoreArgs,

    /// File with the new password; without it the command asks for it, twice.
    #[arg(long, value_name = "FILE")]
    new_password_file: Option<PathBuf>,
}

impl ChangePasswordCmd {
    pub(super) fn run<N: SubstrateCli>(
        &self,
        node: &N,
        prompt: &dyn PromptPassword,
        out: &mut dyn Write,
    ) -> Result<(), CommandError> {
        let place = self.store.locate(node)?;
        let store = place.open(prompt)?;
        let wanted = Wanted {
            what: "the signer's key store from now on",
            flag: "--new-password-file",
            open_file: place.open_file(),
            is_new: true,
        };
        let password = place.read(wanted, self.new_password_file.as_deref(), prompt)?;
        store.change_password(&Password::from(password), PasswordCost::default())?;
        writeln!(
            out,
            "{} opens with the new password only.",
            place.store.display()
        )?;
        Ok(())
    }
}
