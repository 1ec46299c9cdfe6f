//! What a build begins with: recipe, facts and plan, and what they were read from.

use std::sync::Arc;
use std::time::Duration;

use super::error::BuildError;
use super::order::BuildOrder;
use super::workspace::Workspace;
use crate::artifacts::ManifestLike;
use crate::engine::Engine;
use crate::events::{Note, Sink};
use crate::execute::refuse_engine;
use crate::facts::ContainerFacts;
use crate::library::LoadedRecipe;
use crate::plan::{Plan, Via};
use crate::source::{Served, Store};

/// Longest time without a byte from a mirror, when nobody says otherwise.
pub(super) const STALL: Duration = Duration::from_secs(30);

/// Recipe, facts and plan, with what they were read from.
pub struct Prepared {
    /// The recipe.
    pub loaded: Arc<LoadedRecipe>,
    /// The engine that the plan is for.
    pub engine: Arc<dyn Engine>,
    /// The source, unless it is in the image.
    pub git: Option<Fetched>,
    /// What is to be done.
    pub plan: Plan,
    /// What a node has, where that chose the version.
    pub like: Option<ManifestLike>,
}

/// A source in its store.
pub struct Fetched {
    /// The store.
    pub store: Store,
    /// What was served, and from where.
    pub served: Served,
}

/// The engine, which must be able to do what the way of the build needs.
pub(super) async fn connect(
    workspace: &Workspace,
    via: Via,
) -> Result<Arc<dyn Engine>, BuildError> {
    let engine = workspace.engine().await?;
    if via == Via::RunSh {
        refuse_engine(engine.describe())?;
    }
    Ok(Arc::clone(engine))
}

/// The container that the tool runs in, where the engine has no other image.
pub(super) fn container(
    order: &BuildOrder,
    workspace: &Workspace,
    engine: &dyn Engine,
) -> Option<ContainerFacts> {
    if engine.describe().capabilities.gets_images {
        return None;
    }
    let identity = order.image.identity.as_ref();
    let identity = identity.or(workspace.image_identity.as_ref());
    Some(ContainerFacts {
        identity: identity.map(ToString::to_string),
    })
}

/// Says once which engine is used, where nobody chose it and it is not the usual one.
pub(super) fn note_engine(workspace: &Workspace, engine: &dyn Engine, sink: &dyn Sink) {
    let info = engine.describe();
    if let Some(reason) = &info.instead_of
        && workspace.is_first_note_of_engine()
    {
        let note = Note::EngineInstead(info.version.clone(), reason.clone());
        sink.event(&note.into());
    }
}

/// Longest time without a byte from a mirror.
pub(super) fn stall(order: &BuildOrder, workspace: &Workspace) -> Duration {
    let configured = workspace.configuration.stall_timeout.map(|span| span.0);
    order.limits.stall.or(configured).unwrap_or(STALL)
}
