//! Looks up, takes and stores results.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::entry::{ENTRY, ENTRY_FORMAT, Entry, EntryFile, file_sha256};
use super::place::place_file;
use super::secret::Secret;
use crate::inside::inside;
use crate::regular_file;

/// Largest list of files in bytes; real ones have a few thousand.
const LARGEST_LIST: u64 = 1 << 20;

/// Digits of a content key in the name of its lock file.
const LOCK_DIGITS: usize = 16;

/// The results stored in a directory.
#[derive(Debug, Clone)]
pub struct Results {
    pub(super) folder: PathBuf,
    locks: PathBuf,
    secret: Secret,
}

/// The result of removing an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// It was removed.
    Done,
    /// A running build uses it.
    InUse,
}

/// Why an entry cannot be used: the file and its problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The file.
    pub file: PathBuf,
    /// The problem.
    pub reason: String,
}

impl std::fmt::Display for Damage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.file.display(), self.reason)
    }
}

impl Results {
    /// The results in `folder`, which need not exist; `locks` is a directory for lock files, `secret` the file with the secret
    /// that makes entries this cache's own, which is made with the first entry.
    pub fn new(folder: PathBuf, locks: PathBuf, secret: PathBuf) -> Self {
        let secret = Secret(secret);
        Self {
            folder,
            locks,
            secret,
        }
    }

    /// The directory of all entries.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The lock file of a content key: exclusive for a run that builds it, shared for a run that takes it.
    pub fn lock_file(&self, key: &str) -> PathBuf {
        let short = key.get(..LOCK_DIGITS).unwrap_or(key);
        self.locks.join(format!("result-{short}.lock"))
    }

    /// Protects the entry of `key` from being pruned until the file is dropped. `None` if another run is building it, or if no
    /// lock file can be made: such an entry can still be taken, because it is compared with its list then.
    pub fn hold(&self, key: &str) -> Option<File> {
        fs::create_dir_all(&self.locks).ok()?;
        let lock = self.open_lock(key, true).ok()?;
        lock.try_lock_shared().is_ok().then_some(lock)
    }

    /// Opened for writing: some network file systems only lock such files.
    fn open_lock(&self, key: &str, create: bool) -> io::Result<File> {
        let mut options = File::options();
        options.read(true).write(true).create(create);
        options.truncate(false).open(self.lock_file(key))
    }

    /// The directory of the entry of `key`.
    pub fn entry_folder(&self, key: &str) -> PathBuf {
        self.folder.join(key)
    }

    /// The entry of `key`, from its list only; its files are not read. `None` if there is no such entry.
    ///
    /// # Errors
    /// The [`Damage`] if the list cannot be used.
    pub fn look_up(&self, key: &str) -> Result<Option<Entry>, Damage> {
        let path = self.entry_folder(key).join(ENTRY);
        let damage = |reason: String| Damage {
            file: path.clone(),
            reason,
        };
        let text = match regular_file::read(&path, LARGEST_LIST) {
            Ok(text) => text,
            // An entry without a list is unfinished.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(damage(error.to_string())),
        };
        let entry: Entry = serde_json::from_slice(&text)
            .map_err(|error| damage(format!("not a valid list of files: {error}")))?;
        let whole = entry.format == ENTRY_FORMAT && entry.key == key;
        let known = |file: &EntryFile| {
            let plain = !file.name.contains('/') && !file.name.starts_with('.');
            plain && matches!(file.mode, 0o644 | 0o755)
        };
        if !whole || !entry.files.iter().all(known) {
            return Err(damage("the list of another entry".to_owned()));
        }
        match self.secret.accepts(&entry.unsealed(), &entry.mac) {
            Ok(true) => {}
            Ok(false) => return Err(damage("it was not written by this cache".to_owned())),
            Err(error) => return Err(damage(format!("could not be checked: {error}"))),
        }
        Ok(Some(entry))
    }

    /// Compares the files of an entry with its list.
    ///
    /// # Errors
    /// The first [`Damage`].
    pub fn check(&self, entry: &Entry) -> Result<(), Damage> {
        self.check_metadata(entry)?;
        let folder = self.entry_folder(&entry.key);
        let mut files = entry.files.iter();
        files.try_for_each(|file| self.check_placed(entry, file, &folder, None))
    }

    fn damage(&self, entry: &Entry, file: &EntryFile, reason: String) -> Damage {
        Damage {
            file: self.entry_folder(&entry.key).join(&file.name),
            reason,
        }
    }

    /// Before anything is read or copied: what has another size may have any.
    fn check_metadata(&self, entry: &Entry) -> Result<(), Damage> {
        let folder = self.entry_folder(&entry.key);
        for file in &entry.files {
            let damage = |reason: String| self.damage(entry, file, reason);
            let metadata = inside(&folder, &file.name)
                .and_then(fs::symlink_metadata)
                .map_err(|error| damage(error.to_string()))?;
            if !metadata.is_file() {
                return Err(damage("it is not a regular file".to_owned()));
            }
            if metadata.len() != file.size {
                let (is, was) = (metadata.len(), file.size);
                return Err(damage(format!("{is} bytes instead of {was}")));
            }
            let mode = metadata.permissions().mode() & 0o7777;
            if mode != file.mode {
                let was = file.mode;
                return Err(damage(format!("mode {mode:o} instead of {was:o}")));
            }
        }
        Ok(())
    }

    fn check_content(&self, entry: &Entry, file: &EntryFile, sha256: &str) -> Result<(), Damage> {
        if sha256 == file.sha256 {
            return Ok(());
        }
        let was = &file.sha256;
        Err(self.damage(entry, file, format!("sha256 {sha256} instead of {was}")))
    }

    /// Puts the files of an entry into `folder`. They may be damaged: [`Results::check_placed`] says whether they are.
    ///
    /// # Errors
    /// [`TakeError::Damaged`] if that is seen without reading them, or the system's error for the directory. A part of
    /// the files may be in `folder` then.
    pub fn place(&self, entry: &Entry, folder: &Path) -> Result<(), TakeError> {
        self.check_metadata(entry).map_err(TakeError::Damaged)?;
        let from = self.entry_folder(&entry.key);
        for file in &entry.files {
            inside(&from, &file.name)
                .and_then(|from| place_file(&from, &inside(folder, &file.name)?, file.mode))
                .map_err(|source| TakeError::Unwritable {
                    path: folder.join(&file.name),
                    source,
                })?;
        }
        Ok(())
    }

    /// Compares a file that [`Results::place`] put into `folder` with the entry. Its digest may be `known`.
    ///
    /// # Errors
    /// The [`Damage`].
    pub fn check_placed(
        &self,
        entry: &Entry,
        file: &EntryFile,
        folder: &Path,
        known: Option<&String>,
    ) -> Result<(), Damage> {
        if let Some(sha256) = known {
            return self.check_content(entry, file, sha256);
        }
        let sha256 = inside(folder, &file.name)
            .and_then(|path| file_sha256(&path))
            .map_err(|error| self.damage(entry, file, error.to_string()))?;
        self.check_content(entry, file, &sha256)
    }

    /// Records that the entry was used, for pruning by age.
    pub fn note_use(&self, key: &str) {
        // A read-only cache can still be used.
        if let Ok(list) = File::options()
            .append(true)
            .open(self.entry_folder(key).join(ENTRY))
        {
            let _ = list.set_modified(SystemTime::now());
        }
    }

    /// Stores the files `names` in `folder` as `entry`, whose files are filled in. `run` makes the name of the unfinished
    /// entry unique.
    ///
    /// # Errors
    /// The system's error; nothing is stored then.
    pub fn store(
        &self,
        mut entry: Entry,
        folder: &Path,
        names: &[String],
        run: &str,
    ) -> io::Result<Entry> {
        let partial = self.folder.join(format!(".{}.partial-{run}", entry.key));
        let finish = || {
            fs::create_dir_all(&partial)?;
            entry.files = names
                .iter()
                .map(|name| {
                    let (from, to) = (inside(folder, name)?, inside(&partial, name)?);
                    place_file(&from, &to, mode_of(&from)?)?;
                    EntryFile::read(&partial, name)
                })
                .collect::<io::Result<_>>()?;
            entry.files.sort_by(|a, b| a.name.cmp(&b.name));
            entry.mac = self.secret.mac(&entry.unsealed())?;
            fs::write(partial.join(ENTRY), crate::plan::canonical_json(&entry))?;
            let place = self.entry_folder(&entry.key);
            // An existing entry may be damaged, and is no better than the new one, which was just verified.
            if place.exists() {
                fs::remove_dir_all(&place)?;
            }
            fs::rename(&partial, &place)?;
            Ok(entry)
        };
        let stored = finish();
        if stored.is_err() {
            let _ = fs::remove_dir_all(&partial);
        }
        stored
    }

    /// Whether a running build uses the entry of `key`.
    pub fn is_in_use(&self, key: &str) -> bool {
        // Without a lock file, there was never a run.
        let lock = self.open_lock(key, false);
        lock.is_ok_and(|lock| matches!(lock.try_lock(), Err(TryLockError::WouldBlock)))
    }

    /// Removes the entry of `key`, unless a running build uses it.
    ///
    /// # Errors
    /// The system's error.
    pub fn discard_unless_in_use(&self, key: &str) -> io::Result<Removal> {
        // Held until the entry is gone, so that no run starts to take a part of it.
        let lock = self.open_lock(key, false);
        if let Ok(lock) = &lock
            && matches!(lock.try_lock(), Err(TryLockError::WouldBlock))
        {
            return Ok(Removal::InUse);
        }
        self.discard(key).map(|()| Removal::Done)
    }

    /// Removes the entry of `key`.
    ///
    /// # Errors
    /// The system's error.
    pub fn discard(&self, key: &str) -> io::Result<()> {
        match fs::remove_dir_all(self.entry_folder(key)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            done => done,
        }
    }
}

/// The mode of a stored file: programs can be run, and nobody but the owner changes anything.
fn mode_of(path: &Path) -> io::Result<u32> {
    let mode = fs::symlink_metadata(path)?.permissions().mode();
    Ok(if mode & 0o111 == 0 { 0o644 } else { 0o755 })
}

/// A result that could not be taken from the cache.
#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    /// The entry is damaged.
    #[error("{0}")]
    Damaged(Damage),
    /// A file could not be written.
    #[error("could not write {}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}
