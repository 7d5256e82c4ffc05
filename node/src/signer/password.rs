//! Passwords: from a file, or from whoever sits at the terminal.

use std::{
    io::{self, IsTerminal},
    path::Path,
};
use zeroize::Zeroizing;

/// The key store's password on development and local chains if none is given. Everybody knows it.
pub(crate) const INSECURE_DEV_PASSWORD: &str = "insecure development password";

/// The shortest password that is taken, bytes. It protects shares of the network key.
pub(super) const MIN_PASSWORD_LEN: usize = 8;

/// What is asked for the key store.
pub(super) const STORE_PROMPT: &str = "Password of the signer's key store: ";

/// Asks the operator for a password.
pub(crate) trait PromptPassword {
    /// Whether there is somebody to ask.
    fn is_possible(&self) -> bool;

    /// The answer to this; `None` if there is nobody to ask.
    fn prompt(&self, text: &str) -> Option<io::Result<Zeroizing<String>>>;
}

/// Asks on the terminal, if there is one.
pub(crate) struct TerminalPrompt;

impl PromptPassword for TerminalPrompt {
    fn is_possible(&self) -> bool {
        io::stdin().is_terminal()
    }

    fn prompt(&self, text: &str) -> Option<io::Result<Zeroizing<String>>> {
        self.is_possible()
            .then(|| rpassword::prompt_password(text).map(Zeroizing::new))
    }
}

/// The password in a file. A newline at its end does not count.
pub(super) fn read_file(path: &Path) -> io::Result<Zeroizing<String>> {
    let text = std::fs::read_to_string(path).map(Zeroizing::new)?;
    let password = text.strip_suffix('\n').unwrap_or(&text);
    let password = password.strip_suffix('\r').unwrap_or(password);
    Ok(Zeroizing::new(password.into()))
}
