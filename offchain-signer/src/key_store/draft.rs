//! A file in the making: it gets its name only when all of it is on disk.

use rand_core::{OsRng, RngCore};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

/// A file in the making, beside the place that it is for. Removed when dropped; a crash leaves it.
pub(super) struct Draft {
    path: PathBuf,
    place: PathBuf,
}

impl Draft {
    /// Makes the folder too, if need be.
    pub(super) fn beside(place: &Path) -> io::Result<Self> {
        let mut name = place
            .file_name()
            .ok_or_else(|| io::Error::from(ErrorKind::IsADirectory))?
            .to_owned();
        name.push(format!(".new-{:016x}", OsRng.next_u64()));
        fs::create_dir_all(folder(place))?;
        Ok(Self {
            path: place.with_file_name(name),
            place: place.to_owned(),
        })
    }

    /// The file, empty, for its owner only.
    pub(super) fn open_new(&self) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&self.path)
    }

    /// Puts the file in its place, unless there is something: then it answers `false`. A hard link
    /// never replaces anything; where there are none, a look before the renaming has to do.
    pub(super) fn publish(self) -> io::Result<bool> {
        File::open(&self.path)?.sync_all()?;
        let published = match fs::hard_link(&self.path, &self.place) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => false,
            Err(_) if !self.place.try_exists()? => {
                fs::rename(&self.path, &self.place)?;
                true
            }
            other => other.map(|()| true)?,
        };
        let folder = folder(&self.place).to_owned();
        drop(self);
        sync_folder(&folder)?;
        Ok(published)
    }

    /// Puts the file in its place, whatever is there: a crash leaves the one or the other. `between`
    /// is called after each step.
    pub(super) fn replace(self, mut between: impl FnMut()) -> io::Result<()> {
        File::open(&self.path)?.sync_all()?;
        between();
        fs::rename(&self.path, &self.place)?;
        between();
        sync_folder(folder(&self.place))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

fn folder(place: &Path) -> &Path {
    match place.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
