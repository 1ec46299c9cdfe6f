//! Short lines, for pipes and for CI logs; a terminal shows the most important of them too.

use super::Verbosity;
use crate::events::{Event, command_line};
use crate::failure::render;

/// The line for an event of a target, or of a single build, if it is worth one.
pub(super) fn line(target: Option<&str>, event: &Event, verbosity: Verbosity) -> Option<String> {
    let text = text(event, verbosity)?;
    let text = text.trim_end();
    Some(match (target, event) {
        (None, _) => text.to_owned(),
        (Some(target), Event::ChecksFailed { .. }) => format!("{target}:\n{text}"),
        (Some(target), _) => format!("{target}: {text}"),
    })
}

fn text(event: &Event, verbosity: Verbosity) -> Option<String> {
    Some(match event {
        Event::Warning { text } => format!("warning: {text}"),
        Event::ChecksFailed { table } => table.clone(),
        Event::TargetFailed {
            message,
            causes,
            hints,
            milliseconds,
            ..
        } => format!(
            "FAILED after {}\n{}",
            seconds(*milliseconds),
            render(message, causes, hints)
        ),
        _ if verbosity == Verbosity::Quiet => return None,
        Event::Output { .. } if verbosity != Verbosity::Verbose => return None,
        Event::Transfer { .. } | Event::TargetsStarted { .. } => return None,
        Event::Output { line, .. } => line.clone(),
        Event::StageStarted { stage, detail } => format!("{stage}: {detail}"),
        Event::StageFinished {
            stage,
            detail,
            milliseconds,
        } => format!("{stage}: done in {}: {detail}", seconds(*milliseconds)),
        Event::MirrorFailed {
            wanted,
            mirror,
            reason,
        } => format!("{wanted}: not available from {mirror}: {reason}"),
        Event::StepStarted { step, command } => format!("step {step}: {}", command_line(command)),
        Event::StepFinished {
            step,
            exit_code: 0,
            milliseconds,
        } => format!("step {step}: done in {}", seconds(*milliseconds)),
        Event::StepFinished {
            step,
            exit_code,
            milliseconds,
        } => format!(
            "step {step}: exit code {exit_code} after {}",
            seconds(*milliseconds)
        ),
        Event::Note { text } => format!("note: {text}"),
        Event::TargetPublished { how, milliseconds } => {
            format!("{how} in {}", seconds(*milliseconds))
        }
        Event::TargetNotNeeded { reason } => format!("not needed: {reason}"),
        Event::TargetSkipped => "skipped because another target failed".to_owned(),
    })
}

/// Milliseconds as seconds with one digit after the point.
fn seconds(milliseconds: u64) -> String {
    format!("{}.{} s", milliseconds / 1000, milliseconds % 1000 / 100)
}
