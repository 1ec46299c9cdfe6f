//! What is asked of a reproduction, and the order of the build that it makes.

use std::path::PathBuf;
use std::sync::Arc;

use crate::artifacts::PublishedResult;
use crate::build::{BuildOrder, CacheUse, ImageChoice, Limits, SourceChoice, Subject};

/// Which result to build again, and from where.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "four independent questions")]
pub struct ReproduceOrder {
    /// The manifest of a published result, or its directory.
    pub published: PathBuf,
    /// Accept another toolchain image where the result's own cannot be provided.
    pub any_image: bool,
    /// Run a plan whose script controls the engine, and with it the engine's host.
    pub engine_access: bool,
    /// Where the source comes from, instead of the recipe's URLs and the manifest's.
    pub source: SourceChoice,
    /// Where the image comes from.
    pub image: ImageChoice,
    /// What the build may take.
    pub limits: Limits,
    /// Take nothing from the network.
    pub offline: bool,
    /// Directory to keep what was built in, which must be empty or missing; a temporary one when not given.
    pub output: Option<PathBuf>,
    /// Keep the container of a failed step.
    pub keep: bool,
}

impl ReproduceOrder {
    /// The order to build a published result again, from where it came from and into a temporary directory.
    pub fn new(published: impl Into<PathBuf>) -> Self {
        Self {
            published: published.into(),
            any_image: false,
            engine_access: false,
            source: SourceChoice::default(),
            image: ImageChoice::default(),
            limits: Limits::default(),
            offline: false,
            output: None,
            keep: false,
        }
    }

    /// The order of the build: everything that decides over the bytes is in the result's plan.
    pub(super) fn build_order(&self, published: Arc<PublishedResult>) -> BuildOrder {
        let recipe = published.plan.recipe.name.clone();
        BuildOrder {
            source: self.source.clone(),
            image: self.image.clone(),
            limits: self.limits.clone(),
            cache: CacheUse {
                rebuild: true,
                offline: self.offline,
                only: false,
            },
            keep: self.keep,
            ..BuildOrder::new(
                recipe,
                Subject::Published(published),
                self.output.clone().unwrap_or_default(),
            )
        }
    }
}
