//! Builds and publishes the targets of a release, several at a time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use futures_util::{StreamExt, TryStreamExt as _, stream};
use tokio_util::sync::CancellationToken;

use super::error::{ReleaseError, TargetError};
use super::file::ReleaseFile;
use super::outcome::{FinishedTarget, Outcome, Place, Presentation};
use super::plan::{PlannedRelease, PlannedTarget, TargetState, WantedTarget};
use super::progress::{Phase, ReleaseSink, TargetSink};
use super::publish::write_release;
use super::timeline::Timeline;
use crate::build::{BuildError, BuildOrder, ResultOrigin, Workspace, bring_shared, carry_out};
use crate::plan::Plan;

/// Most builds at a time unless somebody asks for more: each uses all processors by itself where it can.
const MOST_JOBS: u64 = 4;
/// Results that come out of a shared cache at a time.
const TRANSFERS: usize = 4;

/// Builds what has to be built and publishes all of it. `user` is cancelled when the user stops the run; the workspace's
/// own token also when a target fails and that is to stop the others. The targets were planned on the same `timeline`.
///
/// # Errors
/// [`ReleaseError`]; that targets failed is part of the answer.
pub async fn build_release<'a>(
    file: &ReleaseFile,
    planned: PlannedRelease<'a>,
    workspace: &Workspace,
    timeline: &Timeline<'_>,
    user: &CancellationToken,
    presentation: Presentation,
) -> Result<Vec<FinishedTarget<'a>>, ReleaseError> {
    let jobs = match file.jobs {
        Some(jobs) => usize::try_from(jobs).unwrap_or(usize::MAX),
        None => default_jobs(workspace, &planned).await?,
    };
    timeline.begin(planned.targets.len());
    bring_all(&planned, workspace, timeline).await?;
    let one_failed = AtomicBool::new(false);
    let targets = planned.targets.into_iter().enumerate();
    let work = targets.map(|(index, target)| {
        let one_failed = &one_failed;
        async move {
            let mut finished = one(workspace, target, timeline, one_failed).await;
            let stopped = finished.error().is_some_and(TargetError::is_interruption);
            if stopped && !user.is_cancelled() {
                finished.outcome = Outcome::Skipped;
            }
            if file.fail_fast && finished.error().is_some() {
                one_failed.store(true, Ordering::Relaxed);
                workspace.cancel.cancel();
            }
            timeline.ended(&finished.label, &finished.outcome, finished.took);
            (index, finished)
        }
    });
    // In any order: a long build must not hold up short ones behind it.
    let mut finished: Vec<_> = stream::iter(work)
        .buffer_unordered(jobs.max(1))
        .collect()
        .await;
    finished.sort_by_key(|(index, _)| *index);
    let finished: Vec<_> = finished.into_iter().map(|(_, target)| target).collect();
    write_release(file, &finished, timeline, presentation)?;
    Ok(finished)
}

/// Brings what shared caches have, several results at a time: it needs the network, and hardly a processor.
async fn bring_all(
    planned: &PlannedRelease<'_>,
    workspace: &Workspace,
    progress: &dyn ReleaseSink,
) -> Result<(), BuildError> {
    if workspace.shared_cache.is_none() {
        return Ok(());
    }
    let targets = planned.targets.iter();
    let cached = targets.filter_map(|target| match &target.state {
        TargetState::Wanted(wanted) if wanted.origin == ResultOrigin::Cache => {
            let key = wanted.key.as_deref()?;
            Some((target, wanted, key))
        }
        _ => None,
    });
    let bringing = cached.map(|(target, wanted, key)| async move {
        let sink = TargetSink {
            progress,
            target: &target.label,
            phase: Phase::Building,
        };
        bring_shared(target.order, &wanted.prepared, key, workspace, &sink).await
    });
    stream::iter(bringing.collect::<Vec<_>>())
        .buffer_unordered(TRANSFERS)
        .try_collect()
        .await
}

/// As many builds at a time as the engine has processors and memory for, by what the recipes say they need.
async fn default_jobs(
    workspace: &Workspace,
    planned: &PlannedRelease<'_>,
) -> Result<usize, BuildError> {
    let plans: Vec<&Plan> = planned.to_build().collect();
    if plans.len() < 2 {
        return Ok(1);
    }
    let engine = workspace.engine().await?;
    if let Some(cluster) = engine.as_cluster() {
        // Which nodes there are, and when they have room, the cluster knows.
        return Ok(cluster.parallelism());
    }
    let capacity = workspace.unless_stopped(engine.capacity()).await?;
    let needs = plans.iter().filter_map(|plan| plan.build.needs.memory);
    let by_memory = needs
        .max()
        .map_or(u64::MAX, |need| capacity.memory / need.max(1));
    let jobs = capacity.processors.min(by_memory).clamp(1, MOST_JOBS);
    Ok(usize::try_from(jobs).unwrap_or(1))
}

async fn one<'a>(
    workspace: &Workspace,
    planned: PlannedTarget<'a>,
    progress: &dyn ReleaseSink,
    one_failed: &AtomicBool,
) -> FinishedTarget<'a> {
    let started = Instant::now();
    let PlannedTarget {
        target,
        label,
        order,
        place,
        state,
    } = planned;
    let (place, outcome) = match state {
        TargetState::NotNeeded(reason) => (place, Outcome::NotNeeded(reason)),
        TargetState::Failed(error) => (place, Outcome::Failed(error)),
        TargetState::Wanted(wanted) => {
            let plan = &wanted.prepared.plan;
            let place = Place {
                version: plan.version.clone(),
                platform: plan.platform.clone(),
            };
            let outcome = if one_failed.load(Ordering::Relaxed) {
                Outcome::Skipped
            } else {
                let sink = TargetSink {
                    progress,
                    target: &label,
                    phase: Phase::Building,
                };
                build(order, &wanted, workspace, &sink).await
            };
            (place, outcome)
        }
    };
    FinishedTarget {
        target,
        label,
        place,
        outcome,
        took: started.elapsed(),
    }
}

async fn build(
    order: &BuildOrder,
    wanted: &WantedTarget,
    workspace: &Workspace,
    sink: &TargetSink<'_>,
) -> Outcome {
    if workspace.cancel.is_cancelled() {
        return Outcome::Failed(BuildError::Interrupted.into());
    }
    match Box::pin(carry_out(order, &wanted.prepared, workspace, sink)).await {
        Ok(result) => Outcome::Published(Box::new(result)),
        Err(failed) => Outcome::Failed(failed.into()),
    }
}
