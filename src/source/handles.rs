//! Reuses open handles of a repository.

use std::fmt;
use std::ops::Deref;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use git2::Repository;

/// How often a handle is used before it is closed. libgit2 keeps a file and maps open for every pack that it has read an
/// object from, and a store has a pack for each fetched tag: this stays well below the default limit of 1024 open files.
const MOST_USES: u32 = 384;

/// Open handles of one repository that are not in use.
///
/// Opening a repository is cheap, but the first lookup of an object is not: it opens the index of every pack.
#[derive(Default)]
pub(super) struct Handles {
    idle: Mutex<Vec<Counted>>,
}

struct Counted {
    repository: Repository,
    uses: u32,
}

/// A handle with one user at a time, because git2's repositories must not be shared between threads. It is returned when
/// it is dropped.
pub(super) struct Handle {
    // Taken only by Drop.
    counted: Option<Counted>,
    home: Arc<Handles>,
}

impl Handles {
    /// An idle handle, or a new one for the repository in `folder`.
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

    /// Closes the idle handles, which frees their memory.
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
        &counted.expect("present until the drop").repository
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
