//! The files of the node's session keys: a share is its party's, and the party is a session key.
//!
//! A keystore is a folder with a file for each key, named by its type and public half in hexadecimal.
//! What the file says is taken as it is: a phrase or seed, which may need a password of its own.

use super::{draft::Draft, SessionKey, MAX_SESSION_KEY_BYTES};
use std::{
    fs::{self, File},
    io::{self, ErrorKind, Read, Write},
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// Why the files of session keys cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionKeyError {
    /// The file is larger than any key's.
    #[error("{path} is no session key: it is too large", path = path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The keystore has another file for the same key.
    #[error("{path} is there already, and says something else than the backup. Nothing was changed", path = path.display())]
    Differs {
        /// The file.
        path: PathBuf,
    },
    /// The file system failed.
    #[error("the keystore's {path} cannot be read or written", path = path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
}

impl SessionKey {
    /// Reads the keys of these types; none if there is no such folder.
    pub fn read_all(folder: &Path, types: &[[u8; 4]]) -> Result<Vec<Self>, SessionKeyError> {
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(|source| failed(folder, source))?,
        };
        let mut keys = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|source| failed(folder, source))?;
            let Some((key_type, public)) = entry.file_name().to_str().and_then(parse_name) else {
                continue;
            };
            if types.contains(&key_type) {
                let file = read(&entry.path())?;
                keys.push(Self {
                    key_type,
                    public,
                    file,
                });
            }
        }
        keys.sort_by_key(|key| (key.key_type, key.public));
        Ok(keys)
    }

    /// Those of the keys that a keystore lacks; an error if it has another file for one of them.
    pub fn missing<'a>(folder: &Path, keys: &'a [Self]) -> Result<Vec<&'a Self>, SessionKeyError> {
        let mut missing = Vec::new();
        for key in keys {
            let path = folder.join(key.name());
            match path.try_exists().map_err(|source| failed(&path, source))? {
                false => missing.push(key),
                true if read(&path)? == key.file => {}
                true => return Err(SessionKeyError::Differs { path }),
            }
        }
        Ok(missing)
    }

    /// Puts the key into a keystore that lacks it, for its owner only, and returns when it is on disk.
    pub fn write(&self, folder: &Path) -> Result<(), SessionKeyError> {
        let path = folder.join(self.name());
        let failed = |source| failed(&path, source);
        let draft = Draft::beside(&path).map_err(failed)?;
        let mut file = draft.open_new().map_err(failed)?;
        file.write_all(&self.file).map_err(failed)?;
        drop(file);
        match draft.publish().map_err(failed)? {
            true => Ok(()),
            false => Err(SessionKeyError::Differs { path }),
        }
    }

    fn name(&self) -> String {
        hex::encode(self.key_type) + &hex::encode(self.public)
    }
}

fn parse_name(name: &str) -> Option<([u8; 4], [u8; 32])> {
    let bytes = hex::decode(name).ok()?;
    let (key_type, public) = bytes.split_at_checked(4)?;
    Some((key_type.try_into().ok()?, public.try_into().ok()?))
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, SessionKeyError> {
    let failed = |source| failed(path, source);
    // One byte more than a key may have, and no growing vector that leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_SESSION_KEY_BYTES + 1));
    let file = File::open(path).map_err(failed)?;
    file.take(MAX_SESSION_KEY_BYTES as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    match bytes.len() <= MAX_SESSION_KEY_BYTES {
        true => Ok(bytes),
        false => Err(SessionKeyError::TooLarge {
            path: path.to_owned(),
        }),
    }
}

fn failed(path: &Path, source: io::Error) -> SessionKeyError {
    SessionKeyError::Io {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn key(key_type: &[u8; 4], text: &str) -> SessionKey {
        SessionKey {
            key_type: *key_type,
            public: [0xab; 32],
            file: Zeroizing::new(text.as_bytes().to_vec()),
        }
    }

    #[test]
    fn keys_come_back_as_they_were() {
        let folder = tempfile::tempdir().unwrap();
        let folder = &folder.path().join("keystore");
        assert!(SessionKey::read_all(folder, &[*b"sign"])
            .unwrap()
            .is_empty());
        let keys = [key(b"babe", "\"//a\""), key(b"sign", "\"//b\"")];
        assert_eq!(SessionKey::missing(folder, &keys).unwrap().len(), 2);
        for key in &keys {
            key.write(folder).unwrap();
        }
        key(b"acco", "\"not a session key\"").write(folder).unwrap();
        fs::write(folder.join("README"), "not a key").unwrap();
        fs::write(folder.join("7369676e"), "a type alone").unwrap();
        let read = SessionKey::read_all(folder, &[*b"sign", *b"babe"]).unwrap();
        assert_eq!(read, keys);
        assert!(SessionKey::missing(folder, &keys).unwrap().is_empty());
        // As the node's keystore names it.
        let name = format!("7369676e{}", "ab".repeat(32));
        let mode = fs::metadata(folder.join(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn no_key_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        key(b"sign", "first").write(folder.path()).unwrap();
        let second = key(b"sign", "second");
        for result in [
            SessionKey::missing(folder.path(), std::slice::from_ref(&second)).map(|_| ()),
            second.write(folder.path()),
        ] {
            assert!(matches!(result, Err(SessionKeyError::Differs { .. })));
        }
        let read = SessionKey::read_all(folder.path(), &[*b"sign"]).unwrap();
        assert_eq!(read[0].file.as_slice(), b"first");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_without_end_is_no_key() {
        let folder = tempfile::tempdir().unwrap();
        let name = key(b"sign", "").name();
        std::os::unix::fs::symlink("/dev/zero", folder.path().join(name)).unwrap();
        assert!(matches!(
            SessionKey::read_all(folder.path(), &[*b"sign"]),
            Err(SessionKeyError::TooLarge { .. })
        ));
    }
}
