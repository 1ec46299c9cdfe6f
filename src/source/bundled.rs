//! Commits without their history, as packs: out of a store into a bundle, and out of a bundle into a store.

use std::collections::BTreeMap;
use std::io::{Read, Write};

use git2::{Oid, Repository};

use super::choice::Revision;
use super::error::SourceError;
use super::extent::{MeasureError, measure};
use super::quarantine::Quarantine;
use super::request::Served;
use super::store::Store;

/// Under which name the store remembers commits that came out of packs. It is that of no location, whose tags would then have
/// been given by whoever made the pack.
const KEY: &str = "packs";
/// Bytes that are copied at a time.
const CHUNK: usize = 256 << 10;

/// A commit that somebody has pinned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pinned {
    /// The commit, 40 hexadecimal digits.
    pub commit: String,
    /// Its tree, 40 hexadecimal digits.
    pub tree: String,
    /// The URLs that it came from once, for records.
    pub urls: Vec<String>,
}

impl Store {
    /// Writes a commit of this store with its whole tree as a pack: the same commit gives the same bytes.
    ///
    /// # Errors
    /// [`SourceError::PackMade`].
    pub fn write_pack(&self, commit: &str, mut out: impl Write) -> Result<(), SourceError> {
        let failed = |source: git2::Error| SourceError::PackMade {
            commit: commit.to_owned(),
            reason: source.message().to_owned(),
        };
        let repository = self.fresh_repository()?;
        let id = Oid::from_str(commit).map_err(failed)?;
        let mut builder = repository.packbuilder().map_err(failed)?;
        // Several threads would share the work out by chance, and with it the differences that are stored.
        builder.set_threads(1);
        builder.insert_commit(id).map_err(failed)?;
        let mut written = Ok(());
        let packed = builder.foreach(|bytes| {
            written = out.write_all(bytes);
            written.is_ok()
        });
        written.map_err(|source| SourceError::PackMade {
            commit: commit.to_owned(),
            reason: source.to_string(),
        })?;
        packed.map_err(failed)
    }

    /// Finds the wanted tag or commit among those that are pinned, by their versions, and takes it out of the pack that `open`
    /// opens for its commit, unless the store has it. Nobody is asked.
    ///
    /// # Errors
    /// [`SourceError::NotPinned`], [`SourceError::PackRead`], [`SourceError::PackOther`], and those of the store.
    pub fn take_pinned<R: Read>(
        &self,
        wanted: &str,
        pinned: &BTreeMap<String, Pinned>,
        open: impl FnOnce(&str) -> std::io::Result<R>,
    ) -> Result<Served, SourceError> {
        let pins = pinned.iter();
        let pins = pins.map(|(version, one)| (version.clone(), one.commit.clone()));
        let revision = Revision::new(wanted, &pins.collect())?;
        let by_tag = revision
            .tags()
            .iter()
            .find_map(|tag| pinned.get_key_value(tag));
        let by_commit = || {
            let commit = revision.commit()?;
            pinned.iter().find(|(_, one)| one.commit == commit)
        };
        let Some((version, one)) = by_tag.or_else(by_commit) else {
            return Err(SourceError::NotPinned {
                wanted: wanted.to_owned(),
            });
        };
        let commit = &one.commit;
        let is_there = self.stored(KEY, &Revision::new(commit, &BTreeMap::new())?)?;
        if is_there.is_none() {
            let unreadable = |source| SourceError::PackRead {
                commit: commit.clone(),
                source,
            };
            self.take(one, open(commit).map_err(unreadable)?)?;
        }
        let repository = self.repository()?;
        let time = check(&repository, one)?;
        Ok(Served {
            // A commit without a tag is called by its first digits.
            tag: Some(version.clone()).filter(|version| !commit.starts_with(version.as_str())),
            commit: commit.clone(),
            tree: one.tree.clone(),
            commit_time: time,
            url: one.urls.first().cloned().unwrap_or_default(),
            urls: one.urls.clone(),
            from_store: is_there.is_some(),
            unpinned: false,
            failed: Vec::new(),
        })
    }

    /// Takes a commit out of a pack, which is not in the store before it is known to be whole.
    fn take(&self, pinned: &Pinned, mut pack: impl Read) -> Result<(), SourceError> {
        let commit = &pinned.commit;
        let not_written = |source| SourceError::StoreFolder {
            folder: self.folder.clone(),
            source,
        };
        let refused = |source: git2::Error| SourceError::PackOther {
            commit: commit.clone(),
            reason: source.message().to_owned(),
        };
        let quarantine = Quarantine::create(&self.folder).map_err(not_written)?;
        {
            let repository = quarantine.repository().map_err(refused)?;
            let database = repository.odb().map_err(refused)?;
            let mut writer = database.packwriter().map_err(refused)?;
            let mut buffer = vec![0; CHUNK];
            loop {
                let read = pack.read(&mut buffer);
                let read = read.map_err(|source| SourceError::PackRead {
                    commit: commit.clone(),
                    source,
                })?;
                if read == 0 {
                    break;
                }
                if writer.write_all(&buffer[..read]).is_err() {
                    // That it was changed on its way says more than what git makes of it.
                    let rest = std::io::copy(&mut pack, &mut std::io::sink());
                    rest.map_err(|source| SourceError::PackRead {
                        commit: commit.clone(),
                        source,
                    })?;
                    return Err(refused(git2::Error::from_str("git cannot read it")));
                }
            }
            writer.commit().map_err(refused)?;
        }
        check(&quarantine.repository().map_err(refused)?, pinned)?;
        quarantine.flush().map_err(not_written)?;
        let id = Oid::from_str(commit).map_err(refused)?;
        self.keep(KEY, Some(quarantine), None, id)
    }
}

/// Checks that a repository has the commit with its whole tree; the time of the commit.
fn check(repository: &Repository, pinned: &Pinned) -> Result<i64, SourceError> {
    let refused = |reason: &str| SourceError::PackOther {
        commit: pinned.commit.clone(),
        reason: reason.to_owned(),
    };
    let found = Oid::from_str(&pinned.commit).and_then(|id| repository.find_commit(id));
    let found = found.map_err(|error| refused(error.message()))?;
    let tree = found.tree_id();
    if tree.to_string() != pinned.tree {
        return Err(refused(&format!("its tree is {tree}, not {}", pinned.tree)));
    }
    match measure(repository, tree, || true) {
        Ok(()) => Ok(found.time().seconds()),
        Err(MeasureError::Git(error)) => Err(refused(error.message())),
        Err(MeasureError::Excess(source)) => Err(SourceError::TreeExcess {
            tree: tree.to_string(),
            source,
        }),
    }
}
