//! Short lines, for pipes and for CI logs.

use super::Verbosity;
use super::output::tell;
use crate::events::{Event, Sink, command_line};

/// One line for each thing worth one.
pub struct PlainProgress {
    verbosity: Verbosity,
}

impl PlainProgress {
    /// Lines as many as `verbosity` asks for.
    pub fn new(verbosity: Verbosity) -> Self {
        Self { verbosity }
    }
}

/// The line for an event, if it is worth one.
pub(super) fn line(event: &Event, verbosity: Verbosity) -> Option<String> {
    match event {
        Event::Warning { text } => Some(format!("warning: {text}")),
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
        } => Some(format!("{wanted}: not from {mirror}: {reason}")),
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
        Event::Note { text } => Some(format!("note: {text}")),
        Event::Transfer { .. } => None,
    }
}

/// Milliseconds as seconds with one digit after the point.
pub(super) fn seconds(milliseconds: u64) -> String {
    format!("{}.{} s", milliseconds / 1000, milliseconds % 1000 / 100)
}

impl Sink for PlainProgress {
    fn event(&self, event: &Event) {
        if let Some(line) = line(event, self.verbosity) {
            tell(&line);
        }
    }
}
