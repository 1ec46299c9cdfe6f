//! Where the result of a plan comes from.

use super::current::{content_key, is_current};
use super::error::BuildError;
use super::order::BuildOrder;
use super::prepared::Prepared;
use super::workspace::Workspace;
use crate::events::Sink;

/// Where a result comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResultOrigin {
    /// It is published as it should be.
    Published,
    /// It is in the cache, or in a shared one.
    Cache,
    /// It has to be built.
    Build,
}

/// Where the result of `prepared` comes from, and its content key, where the image is known already.
///
/// # Errors
/// [`BuildError::Engine`], [`BuildError::Interrupted`].
pub async fn result_origin(
    order: &BuildOrder,
    prepared: &Prepared,
    workspace: &Workspace,
    sink: &dyn Sink,
) -> Result<(ResultOrigin, Option<String>), BuildError> {
    let key = content_key(workspace, &prepared.plan, sink).await?;
    let origin = match &key {
        _ if order.cache.rebuild => ResultOrigin::Build,
        Some(key) if is_current(workspace, prepared, order, key) => ResultOrigin::Published,
        Some(key) if matches!(workspace.results().look_up(key), Ok(Some(_))) => ResultOrigin::Cache,
        Some(key) if is_shared(key, workspace, sink).await? => ResultOrigin::Cache,
        _ => ResultOrigin::Build,
    };
    Ok((origin, key))
}

/// Whether a shared cache has the result of a key, as far as its signed statement tells.
async fn is_shared(key: &str, workspace: &Workspace, sink: &dyn Sink) -> Result<bool, BuildError> {
    match &workspace.shared_cache {
        Some(shared) => {
            let finding = Box::pin(shared.find(key, sink));
            let found = workspace.or_stopped(finding).await?;
            Ok(found.is_some())
        }
        None => Ok(false),
    }
}
