//! The complete log of a build.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::error::ArtifactError;
use crate::events::{Event, Sink, command_line};

/// Writes every line of output, and what the tool did in between, to a file.
pub struct BuildLog {
    path: PathBuf,
    state: Mutex<State>,
}

struct State {
    file: BufWriter<File>,
    lines: u64,
    failed: Option<std::io::Error>,
}

impl BuildLog {
    /// Creates a log at `path`.
    ///
    /// # Errors
    /// [`ArtifactError::Unwritable`].
    pub fn create(path: &Path) -> Result<Self, ArtifactError> {
        let file = File::create(path).map_err(ArtifactError::unwritable(path))?;
        let state = Mutex::new(State {
            file: BufWriter::new(file),
            lines: 0,
            failed: None,
        });
        Ok(Self {
            path: path.to_path_buf(),
            state,
        })
    }

    /// Whether anything was logged.
    pub fn is_empty(&self) -> bool {
        self.state.lock().is_ok_and(|state| state.lines == 0)
    }

    /// Writes buffered lines.
    ///
    /// # Errors
    /// [`ArtifactError::Unwritable`] for the first line that could not be written.
    pub fn finish(&self) -> Result<(), ArtifactError> {
        let Ok(mut state) = self.state.lock() else {
            return Ok(());
        };
        let failed = state.failed.take();
        let written = failed.map_or_else(|| state.file.flush(), Err);
        written.map_err(ArtifactError::unwritable(&self.path))
    }
}

impl Sink for BuildLog {
    fn event(&self, event: &Event) {
        let line = match event {
            Event::Output { line, .. } => line.clone(),
            Event::StageStarted { stage, detail } => format!("== {stage}: {detail}"),
            Event::StageFinished { stage, detail, .. } => format!("== {stage} done: {detail}"),
            Event::StageFailed { stage, .. } => format!("== {stage} failed"),
            Event::StepStarted { step, command, .. } => {
                format!("== step {step}: {}", command_line(command))
            }
            Event::StepFinished {
                step,
                exit_code,
                milliseconds,
            } => {
                format!("== step {step} ended with exit code {exit_code} after {milliseconds} ms")
            }
            Event::MirrorFailed {
                wanted,
                mirror,
                reason,
            } => format!("== {wanted}: not available from {mirror}: {reason}"),
            Event::Warning(warning) => format!("== warning: {warning}"),
            Event::Note(note) => format!("== note: {note}"),
            Event::StepRunning { .. } | Event::Transfer { .. } => return,
        };
        let Ok(mut state) = self.state.lock() else {
            return;
        };
        state.lines += 1;
        if let Err(error) = writeln!(state.file, "{line}") {
            state.failed.get_or_insert(error);
        }
    }
}
