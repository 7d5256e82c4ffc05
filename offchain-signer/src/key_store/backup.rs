//! A backup: all that a store holds, and the node's session keys, sealed in one file.
//!
//! ```text
//! "signing-network/backup" ‖ header ‖ check ‖ body
//! header = format, genesis hash, salt, costs of Argon2id      in the clear, as a store's
//! check  = nothing, sealed                                    tells a wrong password
//! body   = Payload in SCALE, sealed
//! ```
//! It is sealed as the store is (see [`Password`]), under a password and a salt of its own. The format
//! is part of what the seals are bound to.

mod error;
mod files;
mod payload;

pub use error::BackupError;

use super::{
    seal::{Header, Name, Place},
    Contents, KeyStoreError, Overview, Password, PasswordCost,
};
use codec::{Decode, DecodeAll, Encode};
use core::fmt;
use payload::Payload;
use sp_core::H256;
use std::path::Path;
use zeroize::Zeroizing;

const MAGIC: &[u8; 22] = b"signing-network/backup";
/// The format that this program writes and reads.
const FORMAT: u8 = 1;
/// A sealed record of nothing: nonce and tag.
const CHECK_BYTES: usize = 24 + 16;
/// No backup is larger. A store has some hundred kilobytes, and half a megabyte for each report.
const MAX_BYTES: usize = 64 * 1024 * 1024;
/// No session key's file is larger.
pub const MAX_SESSION_KEY_BYTES: usize = 4096;

const CHECK: Place = Place {
    table: "backup check",
    name: Name::Number(FORMAT as u32),
};
const BODY: Place = Place {
    table: "backup",
    name: Name::Number(FORMAT as u32),
};

/// One of the node's session keys, as its keystore has it.
#[derive(Clone, Eq, PartialEq)]
pub struct SessionKey {
    /// What it is for: `sign`, `babe` and so on.
    pub key_type: [u8; 4],
    /// The public key.
    pub public: [u8; 32],
    /// What the keystore's file says, no more than [`MAX_SESSION_KEY_BYTES`]: secret.
    pub file: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionKey")
            .field("key_type", &String::from_utf8_lossy(&self.key_type))
            .field("public", &hex::encode(self.public))
            .finish_non_exhaustive()
    }
}

/// All that a store holds, and the session keys without which it is of no use.
#[derive(Clone, Debug)]
pub struct Backup {
    made_at: u64,
    contents: Contents,
    session_keys: Vec<SessionKey>,
}

impl Backup {
    /// The format that this program writes and reads.
    pub const FORMAT: u8 = FORMAT;

    /// A backup of these, made so many seconds after 1970 began.
    pub fn new(contents: Contents, session_keys: Vec<SessionKey>, made_at: u64) -> Self {
        Self {
            made_at,
            contents,
            session_keys,
        }
    }

    /// When it was made, seconds after 1970 began.
    pub fn made_at(&self) -> u64 {
        self.made_at
    }

    /// The chain.
    pub fn genesis_hash(&self) -> H256 {
        self.contents.genesis_hash
    }

    /// What the store held.
    pub fn contents(&self) -> &Contents {
        &self.contents
    }

    /// What it holds of the store, without its secrets.
    pub fn overview(&self) -> Result<Overview, KeyStoreError> {
        self.contents.overview()
    }

    /// The session keys.
    pub fn session_keys(&self) -> &[SessionKey] {
        &self.session_keys
    }

    /// Writes it to a file that only its owner may read, and returns when it is on disk. Another file
    /// of that name stays, unless `force` is set; a crash leaves that one or the new one.
    pub fn write(
        &self,
        path: impl AsRef<Path>,
        password: &Password,
        cost: PasswordCost,
        force: bool,
    ) -> Result<(), BackupError> {
        let sealed = self.seal(password, cost)?;
        files::write(path.as_ref(), &sealed, force)
    }

    /// Reads a file.
    pub fn read(path: impl AsRef<Path>, password: &Password) -> Result<Self, BackupError> {
        Self::open(&files::read(path.as_ref())?, password)
    }

    fn seal(&self, password: &Password, cost: PasswordCost) -> Result<Vec<u8>, BackupError> {
        let payload = Payload::of(self);
        // Of the right size at once: nothing is left behind by a vector that grows.
        let mut plaintext = Zeroizing::new(Vec::with_capacity(payload.encoded_size()));
        payload.encode_to(&mut *plaintext);
        let header = Header::of_format(FORMAT, self.contents.genesis_hash, cost);
        let sealer = header.sealer(password)?;
        let check = sealer.seal(CHECK, &[])?;
        let body = sealer.seal(BODY, &plaintext)?;
        let sealed = [&MAGIC[..], &header.encode(), &check, &body].concat();
        match sealed.len() <= MAX_BYTES {
            true => Ok(sealed),
            false => Err(BackupError::TooLarge),
        }
    }

    fn open(bytes: &[u8], password: &Password) -> Result<Self, BackupError> {
        let bytes = bytes.strip_prefix(MAGIC).ok_or(BackupError::NoBackup)?;
        let format = *bytes.first().ok_or(BackupError::Damaged)?;
        if format != FORMAT {
            return Err(BackupError::UnknownFormat {
                found: format,
                known: FORMAT,
            });
        }
        let mut rest = bytes;
        let header = Header::decode(&mut rest).map_err(|_| BackupError::Damaged)?;
        let (check, body) = rest
            .split_at_checked(CHECK_BYTES)
            .ok_or(BackupError::Damaged)?;
        let sealer = header.sealer(password)?;
        sealer
            .open(CHECK, check)
            .map_err(|_| BackupError::WrongPassword)?;
        let plaintext = sealer.open(BODY, body).map_err(|_| BackupError::Damaged)?;
        let payload =
            Payload::decode_all(&mut plaintext.as_slice()).map_err(|_| BackupError::Malformed)?;
        let backup = payload.into_backup(header.genesis_hash)?;
        backup.overview()?;
        Ok(backup)
    }
}

#[cfg(test)]
pub(super) mod tests;
