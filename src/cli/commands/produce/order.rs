//! What is asked for, and whether it is published already.

use std::path::PathBuf;

use super::super::Invocation;
use super::super::beside::{self, Beside};
use super::super::prepare::Prepared;
use crate::cli::args::BuildArguments;
use crate::failure::Failure;
use crate::plan::{Plan, canonical_json};

/// Whether programs are judged by running them before they are published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Trial {
    /// They are not run.
    No,
    /// They are where that can be shown. That it could not be is an answer, too, and is not asked for again; only one that
    /// turns accounting on is refused.
    WhereItCan,
    /// They are, and one that shows nothing is refused. Where it cannot be shown, the next run tries again.
    Yes,
}

/// Where results of the command go, and what is published beside them.
pub(in super::super) struct Order<'a> {
    /// What the command line asks of the build.
    pub(in super::super) arguments: &'a BuildArguments,
    /// Whether what is published is run before.
    pub(in super::super) trial: Trial,
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

/// What became of the trial of a published result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tried {
    /// It was not asked for.
    No,
    /// It could not be shown.
    NotShown,
    /// It passed, or there was nothing to try.
    Passed,
}

/// Tells one content of the published folder from another.
pub(super) fn identity(key: &str, prepared: &Prepared, order: &Order<'_>, tried: Tried) -> String {
    let like = prepared.like.as_ref().map(canonical_json);
    let beside = beside::identity(&order.beside);
    let tried = match tried {
        Tried::No => "",
        Tried::NotShown => " not shown",
        Tried::Passed => " tried",
    };
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
    let folder = order.destination(&prepared.plan);
    let good_enough: &[Tried] = match order.trial {
        Trial::No => &[Tried::No],
        Trial::WhereItCan => &[Tried::Passed, Tried::NotShown],
        Trial::Yes => &[Tried::Passed],
    };
    good_enough.iter().any(|tried| {
        let identity = identity(key, prepared, order, *tried);
        invocation.stamps().is_current(&folder, &identity)
    })
}
