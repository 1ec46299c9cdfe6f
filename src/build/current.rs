//! Whether what is asked for is published already.

use super::companions;
use super::error::BuildError;
use super::order::{BuildOrder, RunCheck};
use super::prepared::Prepared;
use super::workspace::Workspace;
use crate::events::Sink;
use crate::plan::{Plan, canonical_json};

/// What became of the run check of a published result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RunCheckResult {
    /// It was not asked for.
    Skipped,
    /// It proved nothing.
    NotShown,
    /// It passed, or there was nothing to run.
    Passed,
}

/// Tells one content of the published directory from another.
pub(super) fn identity(
    key: &str,
    prepared: &Prepared,
    order: &BuildOrder,
    run_check: RunCheckResult,
) -> String {
    let like = prepared.like.as_ref().map(canonical_json);
    let known_holes = prepared.plan.known_holes.as_ref().map(canonical_json);
    let companions = companions::identity(&order.destination);
    let run_check = match run_check {
        RunCheckResult::Skipped => "",
        RunCheckResult::NotShown => " not shown",
        RunCheckResult::Passed => " run",
    };
    let (like, known_holes) = (like.unwrap_or_default(), known_holes.unwrap_or_default());
    format!("{key} {companions} {like}{known_holes}{run_check}")
}

/// The content key of a plan, where its image is known already.
///
/// # Errors
/// [`BuildError::Engine`], [`BuildError::Interrupted`].
pub async fn content_key(
    workspace: &Workspace,
    plan: &Plan,
    sink: &dyn Sink,
) -> Result<Option<String>, BuildError> {
    let content = workspace.image_content(plan, sink).await?;
    Ok(content.map(|content| plan.content_key(&content)))
}

/// Whether the published directory holds the result of that key already.
pub fn is_current(
    workspace: &Workspace,
    prepared: &Prepared,
    order: &BuildOrder,
    key: &str,
) -> bool {
    let directory = order.directory(&prepared.plan);
    let good_enough: &[RunCheckResult] = match order.checks.run {
        RunCheck::Skipped => &[RunCheckResult::Skipped],
        RunCheck::WherePossible => &[RunCheckResult::Passed, RunCheckResult::NotShown],
        RunCheck::Required => &[RunCheckResult::Passed],
    };
    good_enough.iter().any(|result| {
        let identity = identity(key, prepared, order, *result);
        workspace.stamps().is_current(&directory, &identity)
    })
}
