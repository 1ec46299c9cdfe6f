//! What is asked for, and whether it is published already.

use std::path::PathBuf;

use super::super::Invocation;
use super::super::beside::{self, Beside};
use super::super::prepare::Prepared;
use crate::cli::args::BuildArguments;
use crate::failure::Failure;
use crate::plan::{Plan, canonical_json};

/// Where results of the command go, and what is published beside them.
pub(in super::super) struct Order<'a> {
    /// What the command line asks of the build.
    pub(in super::super) arguments: &'a BuildArguments,
    /// Name of the result's folder below those of the recipe and the version.
    pub(in super::super) folder: String,
    /// What is published beside the binaries.
    pub(in super::super) beside: Beside<'a>,
}

impl Order<'_> {
    /// Folder that the result of `plan` is published to.
    pub(in super::super) fn destination(&self, plan: &Plan) -> PathBuf {
        let recipe = self.arguments.output.join(&plan.recipe.name);
        recipe.join(&plan.version).join(&self.folder)
    }
}

/// Tells one content of the published folder from another; `tried` is whether its programs were judged by running them.
pub(super) fn identity(key: &str, prepared: &Prepared, order: &Order<'_>, tried: bool) -> String {
    let like = prepared.like.as_ref().map(canonical_json);
    let beside = beside::identity(&order.beside);
    let tried = if tried { " tried" } else { "" };
    format!("{key} {beside} {}{tried}", like.unwrap_or_default())
}

/// The content key of a plan, where its image is known already.
pub(in super::super) async fn known_key(
    invocation: &Invocation<'_>,
    plan: &Plan,
) -> Result<Option<String>, Failure> {
    let content = invocation.image_content(plan).await?;
    Ok(content.map(|content| plan.content_key(&content)))
}

/// Whether the published folder holds the result of that key already.
pub(in super::super) fn is_current(
    invocation: &Invocation<'_>,
    prepared: &Prepared,
    order: &Order<'_>,
    key: &str,
) -> bool {
    let identity = identity(key, prepared, order, order.arguments.verify_run);
    let folder = order.destination(&prepared.plan);
    invocation.stamps().is_current(&folder, &identity)
}
