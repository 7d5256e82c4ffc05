//! What the signer needs of the machine: an address to listen on, and a place to keep its key store.
//! Looked at before the node starts, and nothing is changed; it is taken later.

use std::{
    fs,
    io::{self, ErrorKind},
    net::{SocketAddr, TcpListener},
    path::Path,
};

/// Whether the signer could listen there now.
pub(super) fn can_listen(address: SocketAddr) -> io::Result<()> {
    TcpListener::bind(address).map(drop)
}

/// What to do about an address that the signer cannot listen on.
pub(super) fn instead(reason: &io::Error) -> &'static str {
    match reason.kind() {
        ErrorKind::AddrInUse => {
            "stop the program that listens there, which may be another node, or choose another port"
        }
        ErrorKind::AddrNotAvailable => {
            "choose one of this machine's addresses, or 0.0.0.0 for all that it has"
        }
        ErrorKind::PermissionDenied => "choose a port that needs no privileges, above 1023",
        _ => "choose another address",
    }
}

/// Whether the signer could use the key store of this path, or make it.
pub(super) fn can_keep(store: &Path) -> io::Result<()> {
    if store.try_exists()? {
        return can_write(store, Kind::File);
    }
    // Folders are made with it, in the nearest one that is there.
    for folder in store.ancestors().skip(1) {
        let folder = match folder.as_os_str().is_empty() {
            true => Path::new("."),
            false => folder,
        };
        match fs::metadata(folder) {
            Ok(found) if found.is_dir() => return can_write(folder, Kind::Folder),
            Ok(_) => return Err(ErrorKind::NotADirectory.into()),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Err(ErrorKind::NotFound.into())
}

/// What is to be written.
#[derive(Clone, Copy)]
enum Kind {
    File,
    Folder,
}

/// Asks the system, rather than for the file's mode: there are access lists, file systems that are
/// read-only, and root.
#[cfg(unix)]
fn can_write(path: &Path, kind: Kind) -> io::Result<()> {
    use rustix::fs::{access, Access};
    let wanted = match kind {
        Kind::File => Access::READ_OK | Access::WRITE_OK,
        Kind::Folder => Access::WRITE_OK | Access::EXEC_OK,
    };
    access(path, wanted).map_err(io::Error::from)
}

#[cfg(not(unix))]
fn can_write(_: &Path, _: Kind) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn an_address_that_somebody_has_is_told_from_one_that_is_elsewhere() {
        let somebody = TcpListener::bind("127.0.0.1:0").unwrap();
        let taken = somebody.local_addr().unwrap();
        let refused = can_listen(taken).unwrap_err();
        assert!(instead(&refused).contains("another port"), "{refused}");
        drop(somebody);
        can_listen(taken).unwrap();
        // As often as one likes: it lets go of it.
        can_listen(taken).unwrap();
        // Of a network that is for documentation.
        let refused = can_listen("192.0.2.1:0".parse().unwrap()).unwrap_err();
        assert!(instead(&refused).contains("this machine"), "{refused}");
    }

    #[test]
    fn a_store_can_be_kept_where_there_is_a_folder_or_one_can_be_made() {
        let folder = tempfile::tempdir().unwrap();
        for place in ["store", "a/store", "a/b/c/store"] {
            can_keep(&folder.path().join(place)).unwrap();
        }
        // Nothing was made.
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        can_keep(Path::new("store")).unwrap();
        fs::write(folder.path().join("file"), "").unwrap();
        can_keep(&folder.path().join("file")).unwrap();
        for place in ["file/store", "file/a/store"] {
            let refused = can_keep(&folder.path().join(place)).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::NotADirectory, "{place}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_store_cannot_be_kept_where_nobody_may_write() {
        // Not even root, whom no mode keeps from it.
        let refused = can_keep(Path::new("/proc/sys/signer/store"));
        assert!(refused.is_err());
    }
}
