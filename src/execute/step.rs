//! Runs one step and reports how it ended.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use super::context::Context;
use super::error::ExecuteError;
use super::sinks::Tail;
use crate::artifacts::StepRecord;
use crate::engine::{Command, ExitCause, GuestPath, Session};
use crate::events::{Event, Sink, Warning};
use crate::plan::{Plan, PlannedStep};

/// How often it is asked what a running step uses.
const LOOK: Duration = Duration::from_secs(2);

/// Runs the step with this index of a plan.
pub(super) async fn run_step(
    plan: &Plan,
    index: usize,
    context: &Context<'_>,
    session: &dyn Session,
) -> Result<StepRecord, ExecuteError> {
    let step = &plan.build.steps[index];
    let last = context.last.and_then(|last| last.steps.get(&step.name));
    context.sink.event(&Event::StepStarted {
        step: step.name.clone(),
        command: step.command.clone(),
        number: index + 1,
        of: plan.build.steps.len(),
        last_milliseconds: last.map(|last| u64::try_from(last.as_millis()).unwrap_or(u64::MAX)),
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
    let exit = tokio::select! {
        exit = session.run(&command, &tail) => exit,
        never = look_at(step, session, context.sink) => match never {},
    };
    let exit = exit.map_err(ExecuteError::engine("build"))?;
    let milliseconds = milliseconds(started);
    context.sink.event(&Event::StepFinished {
        step: step.name.clone(),
        exit_code: exit.code,
        milliseconds,
    });
    let kept = context.keep.then(|| session.entrance());
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

/// Tells again and again what a step uses, until it is dropped.
async fn look_at(step: &PlannedStep, session: &dyn Session, sink: &dyn Sink) -> Infallible {
    let started = Instant::now();
    let before = session.usage().await;
    loop {
        tokio::time::sleep(LOOK).await;
        let Some(usage) = session.usage().await else {
            continue;
        };
        let before = before.map_or(Duration::ZERO, |usage| usage.cpu);
        let cpu = usage.cpu.saturating_sub(before);
        sink.event(&Event::StepRunning {
            step: step.name.clone(),
            milliseconds: milliseconds(started),
            cpu_milliseconds: u64::try_from(cpu.as_millis()).unwrap_or(u64::MAX),
            memory: usage.memory,
        });
    }
}

/// Milliseconds that have passed since `since`.
pub(super) fn milliseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
