//! Builds and publishes the targets of a release, several at a time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use tokio_util::sync::CancellationToken;

use super::super::produce::{How, NotProduced, Produced, produce};
use super::super::{Invocation, explain};
use super::file::ReleaseFile;
use super::plan::{Planned, PlannedTarget, State, order};
use super::publish;
use crate::cli::args::ReleaseArguments;
use crate::failure::{Failure, FailureKind};
use crate::plan::Plan;
use crate::release::Target;
use crate::report::{ReleaseProgress, TargetEnd, check_table};

/// Most builds at a time unless somebody asks for more: each uses all processors by itself where it can.
const MOST_JOBS: u64 = 4;

/// A target whose work is over.
pub(super) struct Done<'a> {
    pub(super) target: &'a Target,
    pub(super) label: String,
    /// Where it is, or would be, below the folder of the results.
    pub(super) place: Place,
    pub(super) outcome: Outcome,
    pub(super) took: Duration,
}

/// The place of a result.
pub(super) struct Place {
    pub(super) version: String,
    pub(super) platform: String,
}

/// What came of a target.
pub(super) enum Outcome {
    /// It is published.
    Published(Box<Produced>),
    /// It needs no build.
    NotNeeded(String),
    /// It failed.
    Failed(Failure),
    /// It was not begun or not finished, as another one had failed.
    Skipped,
}

impl Done<'_> {
    /// Why it failed.
    pub(super) fn failure(&self) -> Option<&Failure> {
        match &self.outcome {
            Outcome::Failed(failure) => Some(failure),
            _ => None,
        }
    }
}

/// Builds what has to be built and publishes all of it. `user` is cancelled when the user stops the run; the
/// invocation's own token also when a target fails and that is to stop the others.
pub(super) async fn run<'a>(
    invocation: &Invocation<'_>,
    arguments: &ReleaseArguments,
    file: &ReleaseFile,
    planned: Planned<'a>,
    progress: &ReleaseProgress,
    user: &CancellationToken,
) -> Result<Vec<Done<'a>>, Failure> {
    let jobs = match file.jobs {
        Some(jobs) => usize::try_from(jobs).unwrap_or(usize::MAX),
        None => default_jobs(invocation, &planned).await?,
    };
    progress.begin(planned.targets.len());
    let one_failed = AtomicBool::new(false);
    let work = planned
        .targets
        .into_iter()
        .enumerate()
        .map(|(index, target)| {
            let one_failed = &one_failed;
            async move {
                let mut done = one(invocation, file, target, progress, one_failed).await;
                let stopped = done
                    .failure()
                    .is_some_and(|failure| failure.kind == FailureKind::Interrupted);
                if stopped && !user.is_cancelled() {
                    done.outcome = Outcome::Skipped;
                }
                if arguments.fail_fast && done.failure().is_some() {
                    one_failed.store(true, Ordering::Relaxed);
                    invocation.cancel.cancel();
                }
                progress.ended(&done.label, &end(&done.outcome), done.took);
                (index, done)
            }
        });
    // In any order: a long build must not hold up short ones behind it.
    let mut done: Vec<_> = stream::iter(work)
        .buffer_unordered(jobs.max(1))
        .collect()
        .await;
    done.sort_by_key(|(index, _)| *index);
    let done: Vec<_> = done.into_iter().map(|(_, done)| done).collect();
    publish::write_release(file, &done, progress)?;
    Ok(done)
}

/// As many builds at a time as the engine has processors and memory for, by what the recipes say they need.
async fn default_jobs(
    invocation: &Invocation<'_>,
    planned: &Planned<'_>,
) -> Result<usize, Failure> {
    let plans: Vec<&Plan> = planned.to_build().collect();
    if plans.len() < 2 {
        return Ok(1);
    }
    let engine = &invocation.connected().await?.engine;
    let capacity = invocation.unless_stopped(engine.capacity()).await?;
    let need = plans
        .iter()
        .filter_map(|plan| plan.build.needs.memory)
        .max();
    let by_memory = need.map_or(u64::MAX, |need| capacity.memory / need.max(1));
    let jobs = capacity.processors.min(by_memory).clamp(1, MOST_JOBS);
    Ok(usize::try_from(jobs).unwrap_or(1))
}

async fn one<'a>(
    invocation: &Invocation<'_>,
    file: &ReleaseFile,
    planned: PlannedTarget<'a>,
    progress: &ReleaseProgress,
    one_failed: &AtomicBool,
) -> Done<'a> {
    let started = Instant::now();
    let PlannedTarget {
        target,
        label,
        arguments,
        place,
        state,
    } = planned;
    let (place, outcome) = match state {
        State::NotNeeded(reason) => (place, Outcome::NotNeeded(reason)),
        State::Failed(failure) => (place, Outcome::Failed(failure)),
        State::Wanted(wanted) => {
            let plan = &wanted.prepared.plan;
            let place = Place {
                version: plan.version.clone(),
                platform: plan.platform.clone(),
            };
            let outcome = if one_failed.load(Ordering::Relaxed) {
                Outcome::Skipped
            } else if invocation.cancel.is_cancelled() {
                Outcome::Failed(explain::interrupted())
            } else {
                let signing = file.signing.as_ref();
                let order = order(target, arguments, &wanted.prepared, signing);
                let sink = progress.target(&label);
                let produced = Box::pin(produce(invocation, &wanted.prepared, &order, &sink)).await;
                match produced {
                    Ok(produced) => Outcome::Published(Box::new(produced)),
                    Err(NotProduced { failure, unproven }) => {
                        if !unproven.is_empty() {
                            progress.show(&label, &check_table(&unproven, false));
                        }
                        Outcome::Failed(failure)
                    }
                }
            };
            (place, outcome)
        }
    };
    Done {
        target,
        label,
        place,
        outcome,
        took: started.elapsed(),
    }
}

/// The outcome as the progress shows it.
fn end(outcome: &Outcome) -> TargetEnd<'_> {
    match outcome {
        Outcome::Published(produced) => TargetEnd::Published(match produced.how {
            How::Built => "built",
            How::Cached => "taken from the cache",
            How::Unchanged => "there already",
        }),
        Outcome::NotNeeded(reason) => TargetEnd::NotNeeded(reason),
        Outcome::Failed(failure) => TargetEnd::Failed(failure),
        Outcome::Skipped => TargetEnd::Skipped,
    }
}
