//! Fetches a tag or commit from the first mirror that has it.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::attempt::{self, Activity, Ended, Found, MirrorError};
use super::choice::Revision;
use super::error::SourceError;
use super::location::Location;
use super::request::{FetchRequest, MirrorFailure, Served};
use super::store::Store;
use super::{local, near_tags, remote};
use crate::events::{Event, Note, Sink};

impl Store {
    /// Finds the wanted tag or commit on the first URL that has it, and keeps it in the store.
    ///
    /// If it was fetched from one of the URLs before, nobody is asked, unless the request says `refresh`; a path of this
    /// machine is always read again. Each mirror that fails emits an [`Event::MirrorFailed`], and the next one is tried. Must
    /// run in a tokio runtime with timers.
    ///
    /// # Errors
    /// [`SourceError::PinMismatch`] as soon as a mirror has a commit that does not match the pin,
    /// [`SourceError::AllMirrorsFailed`], [`SourceError::AmbiguousCommit`], [`SourceError::Cancelled`], or errors of the
    /// store.
    pub async fn fetch(
        &self,
        request: &FetchRequest,
        sink: &dyn Sink,
        cancel: &CancellationToken,
    ) -> Result<Served, SourceError> {
        let wanted = Revision::new(&request.wanted, &request.pins)?;
        let locations = self.locations(request)?;
        // As they were asked for: elsewhere another configuration applies.
        let urls = locations.iter().map(Location::written_redacted).collect();
        if !request.refresh
            && let Some((location, mut served)) = self.served_from_store(&locations, &wanted)?
        {
            tell_replaced(location, sink);
            served.urls = urls;
            return Ok(served);
        }
        let mut failed = Vec::new();
        let mut nearest = Vec::new();
        let mut moved = None;
        let asked: Vec<_> = locations
            .iter()
            .filter(|location| location.is_local() || !request.offline)
            .collect();
        if asked.is_empty() {
            return Err(SourceError::Offline {
                wanted: request.wanted.clone(),
            });
        }
        for location in asked {
            let stall = (!location.is_local()).then_some(request.stall);
            let work = self.work(location.clone(), wanted.clone(), request.refresh);
            let error = match attempt::run(work, stall, sink, cancel).await {
                Ok(found) => {
                    let mut served = self.accept(location, found, failed)?;
                    tell_replaced(location, sink);
                    served.urls = urls;
                    return Ok(served);
                }
                Err(Ended::Failed(error)) => error,
                Err(Ended::Endless) => {
                    let url = location.redacted();
                    return Err(SourceError::EndlessListing { url });
                }
                Err(Ended::Cancelled) => {
                    return Err(SourceError::Cancelled {
                        wanted: request.wanted.clone(),
                    });
                }
                Err(Ended::NoThread(source)) => {
                    return Err(SourceError::Thread {
                        wanted: request.wanted.clone(),
                        source,
                    });
                }
            };
            let reason = location.without_password(&error.to_string());
            match error {
                MirrorError::Pin {
                    tag,
                    pinned,
                    served,
                } => {
                    let mismatch = SourceError::PinMismatch {
                        tag,
                        url: location.redacted(),
                        pinned,
                        served: served.to_string(),
                    };
                    if !request.skip_moved {
                        return Err(mismatch);
                    }
                    moved.get_or_insert(mismatch);
                }
                MirrorError::CommitAmbiguous { commits } => {
                    return Err(SourceError::AmbiguousCommit {
                        wanted: request.wanted.clone(),
                        commits,
                    });
                }
                MirrorError::TagMissing { nearest: tags } => nearest.extend(tags),
                _ => {}
            }
            let failure = MirrorFailure {
                url: location.redacted(),
                reason,
            };
            sink.event(&Event::MirrorFailed {
                wanted: request.wanted.clone(),
                mirror: failure.url.clone(),
                reason: failure.reason.clone(),
            });
            failed.push(failure);
        }
        if let Some(moved) = moved {
            return Err(moved);
        }
        Err(SourceError::AllMirrorsFailed {
            wanted: request.wanted.clone(),
            failed,
            nearest: best_of(wanted.text(), nearest),
        })
    }

    /// Where the URLs of a request lead, by git's configuration.
    fn locations(&self, request: &FetchRequest) -> Result<Vec<Location>, SourceError> {
        let repository = self.repository()?;
        let resolve = |url: &String| Location::resolve(url, &repository);
        let locations: Vec<_> = request.urls.iter().map(resolve).collect();
        if let Some(location) = locations.iter().find(|url| url.has_control_characters()) {
            let url = location.redacted();
            return Err(SourceError::ControlCharacter { url });
        }
        if locations.is_empty() {
            let wanted = request.wanted.clone();
            return Err(SourceError::NoUrls { wanted });
        }
        Ok(locations)
    }

    /// What the store has from one of the URLs before the first local path, which must be read again.
    fn served_from_store<'a>(
        &self,
        locations: &'a [Location],
        wanted: &Revision,
    ) -> Result<Option<(&'a Location, Served)>, SourceError> {
        for location in locations.iter().take_while(|location| !location.is_local()) {
            if let Some(stored) = self.stored(&location.key(), wanted)? {
                let mut served = self.served(location, stored.tag, stored.commit)?;
                served.from_store = true;
                return Ok(Some((location, served)));
            }
        }
        Ok(None)
    }

    /// The work of an attempt at `location`.
    fn work(
        &self,
        location: Location,
        wanted: Revision,
        refresh: bool,
    ) -> impl FnOnce(&Arc<Activity>) -> Result<Found, MirrorError> + Send + 'static {
        let store = self.folder.clone();
        move |activity| match location.folder() {
            None => remote::fetch(location.written(), &wanted, &store, refresh, activity),
            Some(folder) => local::fetch(folder, &wanted, &store, refresh, activity),
        }
    }

    fn accept(
        &self,
        location: &Location,
        found: Found,
        failed: Vec<MirrorFailure>,
    ) -> Result<Served, SourceError> {
        let tag = found.tag.as_deref().zip(found.tag_object);
        self.keep(&location.key(), found.download, tag, found.commit)?;
        let mut served = self.served(location, found.tag, found.commit)?;
        served.failed = failed;
        Ok(served)
    }

    fn served(
        &self,
        location: &Location,
        tag: Option<String>,
        commit: git2::Oid,
    ) -> Result<Served, SourceError> {
        let repository = self.repository()?;
        let commit = repository
            .find_commit(commit)
            .map_err(|source| SourceError::StoreAdd {
                object: commit.to_string(),
                folder: self.folder.clone(),
                source,
            })?;
        Ok(Served {
            tag,
            commit: commit.id().to_string(),
            tree: commit.tree_id().to_string(),
            commit_time: commit.time().seconds(),
            url: location.redacted(),
            urls: Vec::new(),
            from_store: false,
            failed: Vec::new(),
        })
    }
}

/// Says that something else served than what the user named.
fn tell_replaced(location: &Location, sink: &dyn Sink) {
    if location.is_replaced() {
        let note = Note::InsteadOf(location.written_redacted(), location.redacted());
        sink.event(&note.into());
    }
}

/// The best of the tags that several mirrors suggested.
fn best_of(wanted: &str, mut tags: Vec<String>) -> Vec<String> {
    tags.sort();
    tags.dedup();
    near_tags::nearest(wanted, tags.iter().map(String::as_str))
}
