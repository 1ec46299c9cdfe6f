//! A directory of metadata that is replaced in one step.

use std::fs::{self, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use tempfile::TempDir;

use super::pool::sync_directory;
use crate::inside::inside;

/// A new directory beside the one that it replaces.
pub(super) struct NewDirectory {
    folder: TempDir,
    place: PathBuf,
}

impl NewDirectory {
    /// An empty one for `place`.
    pub(super) fn new(place: &Path) -> io::Result<Self> {
        let above = place.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(above)?;
        let folder = tempfile::Builder::new()
            .prefix(".kmembuild-")
            .permissions(Permissions::from_mode(0o755))
            .tempdir_in(above)?;
        Ok(Self {
            folder,
            place: place.to_owned(),
        })
    }

    /// Writes a file.
    pub(super) fn write(&self, path: &str, content: &[u8]) -> io::Result<()> {
        let path = inside(self.folder.path(), path)?;
        if let Some(above) = path.parent() {
            fs::create_dir_all(above)?;
        }
        let mut file = fs::File::create(&path)?;
        file.write_all(content)?;
        // The user's umask does not apply: the readers are others.
        file.set_permissions(Permissions::from_mode(0o644))?;
        file.sync_all()
    }

    /// Whether it has a file.
    pub(super) fn has(&self, path: &str) -> bool {
        inside(self.folder.path(), path).is_ok_and(|path| path.exists())
    }

    /// Exchanges it with what is in its place, which is removed.
    pub(super) fn publish(self) -> io::Result<()> {
        for folder in folders_below(self.folder.path())? {
            fs::set_permissions(&folder, Permissions::from_mode(0o755))?;
            sync_directory(&folder)?;
        }
        let new = self.folder.path();
        if !self.place.exists() {
            let new = self.folder.keep();
            return fs::rename(&new, &self.place).inspect_err(|_| {
                let _ = fs::remove_dir_all(&new);
            });
        }
        match renameat_with(CWD, new, CWD, &self.place, RenameFlags::EXCHANGE) {
            Ok(()) => {}
            // Some network file systems cannot: there is no repository for a moment.
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {
                let above = self.place.parent().unwrap_or(Path::new("."));
                let aside = tempfile::Builder::new()
                    .prefix(".kmembuild-")
                    .tempdir_in(above)?;
                let old = aside.path().join("old");
                fs::rename(&self.place, &old)?;
                if let Err(error) = fs::rename(new, &self.place) {
                    fs::rename(&old, &self.place)?;
                    return Err(error);
                }
            }
            Err(error) => return Err(error.into()),
        }
        if let Some(above) = self.place.parent() {
            sync_directory(above)?;
        }
        Ok(())
    }
}

/// A directory and all below it, the lowest first.
fn folders_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            found.extend(folders_below(&entry.path())?);
        }
    }
    found.push(folder.to_owned());
    Ok(found)
}
