//! Looks results up, takes them out and stores them.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::entry::{ENTRY, ENTRY_FORMAT, Entry, EntryFile};
use super::place::place_file;

/// Digits of a content key in the name of its lock file.
const LOCK_DIGITS: usize = 16;

/// The results that are kept in a folder.
#[derive(Debug, Clone)]
pub struct Results {
    pub(super) folder: PathBuf,
    locks: PathBuf,
}

/// What came of an entry that was to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// It is gone.
    Done,
    /// A live run works with it.
    InUse,
}

/// Why an entry cannot be used: which file of it, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The file.
    pub file: PathBuf,
    /// What is wrong with it.
    pub reason: String,
}

impl std::fmt::Display for Damage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.file.display(), self.reason)
    }
}

impl Results {
    /// The results in `folder`, which need not be there; `locks` is a folder for lock files.
    pub fn new(folder: PathBuf, locks: PathBuf) -> Self {
        Self { folder, locks }
    }

    /// The folder of all entries.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The lock file of a content key. A run that builds it has it for itself, one that takes it out shares it.
    pub fn lock_file(&self, key: &str) -> PathBuf {
        let short = key.get(..LOCK_DIGITS).unwrap_or(key);
        self.locks.join(format!("result-{short}.lock"))
    }

    /// Keeps the entry of `key` from being pruned until the file is dropped. None where another run builds the same, or
    /// where no lock file can be had: such an entry can be taken all the same, and is held against its list then.
    pub fn hold(&self, key: &str) -> Option<File> {
        fs::create_dir_all(&self.locks).ok()?;
        let lock = self.open_lock(key, true).ok()?;
        lock.try_lock_shared().is_ok().then_some(lock)
    }

    /// Opened for writing: some network file systems lock nothing else.
    fn open_lock(&self, key: &str, create: bool) -> io::Result<File> {
        let mut options = File::options();
        options.read(true).write(true).create(create);
        options.truncate(false).open(self.lock_file(key))
    }

    /// Folder of the entry of `key`.
    pub fn entry_folder(&self, key: &str) -> PathBuf {
        self.folder.join(key)
    }

    /// The entry of `key`, as far as its list goes; its files are not looked at. None where there is no such entry.
    ///
    /// # Errors
    /// The [`Damage`] of an entry whose list cannot be used.
    pub fn look_up(&self, key: &str) -> Result<Option<Entry>, Damage> {
        let path = self.entry_folder(key).join(ENTRY);
        let damage = |reason: String| Damage {
            file: path.clone(),
            reason,
        };
        let text = match fs::read(&path) {
            Ok(text) => text,
            // A folder without a list is none that this tool finished.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(damage(error.to_string())),
        };
        let entry: Entry = serde_json::from_slice(&text)
            .map_err(|error| damage(format!("it is not the list of an entry: {error}")))?;
        let whole = entry.format == ENTRY_FORMAT && entry.key == key;
        let inside = |file: &EntryFile| !file.name.contains('/') && !file.name.starts_with('.');
        if !whole || !entry.files.iter().all(inside) {
            return Err(damage("it is the list of something else".to_owned()));
        }
        Ok(Some(entry))
    }

    /// Holds the files of an entry against its list.
    ///
    /// # Errors
    /// The first [`Damage`].
    pub fn check(&self, entry: &Entry) -> Result<(), Damage> {
        let folder = self.entry_folder(&entry.key);
        for file in &entry.files {
            let damage = |reason: String| Damage {
                file: folder.join(&file.name),
                reason,
            };
            let found =
                EntryFile::read(&folder, &file.name).map_err(|error| damage(error.to_string()))?;
            if found.size != file.size {
                let (is, was) = (found.size, file.size);
                return Err(damage(format!("it has {is} bytes instead of {was}")));
            }
            if found.sha256 != file.sha256 {
                let (is, was) = (found.sha256, &file.sha256);
                return Err(damage(format!("its sha256 is {is} instead of {was}")));
            }
            if found.mode != file.mode {
                let (is, was) = (found.mode, file.mode);
                return Err(damage(format!("its mode is {is:o} instead of {was:o}")));
            }
        }
        Ok(())
    }

    /// Checks an entry and puts its files into `folder`. Notes that the entry was used.
    ///
    /// # Errors
    /// [`TakeError::Damaged`], or what the system says of the folder.
    pub fn take(&self, entry: &Entry, folder: &Path) -> Result<(), TakeError> {
        self.check(entry).map_err(TakeError::Damaged)?;
        let from = self.entry_folder(&entry.key);
        for file in &entry.files {
            let to = folder.join(&file.name);
            place_file(&from.join(&file.name), &to)
                .map_err(|source| TakeError::Unwritable { path: to, source })?;
        }
        self.note_use(&entry.key);
        Ok(())
    }

    /// Notes that the entry was used, for pruning by age.
    pub fn note_use(&self, key: &str) {
        // A cache that cannot be written to can still be read.
        if let Ok(list) = File::options()
            .append(true)
            .open(self.entry_folder(key).join(ENTRY))
        {
            let _ = list.set_modified(SystemTime::now());
        }
    }

    /// Stores the files `names` of `folder` as the entry that `entry` describes; its files are filled in. `run` makes
    /// the name of the unfinished entry unique.
    ///
    /// # Errors
    /// What the system says; nothing is stored then.
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
                    place_file(&folder.join(name), &partial.join(name))?;
                    EntryFile::read(&partial, name)
                })
                .collect::<io::Result<_>>()?;
            entry.files.sort_by(|a, b| a.name.cmp(&b.name));
            fs::write(partial.join(ENTRY), crate::plan::canonical_json(&entry))?;
            let place = self.entry_folder(&entry.key);
            // What is there may be damaged, and is no better than what was just proven.
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

    /// Whether a live run works with the entry of `key`.
    pub fn is_in_use(&self, key: &str) -> bool {
        // Where there is no lock file, no run ever was.
        let lock = self.open_lock(key, false);
        lock.is_ok_and(|lock| matches!(lock.try_lock(), Err(TryLockError::WouldBlock)))
    }

    /// Removes the entry of `key`, unless a live run works with it.
    ///
    /// # Errors
    /// What the system says.
    pub fn discard_unless_in_use(&self, key: &str) -> io::Result<Removal> {
        // Kept until the entry is gone: no run begins to take a part of it.
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
    /// What the system says.
    pub fn discard(&self, key: &str) -> io::Result<()> {
        match fs::remove_dir_all(self.entry_folder(key)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            done => done,
        }
    }
}

/// A result that could not be taken from the cache.
#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    /// The entry is not what was stored.
    #[error("{0}")]
    Damaged(Damage),
    /// The files could not be put where they were wanted.
    #[error("{} could not be written", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}
