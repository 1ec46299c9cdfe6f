use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;

use git2::Repository;
use tempfile::TempDir;

/// Folder of the attempts below the store's.
const ATTEMPTS: &str = "attempts";
/// File whose lock guards changes of the store's own layout.
const STORE_LOCK: &str = "kmembuild.lock";
/// File in an attempt's folder that stays locked while its process lives.
const ATTEMPT_LOCK: &str = "lock";
/// Where a bare repository has its packs.
const PACKS: &str = "objects/pack";
/// What git writes into the configuration of a bare repository.
const BARE_CONFIG: &str =
    "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n";

/// A bare repository for one attempt to download something. It vanishes with the value.
///
/// A stalled download cannot be interrupted, and git keeps one `shallow` file a repository, which two fetches
/// at once would spoil. In a repository of its own an attempt can do whatever it likes.
#[derive(Debug)]
pub(super) struct Quarantine {
    // Dropped in this order: the folder goes while the lock still says that it is in use.
    folder: TempDir,
    _lock: File,
}

impl Quarantine {
    /// Makes one below the store at `store`.
    pub(super) fn create(store: &Path) -> io::Result<Self> {
        // Without the store's lock a sweep could see the folder before its lock is taken.
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

    /// Its repository, empty at first.
    pub(super) fn repository(&self) -> Result<Repository, git2::Error> {
        Repository::open_bare(self.folder.path())
    }

    /// Where the downloaded packs are.
    fn pack_folder(&self) -> PathBuf {
        self.folder.path().join(PACKS)
    }

    /// Writes the downloaded packs through to the disk, so that a power cut cannot leave half a pack in the store.
    pub(super) fn flush(&self) -> io::Result<()> {
        let files = self.pack_files()?;
        // All at once: the disk takes them together, one after the other each would wait for it.
        thread::scope(|scope| {
            let syncs: Vec<_> = files
                .iter()
                .map(|file| scope.spawn(move || File::open(file)?.sync_all()))
                .collect();
            syncs.into_iter().try_for_each(|sync| {
                sync.join()
                    .unwrap_or_else(|_| Err(io::Error::other("the thread that syncs broke off")))
            })
        })
    }

    fn pack_files(&self) -> io::Result<Vec<PathBuf>> {
        fs::read_dir(self.pack_folder())?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect()
    }

    /// Moves its packs into the store at `store`. Packs are named by their content: one that is there already
    /// is the same one, and replacing it repairs it.
    pub(super) fn move_into(self, store: &Path) -> io::Result<()> {
        let target = store.join(PACKS);
        fs::create_dir_all(&target)?;
        let mut files = self.pack_files()?;
        // A reader takes a pack for complete when it sees the index, so the index comes last.
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

/// Waits for and takes the lock of the store at `store`; held as long as the file is open.
pub(super) fn lock_store(store: &Path) -> io::Result<File> {
    let lock = File::create(store.join(STORE_LOCK))?;
    lock.lock()?;
    Ok(lock)
}

/// Makes a bare repository in `folder`, which is there: what git takes for one, and nothing else. Every file more
/// would have to be written and, in an attempt, removed again.
///
/// What a killed run left unfinished can be finished: without `HEAD`, which comes last and whole, it is none.
pub(super) fn init_bare(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder.join(PACKS))?;
    fs::create_dir_all(folder.join("refs"))?;
    fs::write(folder.join("config"), BARE_CONFIG)?;
    let head = folder.join("HEAD.new");
    fs::write(&head, "ref: refs/heads/main\n")?;
    fs::rename(head, folder.join("HEAD"))
}
