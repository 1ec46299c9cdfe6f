//! What an execution works with besides the plan.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::error::ExecuteError;
use super::runs::Run;
use crate::artifacts::cache::LastBuild;
use crate::bundle::Bundles;
use crate::engine::{
    Engine, Image, ImageContent, LABEL_LIFETIME, LABEL_RECIPE, LABEL_REGISTERED_IN, LABEL_RUN,
};
use crate::events::Sink;
use crate::recipe::DebianMirror;
use crate::source::Store;

/// The engine, the source and the run that a plan is carried out for.
#[expect(clippy::struct_excessive_bools, reason = "each decides something else")]
pub struct Context<'a> {
    /// The engine.
    pub engine: &'a dyn Engine,
    /// The store with the planned commit; `None` for a source that is a directory of the image.
    pub store: Option<&'a Store>,
    /// Texts of the planned patches, by file.
    pub patches: &'a BTreeMap<String, String>,
    /// The archive behind a [`crate::plan::PlannedImage::Archive`].
    pub image_archive: Option<&'a Path>,
    /// Mirror of Debian's archive for a bootstrap; `None` for Debian's own.
    pub debian_mirror: Option<&'a DebianMirror>,
    /// The run, whose id is in labels and names.
    pub run: &'a Run,
    /// Directory for lock files.
    pub locks: &'a Path,
    /// Use nothing from the network: what is neither in the store nor on the engine is an error.
    pub offline: bool,
    /// What a closed network has in the place of registries and mirrors: with it nothing else is asked.
    pub bundle: Option<&'a Bundles>,
    /// The content that images must have, by name.
    pub locked_images: &'a BTreeMap<String, ImageContent>,
    /// Where that is written, for messages: `the lock file`.
    pub locked_by: &'static str,
    /// Give images that are made a name of their own, which no other build looks for: their plan is somebody else's.
    pub own_images: bool,
    /// Refuse an engine that cannot cut the network of steps that are to have none.
    pub require_no_network: bool,
    /// Refuse an engine that cannot keep limits on memory and processors.
    pub require_limits: bool,
    /// Keep the container of a failed step.
    pub keep: bool,
    /// How long an earlier build took, for people who wait.
    pub last: Option<&'a LastBuild>,
    /// Longest time without a byte from a registry.
    pub stall: Duration,
    /// Takes the events.
    pub sink: &'a dyn Sink,
    /// Is cancelled when the user stops the run.
    pub cancel: &'a CancellationToken,
}

impl Context<'_> {
    /// Whether the image has the locked content, or none is locked for that name.
    pub(super) fn is_locked(&self, name: &str, image: &Image) -> bool {
        let locked = self.locked_images.get(name);
        locked.is_none() || image.known_content() == locked
    }

    /// Waits until no other run has the lock file `path`; `purpose` says for what it has it.
    pub(super) async fn lock(&self, path: PathBuf, purpose: &str) -> Result<File, ExecuteError> {
        let locked = crate::file_lock::acquire(&path, self.run.id(), purpose, self.sink).await;
        locked.map_err(|source| ExecuteError::ImageLock { path, source })
    }

    /// The labels of everything made for `recipe` in this run.
    pub(super) fn labels(&self, recipe: &str) -> BTreeMap<String, String> {
        BTreeMap::from([
            (LABEL_RUN.to_owned(), self.run.id().to_owned()),
            (LABEL_RECIPE.to_owned(), recipe.to_owned()),
        ])
    }

    /// The labels of a session for `recipe`. Its end is not in them as a time of the day: the clock of this machine may be
    /// wrong, while the engine knows how old a session is.
    pub(super) fn session_labels(
        &self,
        recipe: &str,
        lifetime: Duration,
    ) -> BTreeMap<String, String> {
        let mut labels = self.labels(recipe);
        let seconds = lifetime.as_secs().to_string();
        labels.insert(LABEL_LIFETIME.to_owned(), seconds);
        if let Some(place) = self.run.registered_in() {
            labels.insert(LABEL_REGISTERED_IN.to_owned(), place.to_owned());
        }
        labels
    }
}
