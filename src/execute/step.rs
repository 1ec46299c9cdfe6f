//! Runs one step and tells how it ended.

use std::time::Instant;

use super::context::Context;
use super::error::ExecuteError;
use super::sinks::Tail;
use crate::artifacts::StepRecord;
use crate::engine::{Command, Exit, Session};
use crate::events::Event;
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
        workdir: plan.build.workdir.clone(),
        counts_kills: true,
    };
    let exit = session.run(&command, &tail).await;
    let exit = exit.map_err(|source| ExecuteError::Engine {
        stage: "build",
        source,
    })?;
    let milliseconds = milliseconds(started);
    context.sink.event(&Event::StepFinished {
        step: step.name.clone(),
        exit_code: exit.code,
        milliseconds,
    });
    let kept = context.keep.then(|| session.id().to_owned());
    match exit {
        Exit {
            code: 0,
            out_of_memory,
        } => {
            if out_of_memory {
                context.sink.event(&Event::Warning {
                    text: format!(
                        "step {} succeeded although a process of it was killed for lack of memory",
                        step.name
                    ),
                });
            }
            Ok(StepRecord {
                name: step.name.clone(),
                command: step.command.clone(),
                environment: step.environment.clone(),
                milliseconds,
            })
        }
        Exit {
            out_of_memory: true,
            ..
        } => Err(ExecuteError::OutOfMemory {
            step: step.name.clone(),
            limit: plan.build.limits.memory,
            last_lines: tail.into_lines(),
            kept,
        }),
        Exit { code, .. } => Err(ExecuteError::StepFailed {
            step: step.name.clone(),
            command: step.command.clone(),
            exit_code: code,
            last_lines: tail.into_lines(),
            kept,
        }),
    }
}

/// Milliseconds since then.
pub(super) fn milliseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
