use std::fmt;
use std::ops::Deref;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use git2::Repository;

/// How often a handle is used before it is closed. libgit2 keeps a file and maps open for every pack that an object
/// was read from, and a store has a pack for each tag that was fetched: this stays well below the 1024 files that a process
/// may have open by default.
const MOST_USES: u32 = 384;

/// Open handles of one repository that nobody uses at the moment.
///
/// Opening a repository is cheap, the first look for an object in it is not: every pack's index is opened for it.
#[derive(Default)]
pub(super) struct Handles {
    idle: Mutex<Vec<Counted>>,
}

struct Counted {
    repository: Repository,
    uses: u32,
}

/// A handle that nobody else uses, as git2's repositories must not be shared between threads. It goes back when it
/// is dropped.
pub(super) struct Handle {
    // Taken by Drop only.
    counted: Option<Counted>,
    home: Arc<Handles>,
}

impl Handles {
    /// An idle handle, or one that is opened for the repository in `folder`.
    pub(super) fn take(self: &Arc<Self>, folder: &Path) -> Result<Handle, git2::Error> {
        let idle = self.idle().pop();
        let mut counted = match idle {
            Some(counted) => counted,
            None => Counted {
                repository: Repository::open_bare(folder)?,
                uses: 0,
            },
        };
        counted.uses += 1;
        Ok(Handle {
            counted: Some(counted),
            home: Arc::clone(self),
        })
    }

    /// Closes the idle ones, and with them what they keep in memory.
    pub(super) fn close(&self) {
        self.idle().clear();
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Counted>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Handles {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Handles").finish_non_exhaustive()
    }
}

impl Deref for Handle {
    type Target = Repository;

    fn deref(&self) -> &Repository {
        let counted = self.counted.as_ref();
        &counted.expect("it is there until the drop").repository
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if let Some(counted) = self.counted.take()
            && counted.uses < MOST_USES
        {
            self.home.idle().push(counted);
        }
    }
}
