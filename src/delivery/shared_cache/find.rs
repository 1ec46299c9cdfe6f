//! Finds results in shared caches, and brings them here.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use tokio::fs::File;

use super::cache::{SharedCache, tag_of};
use super::entry::SharedEntry;
use super::error::SharedCacheError;
use super::place::CachePlace;
use super::statement::SharedResult;
use crate::artifacts::cache::EntryFile;
use crate::events::{Sink, Warning};
use crate::failure::with_causes;
use crate::inside::inside;
use crate::transport::{Descriptor, Digest, Repository, TransportError};

/// How many files are fetched at the same time.
const AT_A_TIME: usize = 4;
/// Media type of the files.
pub(super) const FILE_TYPE: &str = "application/octet-stream";

impl SharedCache {
    /// The result of a content key, signed by one of the named keys, in the first place that has one. Its files are still there.
    pub async fn find(&self, key: &str, sink: &dyn Sink) -> Option<SharedEntry> {
        if let Ok(known) = self.known.lock()
            && let Some(entry) = known.results.get(key)
        {
            return Some(entry.clone());
        }
        for (index, place) in self.from.iter().enumerate() {
            for signer in &self.keys {
                let tag = tag_of(key, signer);
                if place.is_given_up() || self.is_refused(&place.name(), &tag) {
                    continue;
                }
                // The same text as the statement's own.
                let subject = format!("result {key}");
                match self
                    .statement::<SharedResult>(place, (key, &subject), signer, sink)
                    .await
                {
                    Ok(None) => {}
                    Ok(Some(result)) => {
                        let entry = SharedEntry {
                            result,
                            signer: signer.id(),
                            place: place.name(),
                            index,
                            tag,
                        };
                        if let Ok(mut known) = self.known.lock() {
                            known.results.insert(key.to_owned(), entry.clone());
                        }
                        return Some(entry);
                    }
                    Err(error) => self.complain(place, &tag, &error, sink),
                }
            }
        }
        None
    }

    /// Brings the files of a result into an empty directory, each checked by its digest. Returns whether they are there; why
    /// not was told.
    pub async fn fetch(&self, entry: &SharedEntry, folder: &Path, sink: &dyn Sink) -> bool {
        let Some(place) = self.from.get(entry.index) else {
            return false;
        };
        let fetching = self.fetch_files(place, &entry.result, folder, sink);
        match self.in_time(entry.result.size(), fetching).await {
            Ok(()) => true,
            Err(error) => {
                self.forget(entry);
                self.complain(place, &entry.tag, &error, sink);
                false
            }
        }
    }

    /// Does not take a result again that turned out to be none.
    pub fn refuse(&self, entry: &SharedEntry, reason: &str, sink: &dyn Sink) {
        self.forget(entry);
        self.note_refused(&entry.place, &entry.tag);
        let warning = Warning::SharedRefused(entry.place.clone(), reason.to_owned());
        sink.event(&warning.into());
    }

    async fn fetch_files(
        &self,
        place: &CachePlace,
        result: &SharedResult,
        folder: &Path,
        sink: &dyn Sink,
    ) -> Result<(), SharedCacheError> {
        let Some(at) = self.open(place, sink).await? else {
            let problem = "no files any more".to_owned();
            return Err(SharedCacheError::Value { problem });
        };
        let fetches: Vec<_> = result
            .files
            .iter()
            .map(|file| fetch_file(at, file, folder))
            .collect();
        stream::iter(fetches)
            .buffer_unordered(AT_A_TIME)
            .try_collect()
            .await
    }

    /// Says what is wrong: an entry that cannot be used is passed over, a place that does not work is left.
    pub(super) fn complain(
        &self,
        place: &CachePlace,
        tag: &str,
        error: &SharedCacheError,
        sink: &dyn Sink,
    ) {
        if !error.is_of_the_entry() {
            return place.give_up(error, sink);
        }
        self.note_refused(&place.name(), tag);
        let warning = Warning::SharedRefused(place.name(), with_causes(error));
        sink.event(&warning.into());
    }

    fn forget(&self, entry: &SharedEntry) {
        if let Ok(mut known) = self.known.lock() {
            known.results.remove(&entry.result.key);
        }
    }

    fn is_refused(&self, place: &str, tag: &str) -> bool {
        let known = self.known.lock();
        known.is_ok_and(|known| {
            let name = (place.to_owned(), tag.to_owned());
            known.refused.contains(&name)
        })
    }

    fn note_refused(&self, place: &str, tag: &str) {
        if let Ok(mut known) = self.known.lock() {
            known.refused.insert((place.to_owned(), tag.to_owned()));
        }
    }
}

/// How a file is asked for: by what is signed, whatever the artifact says.
pub(super) fn descriptor(file: &EntryFile) -> Result<Descriptor, SharedCacheError> {
    let digest = Digest::from_hex(&file.sha256).ok_or_else(|| SharedCacheError::Value {
        problem: format!("no digest of {}", file.name),
    })?;
    Ok(Descriptor::new(FILE_TYPE, digest, file.size))
}

async fn fetch_file(
    at: &Repository<'static>,
    file: &EntryFile,
    folder: &Path,
) -> Result<(), SharedCacheError> {
    let unwritable = |source| SharedCacheError::Unwritable {
        path: folder.join(&file.name),
        source,
    };
    let path = inside(folder, &file.name).map_err(unwritable)?;
    // Not put on the disk one by one: it is no more than a copy on its way, and is compared again where it is used.
    let mut out = File::create_new(&path).await.map_err(unwritable)?;
    match at.fetch(&descriptor(file)?, &mut out).await {
        Err(TransportError::HandOn { source, .. }) => return Err(unwritable(source)),
        done => done?,
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(file.mode)).map_err(unwritable)
}
