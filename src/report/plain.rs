//! Short lines, for pipes and for CI logs; a terminal shows the most important of them too.

use super::Verbosity;
use crate::advice;
use crate::events::{Event, command_line};

/// The line for an event, without a line break at its end; `None` if it is not worth one at that verbosity.
pub fn line(event: &Event, verbosity: Verbosity) -> Option<String> {
    match event {
        Event::Warning(warning) => Some(match advice::warning(warning) {
            Some(advice) => format!("warning: {warning}; {advice}"),
            None => format!("warning: {warning}"),
        }),
        _ if verbosity == Verbosity::Quiet => None,
        Event::Output { line, .. } => (verbosity == Verbosity::Verbose).then(|| line.clone()),
        Event::StageStarted { stage, detail } => Some(format!("{stage}: {detail}")),
        Event::StageFinished {
            stage,
            detail,
            milliseconds,
        } => Some(format!(
            "{stage}: done in {}: {detail}",
            seconds(*milliseconds)
        )),
        Event::MirrorFailed {
            wanted,
            mirror,
            reason,
        } => Some(format!("{wanted}: not available from {mirror}: {reason}")),
        Event::StepStarted { step, command } => {
            Some(format!("step {step}: {}", command_line(command)))
        }
        Event::StepFinished {
            step,
            exit_code: 0,
            milliseconds,
        } => Some(format!("step {step}: done in {}", seconds(*milliseconds))),
        Event::StepFinished {
            step,
            exit_code,
            milliseconds,
        } => Some(format!(
            "step {step}: exit code {exit_code} after {}",
            seconds(*milliseconds)
        )),
        Event::Note(note) => Some(format!("note: {note}")),
        Event::Transfer { .. } => None,
    }
}

/// Milliseconds as seconds with one digit after the point.
pub(super) fn seconds(milliseconds: u64) -> String {
    format!("{}.{} s", milliseconds / 1000, milliseconds % 1000 / 100)
}
