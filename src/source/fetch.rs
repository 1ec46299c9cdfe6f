//! Fetches a tag or commit from the first mirror that has it.

use std::ffi::OsStr;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::attempt::{self, Activity, Ended, Found, MirrorError};
use super::choice::Revision;
use super::error::SourceError;
use super::git_program::{self, Failure};
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
    /// [`SourceError::AllMirrorsFailed`], [`SourceError::Unpinned`], [`SourceError::AmbiguousCommit`],
    /// [`SourceError::Cancelled`], or errors of the store.
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
            && let Some((location, mut served)) =
                self.served_from_store(request, &locations, &wanted)?
        {
            tell_replaced(location, sink);
            served.urls = urls;
            return Ok(served);
        }
        let mut failures = Failures::default();
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
            let decides = !wanted.is_fixed() && !request.pins.is_empty();
            if decides && !request.trusts(location) {
                failures.pass_over(location);
                continue;
            }
            let stall = (!location.is_local()).then_some(request.stall);
            let work = self.work(location.clone(), wanted.clone(), request);
            let error = match attempt::run(work, stall, sink, cancel).await {
                Ok(mut found) => {
                    if !request.trusts(location) {
                        found.tag = wanted.if_pinned(found.tag, found.commit);
                    }
                    let mut served = self.accept(location, found, failures.failed)?;
                    served.unpinned = decides && !request.is_upstream(location);
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
            let failure = failures.note(error, location, request)?;
            sink.event(&Event::MirrorFailed {
                wanted: request.wanted.clone(),
                mirror: failure.url.clone(),
                reason: failure.reason.clone(),
            });
        }
        Err(failures.into_error(wanted.text()))
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
        request: &FetchRequest,
        locations: &'a [Location],
        wanted: &Revision,
    ) -> Result<Option<(&'a Location, Served)>, SourceError> {
        let decides = !wanted.is_fixed() && !request.pins.is_empty();
        for location in locations.iter().take_while(|location| !location.is_local()) {
            if decides && !request.trusts(location) {
                continue;
            }
            if let Some(mut stored) = self.stored(&location.key(), wanted)? {
                if !request.trusts(location) {
                    stored.tag = wanted.if_pinned(stored.tag, stored.commit);
                }
                let mut served = self.served(location, stored.tag, stored.commit)?;
                served.unpinned = decides && !request.is_upstream(location);
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
        request: &FetchRequest,
    ) -> impl FnOnce(&Arc<Activity>) -> Result<Found, MirrorError> + Send + 'static {
        let store = self.folder.clone();
        let (refresh, stall) = (request.refresh, request.stall);
        move |activity| match location.folder() {
            None => {
                let url = location.written();
                let error = if remote::needs_gits_proxy(url) {
                    git2::Error::from_str("libgit2 cannot use the proxy for it")
                } else {
                    let fetched = remote::fetch(url, &wanted, &store, refresh, activity);
                    let Err(MirrorError::Git(error)) = fetched else {
                        return fetched;
                    };
                    if !git_program::may_do_better(&error) {
                        return Err(error.into());
                    }
                    error
                };
                let url = OsStr::new(url);
                git_program::fetch(url, &wanted, &store, refresh, stall, activity).map_err(
                    |failure| match failure {
                        Failure::Missing => MirrorError::NeedsGit(error),
                        Failure::Said(said) => MirrorError::GitToo { error, said },
                        Failure::Other(error) => error,
                    },
                )
            }
            Some(folder) if folder.is_file() => {
                let path = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
                let url = path.as_os_str();
                git_program::fetch(url, &wanted, &store, refresh, stall, activity).map_err(
                    |failure| match failure {
                        Failure::Missing => MirrorError::NotABundle(None),
                        Failure::Said(said) => MirrorError::NotABundle(Some(said)),
                        Failure::Other(error) => error,
                    },
                )
            }
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
            unpinned: false,
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

/// Why no location served so far.
#[derive(Default)]
struct Failures {
    failed: Vec<MirrorFailure>,
    /// Similar tags.
    nearest: Vec<String>,
    /// The first commit that did not match its pin.
    moved: Option<SourceError>,
    /// Whether a location was not asked because its word is not taken.
    passed_over: bool,
    /// Whether one that was asked does not have it.
    answered: bool,
}

impl Failures {
    fn pass_over(&mut self, location: &Location) {
        self.passed_over = true;
        self.failed.push(MirrorFailure {
            url: location.redacted(),
            reason: "not asked, because only upstream may say which commit it is".to_owned(),
            stalled: false,
        });
    }

    /// Notes why `location` did not serve; an error if that ends the search.
    fn note(
        &mut self,
        error: MirrorError,
        location: &Location,
        request: &FetchRequest,
    ) -> Result<MirrorFailure, SourceError> {
        let reason = location.without_password(&error.to_string());
        let stalled = matches!(error, MirrorError::Stalled(_));
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
                self.moved.get_or_insert(mismatch);
            }
            MirrorError::CommitAmbiguous { commits } => {
                return Err(SourceError::AmbiguousCommit {
                    wanted: request.wanted.clone(),
                    commits,
                });
            }
            MirrorError::TagMissing { nearest } => {
                self.answered = true;
                self.nearest.extend(nearest);
            }
            MirrorError::CommitMissing => self.answered = true,
            _ => {}
        }
        let url = location.redacted();
        let failure = MirrorFailure {
            url,
            reason,
            stalled,
        };
        self.failed.push(failure.clone());
        Ok(failure)
    }

    fn into_error(self, wanted: &str) -> SourceError {
        let (failed, wanted) = (self.failed, wanted.to_owned());
        if let Some(moved) = self.moved {
            return moved;
        }
        // What upstream does not have, nobody is to be asked for.
        if self.passed_over && !self.answered {
            return SourceError::Unpinned { wanted, failed };
        }
        SourceError::AllMirrorsFailed {
            failed,
            nearest: best_of(&wanted, self.nearest),
            wanted,
        }
    }
}

impl FetchRequest {
    fn is_upstream(&self, location: &Location) -> bool {
        let upstream = self.upstream.as_deref();
        upstream.is_some_and(|upstream| Location::parse(upstream) == *location)
    }

    /// Whether the location's word is taken for what no pin says. Where nothing is pinned, that is all there is.
    fn trusts(&self, location: &Location) -> bool {
        self.unpinned || self.pins.is_empty() || self.is_upstream(location)
    }
}

/// The best of the tags that several mirrors suggested.
fn best_of(wanted: &str, mut tags: Vec<String>) -> Vec<String> {
    tags.sort();
    tags.dedup();
    near_tags::nearest(wanted, tags.iter().map(String::as_str))
}
