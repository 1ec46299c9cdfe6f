//! The repository of one attempt, and the layout of the store.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;

use git2::Repository;
use tempfile::TempDir;

/// Directory of the attempts in the store's directory.
const ATTEMPTS: &str = "attempts";
/// File whose lock guards changes of the store's layout.
const STORE_LOCK: &str = "kmembuild.lock";
/// File in an attempt's directory that stays locked while its process lives.
const ATTEMPT_LOCK: &str = "lock";
/// Where a bare repository keeps its packs.
const PACKS: &str = "objects/pack";
/// The configuration that git writes for a bare repository.
const BARE_CONFIG: &str =
    "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n";

/// A bare repository for the download of one attempt. It is removed when the value is dropped.
///
/// A stalled download cannot be interrupted, and git keeps one `shallow` file for each repository, which two concurrent
/// fetches would damage. In a repository of its own, an attempt is free to do anything.
#[derive(Debug)]
pub(super) struct Quarantine {
    // Dropped in this order: the directory is removed while the lock still shows that it is in use.
    folder: TempDir,
    _lock: File,
}

impl Quarantine {
    /// Makes one below the store at `store`.
    pub(super) fn create(store: &Path) -> io::Result<Self> {
        // Without the store's lock, a sweep could find the directory before it is locked.
        let _guard = lock_store(store)?;
        let attempts = store.join(ATTEMPTS);
        fs::create_dir_all(&attempts)?;
        let folder = tempfile::Builder::new().prefix("").tempdir_in(attempts)?;
        let lock = File::create(folder.path().join(ATTEMPT_LOCK))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::Error(error) => error,
            TryLockError::WouldBlock => io::ErrorKind::WouldBlock.into(),
        })?;
        init_bare(folder.path())?;
        Ok(Self {
            folder,
            _lock: lock,
        })
    }

    /// Its directory.
    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Its repository, empty at first.
    pub(super) fn repository(&self) -> Result<Repository, git2::Error> {
        Repository::open_bare(self.folder.path())
    }

    /// The directory of the downloaded packs.
    fn pack_folder(&self) -> PathBuf {
        self.folder.path().join(PACKS)
    }

    /// Whether nothing was downloaded that could be moved into the store.
    pub(super) fn has_no_packs(&self) -> io::Result<bool> {
        Ok(self.pack_files()?.is_empty())
    }

    /// Syncs the downloaded packs to disk, so that a power cut cannot leave half a pack in the store.
    pub(super) fn flush(&self) -> io::Result<()> {
        let files = self.pack_files()?;
        // In parallel: the disk handles them together, while one after the other each would wait for it.
        thread::scope(|scope| {
            let syncs: Vec<_> = files
                .iter()
                .map(|file| {
                    let sync = move || File::open(file)?.sync_all();
                    thread::Builder::new().spawn_scoped(scope, sync)
                })
                .collect();
            syncs.into_iter().try_for_each(|sync| {
                sync?
                    .join()
                    .unwrap_or_else(|_| Err(io::Error::other("the thread that syncs panicked")))
            })
        })
    }

    fn pack_files(&self) -> io::Result<Vec<PathBuf>> {
        fs::read_dir(self.pack_folder())?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect()
    }

    /// Moves its packs into the store at `store`. Packs are named by content: an existing one is the same, and replacing it
    /// repairs it.
    pub(super) fn move_into(self, store: &Path) -> io::Result<()> {
        let target = store.join(PACKS);
        fs::create_dir_all(&target)?;
        let mut files = self.pack_files()?;
        // A reader considers a pack complete when it sees the index, so the index comes last.
        files.sort_by_key(|file| file.extension().is_some_and(|kind| kind == "idx"));
        for file in files {
            if let Some(name) = file.file_name() {
                fs::rename(&file, target.join(name))?;
            }
        }
        Ok(())
    }
}

/// Removes what attempts of dead processes left in the store at `store`.
pub(super) fn sweep(store: &Path) -> io::Result<()> {
    let attempts = match fs::read_dir(store.join(ATTEMPTS)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    for attempt in attempts {
        let attempt = attempt?.path();
        let alive = File::open(attempt.join(ATTEMPT_LOCK))
            .is_ok_and(|lock| matches!(lock.try_lock(), Err(TryLockError::WouldBlock)));
        if !alive {
            match fs::remove_dir_all(&attempt) {
                // It ended by itself meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                other => other?,
            }
        }
    }
    Ok(())
}

/// Waits for the lock of the store at `store`; held as long as the file is open.
pub(super) fn lock_store(store: &Path) -> io::Result<File> {
    let lock = File::create(store.join(STORE_LOCK))?;
    lock.lock()?;
    Ok(lock)
}

/// Makes a bare repository in `folder`, which exists, with the minimum that git requires. Every further file would have to
/// be written and, in an attempt, removed again.
///
/// If a killed run left it unfinished, it can be finished: without `HEAD`, which comes last, it is no repository.
pub(super) fn init_bare(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder.join(PACKS))?;
    fs::create_dir_all(folder.join("refs"))?;
    fs::write(folder.join("config"), BARE_CONFIG)?;
    let head = folder.join("HEAD.new");
    fs::write(&head, "ref: refs/heads/main\n")?;
    fs::rename(head, folder.join("HEAD"))
}
