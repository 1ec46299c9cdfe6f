//! Runs one step and reports how it ended.

use std::time::{Duration, Instant};

use super::context::Context;
use super::error::ExecuteError;
use super::sinks::Tail;
use crate::artifacts::StepRecord;
use crate::engine::{Command, ExitCause, GuestPath, Session};
use crate::events::{Event, Warning};
use crate::plan::{Plan, PlannedStep};

pub(super) async fn run_step(
    plan: &Plan,
    step: &PlannedStep,
    context: &Context<'_>,
    session: &dyn Session,
) -> Result<StepRecord, ExecuteError> {
    context.sink.event(&Event::StepStarted {
        step: step.name.clone(),
        command: step.command.clone(),
    });
    let started = Instant::now();
    let tail = Tail::new(context.sink);
    let command = Command {
        step: step.name.clone(),
        command: step.command.clone(),
        environment: step.environment.clone(),
        workdir: GuestPath::new(&plan.build.workdir),
        counts_kills: true,
    };
    let exit = session.run(&command, &tail).await;
    let exit = exit.map_err(ExecuteError::engine("build"))?;
    let milliseconds = milliseconds(started);
    context.sink.event(&Event::StepFinished {
        step: step.name.clone(),
        exit_code: exit.code,
        milliseconds,
    });
    let kept = context.keep.then(|| session.id().to_owned());
    match (exit.cause, exit.code) {
        (ExitCause::Ended | ExitCause::OutOfMemory, 0) => {
            if exit.cause == ExitCause::OutOfMemory {
                let warning = Warning::OutOfMemory(step.name.clone());
                context.sink.event(&warning.into());
            }
            Ok(StepRecord {
                name: step.name.clone(),
                command: step.command.clone(),
                environment: step.environment.clone(),
                milliseconds,
            })
        }
        (ExitCause::Ended, exit_code) => Err(ExecuteError::StepFailed {
            step: step.name.clone(),
            command: step.command.clone(),
            exit_code,
            last_lines: tail.into_lines(),
            kept,
        }),
        (ExitCause::OutOfMemory, _) => Err(ExecuteError::OutOfMemory {
            step: step.name.clone(),
            limit: plan.build.limits.memory,
            last_lines: tail.into_lines(),
            kept,
        }),
        // Nothing is kept: the session is over.
        (ExitCause::TimedOut, _) => Err(ExecuteError::TimedOut {
            step: step.name.clone(),
            limit: Duration::from_secs(plan.build.limits.timeout_seconds),
            kept: None,
        }),
        (ExitCause::Evicted, _) => Err(ExecuteError::Evicted {
            step: step.name.clone(),
            last_lines: tail.into_lines(),
        }),
    }
}

/// Milliseconds that have passed since `since`.
pub(super) fn milliseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
