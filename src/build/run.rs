//! The road.

use super::attempt::Attempt;
use super::current::{content_key, is_current};
use super::error::{BuildError, FailedBuild};
use super::order::BuildOrder;
use super::prepare::prepare;
use super::prepared::Prepared;
use super::result::{BuildResult, CacheOutcome};
use super::shared::share;
use super::sweep::sweep_dead_runs;
use super::workspace::Workspace;
use crate::artifacts::{read_index, read_manifest};
use crate::clock;
use crate::events::{Event, Note, Sink};

/// Carries out an order: recipe, facts and plan are [`prepare`]; what was built, its manifest and the verdict on it are
/// [`carry_out`], which publishes a result that passes its checks.
///
/// # Errors
/// [`FailedBuild`]; nothing was published, and an earlier result is untouched.
pub async fn run(
    order: &BuildOrder,
    workspace: &Workspace,
    sink: &dyn Sink,
) -> Result<BuildResult, FailedBuild> {
    refuse_release(order)?;
    let prepared = prepare(order, workspace, sink).await?;
    carry_out(order, &prepared, workspace, sink).await
}

/// A release is made as a whole: a result that came or went beside its index would be taken for a forgery.
fn refuse_release(order: &BuildOrder) -> Result<(), BuildError> {
    let output = &order.destination.output;
    match read_index(output) {
        None => Ok(()),
        Some(_) => Err(BuildError::IntoRelease {
            output: output.clone(),
            recipe: order.recipe.clone(),
        }),
    }
}

/// Publishes the result of a plan: the one that is published already, the cache's, that of a shared cache, or a new one. Then it
/// is put into the shared caches that lack it.
///
/// # Errors
/// As [`run`].
pub async fn carry_out(
    order: &BuildOrder,
    prepared: &Prepared,
    workspace: &Workspace,
    sink: &dyn Sink,
) -> Result<BuildResult, FailedBuild> {
    let result = Box::pin(obtain(order, prepared, workspace, sink)).await?;
    Box::pin(share(order, prepared, workspace, &result, sink)).await;
    Ok(result)
}

async fn obtain(
    order: &BuildOrder,
    prepared: &Prepared,
    workspace: &Workspace,
    sink: &dyn Sink,
) -> Result<BuildResult, FailedBuild> {
    let started = clock::now();
    let key = if order.cache.rebuild {
        None
    } else {
        content_key(workspace, &prepared.plan, sink).await?
    };
    if let Some(key) = &key
        && let Some(result) = published_before(order, prepared, workspace, key, sink)
    {
        return Ok(result);
    }
    let run = workspace.begin_run(prepared.engine.as_ref())?;
    let attempt = Attempt {
        order,
        prepared,
        workspace,
        run: &run,
        sink,
    };
    if let Some(key) = &key
        && let Some(result) = publish_kept(&attempt, key).await?
    {
        return Ok(result);
    }
    if order.cache.only {
        return Err(BuildError::NotInCache {
            recipe: prepared.plan.recipe.name.clone(),
            version: prepared.plan.version.clone(),
        }
        .into());
    }
    // What a killed run left on a cluster goes on, and is followed.
    if prepared.engine.as_cluster().is_none() {
        sweep_dead_runs(workspace, prepared.engine.as_ref(), sink).await?;
    }
    let (result, keep) = attempt.build(started).await;
    if keep {
        run.end_and_keep();
    }
    result
}

/// Publishes the result of that key out of the cache, or out of a shared one.
async fn publish_kept(
    attempt: &Attempt<'_>,
    key: &str,
) -> Result<Option<BuildResult>, FailedBuild> {
    let mut was_brought = attempt.bring_shared(key).await?;
    let mut result = attempt.publish_cached(key).await?;
    if result.is_none() && !was_brought {
        // The cache's own one may have been damaged, and gone.
        was_brought = attempt.bring_shared(key).await?;
        if was_brought {
            result = attempt.publish_cached(key).await?;
        }
    }
    if was_brought {
        attempt.reduce_cache(key);
    }
    Ok(result)
}

/// The result in its place, where it is what is asked for.
fn published_before(
    order: &BuildOrder,
    prepared: &Prepared,
    workspace: &Workspace,
    key: &str,
    sink: &dyn Sink,
) -> Option<BuildResult> {
    if !is_current(workspace, prepared, order, key) {
        return None;
    }
    let directory = order.directory(&prepared.plan);
    let manifest = read_manifest(&directory).ok()?;
    workspace.results().note_use(key);
    sink.event(&Event::Note(Note::Unchanged));
    Some(BuildResult {
        directory: directory.canonicalize().unwrap_or(directory),
        manifest,
        outcome: CacheOutcome::Unchanged,
        key: Some(key.to_owned()),
    })
}
