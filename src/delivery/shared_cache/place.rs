//! One place of shared results.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::OnceCell;

use super::error::SharedCacheError;
use crate::events::{Silent, Sink, Warning};
use crate::failure::with_causes;
use crate::transport::{Access, Place, Repository, Transport, TransportError};

/// What happens in between is told to nobody: a cache that does not answer is worth one line, and no more.
static SILENT: Silent = Silent;

/// A place of shared results, connected to once, when it is needed.
pub(super) struct CachePlace {
    place: Place,
    access: Access,
    repository: OnceCell<Repository<'static>>,
    is_given_up: Arc<AtomicBool>,
    /// Whether reading the same place was given up: what cannot be read is not written, and nobody is told twice.
    is_unreadable: Option<Arc<AtomicBool>>,
}

impl CachePlace {
    /// A place that is read.
    pub(super) fn to_read(place: &Place) -> Self {
        Self {
            place: place.clone(),
            access: Access::Read,
            repository: OnceCell::new(),
            is_given_up: Arc::default(),
            is_unreadable: None,
        }
    }

    /// A place that is written; it may be among those that are `read`.
    pub(super) fn to_write(place: &Place, read: &[Self]) -> Self {
        let same = read.iter().find(|other| other.place == *place);
        Self {
            access: Access::Write,
            is_unreadable: same.map(|other| Arc::clone(&other.is_given_up)),
            ..Self::to_read(place)
        }
    }

    /// Its name.
    pub(super) fn name(&self) -> String {
        self.place.to_string()
    }

    /// The place; `None` for a directory that is not there yet, or that a run which was killed had just made.
    pub(super) async fn open(
        &self,
        transport: &Transport,
        told: &dyn Sink,
    ) -> Result<Option<&Repository<'static>>, TransportError> {
        if self.access == Access::Read && self.place.is_to_be_made() {
            return Ok(None);
        }
        let open = || transport.open_told(&self.place, self.access, told, &SILENT);
        self.repository.get_or_try_init(open).await.map(Some)
    }

    /// Whether this run does without it.
    pub(super) fn is_given_up(&self) -> bool {
        let both = [Some(&self.is_given_up), self.is_unreadable.as_ref()];
        let mut both = both.into_iter().flatten();
        both.any(|given_up| given_up.load(Ordering::Relaxed))
    }

    /// Does without it from now on, and says so once.
    pub(super) fn give_up(&self, error: &SharedCacheError, sink: &dyn Sink) {
        if !self.is_given_up.swap(true, Ordering::Relaxed) {
            let warning = Warning::SharedCacheLeft(self.name(), with_causes(error));
            sink.event(&warning.into());
        }
    }
}
