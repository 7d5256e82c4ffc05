//! Passwords: from a file, or from whoever sits at the terminal.

use std::{
    env,
    ffi::OsStr,
    fs::{File, Metadata},
    io::{self, IsTerminal, Read},
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// The key store's password on development and local chains if none is given. Everybody knows it.
pub(crate) const INSECURE_DEV_PASSWORD: &str = "insecure development password";

/// The shortest password that is taken, bytes. It protects shares of the network key.
pub(super) const MIN_PASSWORD_LEN: usize = 8;

/// What is asked for the key store that is there.
pub(super) const STORE_PROMPT: &str = "Password of the signer's key store: ";

/// What is asked for the key store that is about to be made.
pub(super) const NEW_STORE_PROMPT: &str = "Password for the signer's key store, which is new: ";

/// What is asked after that: whatever is sealed with a password that nobody meant to type is lost.
pub(super) const AGAIN_PROMPT: &str = "The same once more: ";

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

/// What becomes of a password's file that others than its owner can read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum OpenFile {
    /// It is refused.
    Refuse,
    /// It is taken, and the log says so.
    Warn,
}

impl OpenFile {
    /// On a chain that is for development, or on another one.
    pub(super) fn on(is_for_development: bool) -> Self {
        match is_for_development {
            true => Self::Warn,
            false => Self::Refuse,
        }
    }
}

/// Why the password in a file is not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum PasswordFileError {
    /// The file could not be read.
    #[error("cannot be read")]
    Unreadable(#[from] io::Error),
    /// Others than its owner can read it, or write it.
    #[error(
        "others on this machine can read or write it (its mode is {mode:04o}): chmod 600 {}",
        path.display()
    )]
    Open {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
}

/// The password in a file. A newline at its end does not count.
pub(super) fn read_file(
    path: &Path,
    open_file: OpenFile,
) -> Result<Zeroizing<String>, PasswordFileError> {
    let mut file = File::open(path)?;
    let credentials = env::var_os("CREDENTIALS_DIRECTORY");
    let is_credential = is_below(path, credentials.as_deref());
    if let Some(mode) = open_mode(&file.metadata()?, is_credential) {
        let open = PasswordFileError::Open {
            path: path.to_owned(),
            mode,
        };
        match open_file {
            OpenFile::Refuse => return Err(open),
            OpenFile::Warn => log::warn!("The password file {}: {open}", path.display()),
        }
    }
    let mut text = Zeroizing::new(String::new());
    file.read_to_string(&mut text)?;
    let password = text.strip_suffix('\n').unwrap_or(&text);
    let password = password.strip_suffix('\r').unwrap_or(password);
    Ok(Zeroizing::new(password.into()))
}

/// Whether the file is in that directory: the one in which systemd hands secrets to a service.
fn is_below(path: &Path, directory: Option<&OsStr>) -> bool {
    directory.is_some_and(|directory| !directory.is_empty() && path.starts_with(directory))
}

/// The mode of a file that others than its owner can read or write; `None` if nobody else can, or if
/// it is no file, but a pipe for example.
#[cfg(unix)]
fn open_mode(file: &Metadata, is_credential: bool) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    let mode = file.permissions().mode() & 0o777;
    // A credential belongs to root and has an access list, which names the service's user. The mask of
    // that list stands where the group's permissions do.
    let others = if is_credential { 0o006 } else { 0o066 };
    (file.is_file() && mode & others != 0).then_some(mode)
}

#[cfg(not(unix))]
fn open_mode(_: &Metadata, _: bool) -> Option<u32> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use std::{
        fs::{self, Permissions},
        os::unix::fs::PermissionsExt,
    };

    fn with_mode(mode: u32) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "correct horse\n").unwrap();
        fs::set_permissions(file.path(), Permissions::from_mode(mode)).unwrap();
        file
    }

    #[test]
    fn a_file_that_others_can_read_or_write_is_refused() {
        for mode in [0o600, 0o400, 0o700] {
            let file = with_mode(mode);
            let password = read_file(file.path(), OpenFile::Refuse).unwrap();
            assert_eq!(password.as_str(), "correct horse");
        }
        for mode in [0o644, 0o640, 0o604, 0o620, 0o602, 0o440] {
            let file = with_mode(mode);
            let refused = read_file(file.path(), OpenFile::Refuse).unwrap_err();
            let told = refused.to_string();
            let todo = format!("chmod 600 {}", file.path().display());
            assert!(told.contains(&todo), "{told}");
            assert!(told.contains(&format!("{mode:04o}")), "{told}");
            // Where it is no secret.
            read_file(file.path(), OpenFile::Warn).unwrap();
        }
    }

    #[test]
    fn what_systemd_hands_over_has_an_access_list() {
        let of = |mode, is_credential| {
            let file = with_mode(mode);
            open_mode(&file.as_file().metadata().unwrap(), is_credential)
        };
        assert_eq!(of(0o440, true), None);
        assert_eq!(of(0o440, false), Some(0o440));
        assert_eq!(of(0o444, true), Some(0o444));

        let directory = Some(OsStr::new("/run/credentials/signing-node.service"));
        let is_credential = |path| is_below(Path::new(path), directory);
        assert!(is_credential(
            "/run/credentials/signing-node.service/password"
        ));
        assert!(!is_credential(
            "/run/credentials/signing-node.service2/password"
        ));
        assert!(!is_credential("/etc/signing-node/password"));
        for nowhere in [None, Some(OsStr::new(""))] {
            assert!(!is_below(Path::new("/etc/signing-node/password"), nowhere));
            assert!(!is_below(Path::new("password"), nowhere));
        }
    }

    #[test]
    fn a_pipe_is_nobodys_file() {
        // As in a shell's --signer-password-file <(…).
        let (reader, writer) = io::pipe().unwrap();
        drop(writer);
        let reader = File::from(std::os::fd::OwnedFd::from(reader));
        assert_eq!(open_mode(&reader.metadata().unwrap(), false), None);
    }
}
