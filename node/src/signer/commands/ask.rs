//! Passwords for the commands.

use super::CommandError;
use crate::signer::password::{
    self, OpenFile, PromptPassword, AGAIN_PROMPT, INSECURE_DEV_PASSWORD, MIN_PASSWORD_LEN,
};
use offchain_signer::key_store::{Backup, Password};
use std::path::Path;
use zeroize::Zeroizing;

/// Opens a backup with its password.
pub(super) fn read_backup(
    file: &Path,
    password_file: Option<&Path>,
    open_file: OpenFile,
    prompt: &dyn PromptPassword,
) -> Result<Backup, CommandError> {
    let wanted = Wanted {
        what: "the backup",
        flag: "--backup-password-file",
        open_file,
        is_new: false,
    };
    let password = wanted.read(password_file, prompt)?;
    Backup::read(file, &Password::from(password)).map_err(|source| CommandError::Backup {
        path: file.to_owned(),
        source,
    })
}

/// A password that a command needs.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    /// What it is for.
    pub(super) what: &'static str,
    /// The flag that names a file.
    pub(super) flag: &'static str,
    /// What becomes of that file if others can read it.
    pub(super) open_file: OpenFile,
    /// Whether something is about to be sealed under it: then whoever types it does so twice, and it
    /// must be good enough.
    pub(super) is_new: bool,
}

impl Wanted {
    /// From the file, or from whoever sits at the terminal.
    pub(super) fn read(
        self,
        file: Option<&Path>,
        prompt: &dyn PromptPassword,
    ) -> Result<Zeroizing<String>, CommandError> {
        let password = match file {
            Some(path) => password::read_file(path, self.open_file).map_err(|source| {
                CommandError::PasswordFile {
                    path: path.to_owned(),
                    source,
                }
            })?,
            None => self.asked(prompt)?,
        };
        let what = self.what;
        if self.is_new && password.len() < MIN_PASSWORD_LEN {
            return Err(CommandError::ShortPassword { what });
        }
        Ok(password)
    }

    /// The same, and not the one that everybody knows.
    pub(super) fn read_secret(
        self,
        file: Option<&Path>,
        prompt: &dyn PromptPassword,
    ) -> Result<Zeroizing<String>, CommandError> {
        let password = self.read(file, prompt)?;
        match self.is_new && password.as_str() == INSECURE_DEV_PASSWORD {
            true => Err(CommandError::DevelopmentPassword { what: self.what }),
            false => Ok(password),
        }
    }

    fn asked(self, prompt: &dyn PromptPassword) -> Result<Zeroizing<String>, CommandError> {
        let ask = |text: &str| match prompt.prompt(text) {
            Some(answer) => answer.map_err(CommandError::Prompt),
            None => Err(CommandError::NoPassword {
                what: self.what,
                flag: self.flag,
            }),
        };
        let password = ask(&format!("Password for {}: ", self.what))?;
        if self.is_new && ask(AGAIN_PROMPT)? != password {
            return Err(CommandError::Mistyped);
        }
        Ok(password)
    }
}
