//! The bare repository of one upstream.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use git2::{ErrorCode, Oid, Repository};

use super::choice::Revision;
use super::error::SourceError;
use super::handles::{Handle, Handles};
use super::quarantine::{Quarantine, init_bare, lock_store, sweep};
use crate::recipe::natural_order;

/// How often to retry writing a reference that another process is writing.
const REFERENCE_TRIES: u32 = 50;

/// A bare git repository in the cache directory, for one upstream with its mirrors.
///
/// Several threads and processes may use the same directory at once.
#[derive(Debug, Clone)]
pub struct Store {
    pub(super) folder: PathBuf,
    handles: Arc<Handles>,
}

/// What the store knows about a tag or commit.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) tag: Option<String>,
    pub(super) commit: Oid,
}

impl Store {
    /// Opens the store in `folder`, making it (and missing parents) if necessary, and removes what attempts of killed runs
    /// left behind.
    ///
    /// # Errors
    /// [`SourceError::StoreFolder`] if the directory cannot be written to, [`SourceError::StoreOpen`] if it is not a usable
    /// repository.
    pub fn open(folder: &Path) -> Result<Self, SourceError> {
        let store = Self {
            folder: folder.to_owned(),
            handles: Arc::default(),
        };
        let failed = |source| SourceError::StoreFolder {
            folder: folder.to_owned(),
            source,
        };
        fs::create_dir_all(folder).map_err(failed)?;
        let _guard = lock_store(folder).map_err(failed)?;
        if !folder.join("HEAD").exists() {
            init_bare(folder).map_err(failed)?;
        }
        store.repository()?;
        // Leftovers only cost space: one that cannot be removed (another user's) must not stop a run.
        let _ = sweep(folder);
        Ok(store)
    }

    /// An idle handle, or a new one.
    pub(super) fn repository(&self) -> Result<Handle, SourceError> {
        let handle = self.handles.take(&self.folder);
        handle.map_err(|source| self.not_opened(source))
    }

    /// A handle without anything in memory, after closing the idle ones.
    pub(super) fn fresh_repository(&self) -> Result<Repository, SourceError> {
        self.handles.close();
        Repository::open_bare(&self.folder).map_err(|source| self.not_opened(source))
    }

    fn not_opened(&self, source: git2::Error) -> SourceError {
        SourceError::StoreOpen {
            folder: self.folder.clone(),
            source,
        }
    }

    /// What the store has for `wanted` from the location `key`, unless it does not match the pin.
    pub(super) fn stored(
        &self,
        key: &str,
        wanted: &Revision,
    ) -> Result<Option<Stored>, SourceError> {
        let repository = self.repository()?;
        for tag in wanted.tags() {
            let commit = repository
                .find_reference(&tag_reference(key, tag))
                .and_then(|reference| reference.peel_to_commit());
            // A missing or unreadable one is fetched; one that does not match the pin may have been moved since.
            if let Ok(commit) = commit
                && commit.tree().is_ok()
                && wanted.check_pin(Some(tag), commit.id()).is_ok()
            {
                return Ok(Some(Stored {
                    tag: Some(tag.clone()),
                    commit: commit.id(),
                }));
            }
        }
        let Some(prefix) = wanted.commit() else {
            return Ok(None);
        };
        let glob = format!("refs/kmembuild/{key}/commits/{prefix}*");
        let commits = peeled(&repository, &glob);
        let [(_, commit)] = commits.as_slice() else {
            return Ok(None);
        };
        let mut tags: Vec<String> = peeled(&repository, &tag_reference(key, "*"))
            .into_iter()
            .filter(|(_, tagged)| tagged == commit)
            .filter_map(|(name, _)| Some(name.split_once("/tags/")?.1.to_owned()))
            .collect();
        tags.sort_by(|a, b| natural_order(a, b));
        let pinned = wanted.pinned_tag(*commit);
        Ok(Some(Stored {
            tag: pinned.or_else(|| tags.into_iter().next()),
            commit: *commit,
        }))
    }

    /// Moves a complete download into the store, and records what the location `key` served.
    pub(super) fn keep(
        &self,
        key: &str,
        download: Option<Quarantine>,
        tag: Option<(&str, Oid)>,
        commit: Oid,
    ) -> Result<(), SourceError> {
        if let Some(download) = download {
            download
                .move_into(&self.folder)
                .map_err(|source| SourceError::StoreFolder {
                    folder: self.folder.clone(),
                    source,
                })?;
            // They may have a damaged pack open that was replaced.
            self.handles.close();
        }
        let repository = self.repository()?;
        let commit_reference = format!("refs/kmembuild/{key}/commits/{commit}");
        self.point(&repository, &commit_reference, commit)?;
        if let Some((tag, object)) = tag {
            self.point(&repository, &tag_reference(key, tag), object)?;
        }
        Ok(())
    }

    fn point(&self, repository: &Repository, name: &str, object: Oid) -> Result<(), SourceError> {
        let guard = lock_store(&self.folder);
        let _guard = guard.map_err(|source| SourceError::StoreFolder {
            folder: self.folder.clone(),
            source,
        })?;
        let mut tries = 0;
        loop {
            tries += 1;
            match repository.reference(name, object, true, "fetched") {
                Ok(_) => return Ok(()),
                Err(error) if error.code() == ErrorCode::Locked && tries < REFERENCE_TRIES => {
                    std::thread::sleep(Duration::from_millis(5));
                    // Nobody else writes references while the store is locked: a run that was killed left it.
                    if tries > 1 {
                        let _ = fs::remove_file(self.folder.join(format!("{name}.lock")));
                    }
                }
                Err(source) => {
                    return Err(SourceError::StoreAdd {
                        object: object.to_string(),
                        folder: self.folder.clone(),
                        source,
                    });
                }
            }
        }
    }
}

fn tag_reference(key: &str, tag: &str) -> String {
    format!("refs/kmembuild/{key}/tags/{tag}")
}

/// The references that match `glob` with the commits that they point to; broken ones are skipped.
fn peeled(repository: &Repository, glob: &str) -> Vec<(String, Oid)> {
    let Ok(references) = repository.references_glob(glob) else {
        return Vec::new();
    };
    references
        .filter_map(Result::ok)
        .filter_map(|reference| {
            let commit = reference.peel_to_commit().ok()?;
            commit.tree().ok()?;
            Some((reference.name().ok()?.to_owned(), commit.id()))
        })
        .collect()
}
