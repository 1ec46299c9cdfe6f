//! The directory of a rollout.

use std::cell::RefCell;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::error::RolloutError;
use crate::artifacts::{is_in_place, replace_file};
use crate::checksum::sha256_of;
use crate::inside::inside;
use crate::regular_file;

/// The file by which the directory of a rollout is known.
pub(super) const DESCRIPTION: &str = "rollout.json";
/// Everything that may be in it: what is written, and what carrying it out leaves.
const ENTRIES: [&str; 8] = [
    "README.md",
    DESCRIPTION,
    "ansible",
    "controller",
    "files",
    "nodes",
    "reports",
    "ssh",
];

/// A directory that holds a rollout, or nothing yet.
pub(super) struct Directory<'a> {
    root: &'a Path,
    /// Whether it is only looked at.
    is_dry_run: bool,
    changes: RefCell<Vec<RolloutFile>>,
}

/// A file of a rollout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RolloutFile {
    /// Path below the directory.
    pub name: String,
    /// What happens to it.
    pub change: FileChange,
}

/// What happens to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileChange {
    /// It was not there.
    New,
    /// It had another content, or other permissions.
    Changed,
    /// It is as it was.
    Unchanged,
    /// An earlier rollout had it.
    Removed,
}

impl<'a> Directory<'a> {
    /// Makes it if it is not there, unless it is only looked at.
    ///
    /// # Errors
    /// [`RolloutError::Foreign`] if something else is in it, and [`RolloutError::Unwritable`].
    pub(super) fn open(root: &'a Path, is_dry_run: bool) -> Result<Self, RolloutError> {
        let directory = Self {
            root,
            is_dry_run,
            changes: RefCell::default(),
        };
        if !is_dry_run {
            fs::create_dir_all(root).map_err(|source| unwritable(root, source))?;
        } else if !root.exists() {
            return Ok(directory);
        }
        let entries = fs::read_dir(root).map_err(|source| unwritable(root, source))?;
        let mut is_empty = true;
        for entry in entries {
            let entry = entry.map_err(|source| unwritable(root, source))?;
            let path = entry.path();
            let is_link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
            if is_link || !ENTRIES.iter().any(|known| entry.file_name() == *known) {
                return Err(RolloutError::Foreign { path });
            }
            is_empty = false;
        }
        if !is_empty && !root.join(DESCRIPTION).is_file() {
            let path = root.to_owned();
            return Err(RolloutError::Foreign { path });
        }
        Ok(directory)
    }

    /// Writes a file, unless it is there.
    pub(super) fn write(&self, name: &str, text: &str, mode: u32) -> Result<(), RolloutError> {
        let path = self.path(name)?;
        self.note(name, &path, is_in_place(&path, text.as_bytes(), mode));
        if self.is_dry_run {
            return Ok(());
        }
        replace_file(&path, text.as_bytes(), mode).map_err(|source| unwritable(&path, source))
    }

    /// Copies a program whose sha256 is known, unless it is there.
    pub(super) fn copy(&self, from: &Path, name: &str, sha256: &str) -> Result<(), RolloutError> {
        let path = self.path(name)?;
        let is_there = regular_file::open(&path)
            .and_then(sha256_of)
            .is_ok_and(|(_, found)| found == sha256);
        self.note(name, &path, is_there);
        if is_there || self.is_dry_run {
            return Ok(());
        }
        let mut source = regular_file::open(from).map_err(|source| RolloutError::Unreadable {
            path: from.to_owned(),
            source,
        })?;
        let folder = path.parent().unwrap_or(self.root);
        let copied =
            copy_beside(&mut source, folder).map_err(|source| unwritable(&path, source))?;
        let sum = File::open(copied.path()).and_then(sha256_of);
        if !sum.is_ok_and(|(_, found)| found == sha256) {
            let path = from.to_owned();
            return Err(RolloutError::Changed { path });
        }
        copied
            .persist(&path)
            .map_err(|error| unwritable(&path, error.error))?;
        Ok(())
    }

    /// Removes what an earlier rollout wrote and this one does not have.
    pub(super) fn remove(&self, name: &str) -> Result<(), RolloutError> {
        let path = self.root.join(name);
        let found = fs::symlink_metadata(&path);
        if found.is_ok() {
            self.changed(name, FileChange::Removed);
        }
        let removed = match found {
            Ok(_) if self.is_dry_run => Ok(()),
            Err(_) => Ok(()),
            Ok(found) if found.is_dir() => fs::remove_dir_all(&path),
            Ok(_) => fs::remove_file(&path),
        };
        removed.map_err(|source| unwritable(&path, source))
    }

    /// What happened to its files.
    pub(super) fn into_files(self) -> Vec<RolloutFile> {
        self.changes.into_inner()
    }

    fn note(&self, name: &str, path: &Path, is_there: bool) {
        self.changed(
            name,
            match fs::symlink_metadata(path) {
                _ if is_there => FileChange::Unchanged,
                Ok(_) => FileChange::Changed,
                Err(_) => FileChange::New,
            },
        );
    }

    fn changed(&self, name: &str, change: FileChange) {
        let name = name.to_owned();
        self.changes.borrow_mut().push(RolloutFile { name, change });
    }

    /// The path of a file in it, whose directory is made.
    fn path(&self, name: &str) -> Result<PathBuf, RolloutError> {
        let path = inside(self.root, name);
        let path = path.map_err(|source| unwritable(&self.root.join(name), source))?;
        let folder = path.parent().unwrap_or(self.root);
        match fs::symlink_metadata(folder) {
            Ok(found) if found.is_symlink() => {
                let path = folder.to_owned();
                return Err(RolloutError::Foreign { path });
            }
            _ if self.is_dry_run => {}
            _ => fs::create_dir_all(folder).map_err(|source| unwritable(folder, source))?,
        }
        Ok(path)
    }
}

fn copy_beside(source: &mut File, folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut copy = tempfile::Builder::new()
        .prefix(".kmembuild-")
        .tempfile_in(folder)?;
    let size = source.metadata()?.len();
    // Not more than there was: it may be written to.
    io::copy(&mut source.take(size), &mut copy)?;
    copy.flush()?;
    let permissions = fs::Permissions::from_mode(0o755);
    copy.as_file().set_permissions(permissions)?;
    copy.as_file().sync_all()?;
    Ok(copy)
}

fn unwritable(path: &Path, source: io::Error) -> RolloutError {
    RolloutError::Unwritable {
        path: path.to_owned(),
        source,
    }
}
