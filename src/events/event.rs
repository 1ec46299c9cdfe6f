//! The events, and what receives them.

use serde::Serialize;

use super::{Note, Warning};

/// Version of the documents and lines of JSON output.
pub const JSON_FORMAT: u32 = 1;

/// Something that happened. It is serialised, within a versioned object, for JSON output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(
    tag = "event",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case"
)]
pub enum Event {
    /// A stage of the run begins: `source`, `image`, `collect`, `check`, `run-check`, `cache`, `fetch`, `publish`, `share`;
    /// on a cluster `tool`, `inputs`, `job`, `result`.
    StageStarted {
        /// Name of the stage.
        stage: &'static str,
        /// What it is about to do, for people.
        detail: String,
    },
    /// A stage ended.
    StageFinished {
        /// Name of the stage.
        stage: &'static str,
        /// Its result, for people.
        detail: String,
        /// Its duration, in milliseconds.
        milliseconds: u64,
    },
    /// A stage did not come to its end: what it did failed, or was stopped. The error is told elsewhere.
    StageFailed {
        /// Name of the stage.
        stage: &'static str,
        /// Its duration, in milliseconds.
        milliseconds: u64,
    },
    /// A place did not have what was requested; the next one is tried.
    MirrorFailed {
        /// What was requested, such as an image or a tag.
        wanted: String,
        /// The place: a URL or an image reference.
        mirror: String,
        /// The reason.
        reason: String,
    },
    /// Progress of a transfer of known or unknown size.
    Transfer {
        /// What is transferred: a layer's short id, `objects`, `upload`.
        item: String,
        /// The action: `downloading`, `extracting`, `receiving`.
        action: String,
        /// Units so far.
        current: u64,
        /// Units in total; 0 if unknown.
        total: u64,
    },
    /// A build step begins.
    StepStarted {
        /// The step's name in the recipe.
        step: String,
        /// The command, one string for each argument.
        command: Vec<String>,
        /// Which of the steps it is, from 1 on.
        number: usize,
        /// How many steps there are.
        of: usize,
        /// How long it took the last time, in milliseconds, where that is known.
        #[serde(skip_serializing_if = "Option::is_none")]
        last_milliseconds: Option<u64>,
    },
    /// A build step is still at work, though it may print nothing.
    StepRunning {
        /// The step's name in the recipe.
        step: String,
        /// How long it has been running, in milliseconds.
        milliseconds: u64,
        /// Time of processors that its session has used since the step began, in milliseconds.
        cpu_milliseconds: u64,
        /// Memory that its session needs now, in bytes.
        memory: u64,
    },
    /// A line of output of a step, of an image build or of a bootstrap, without its newline.
    Output {
        /// The step's name, or `image`.
        step: String,
        /// The line.
        line: String,
    },
    /// A build step ended.
    StepFinished {
        /// The step's name in the recipe.
        step: String,
        /// Its exit code.
        exit_code: i64,
        /// Its duration, in milliseconds.
        milliseconds: u64,
    },
    /// Something is not as it should be, and does not stop the run.
    Warning(Warning),
    /// Something worth knowing that is as it should be.
    Note(Note),
}

impl From<Warning> for Event {
    fn from(warning: Warning) -> Self {
        Self::Warning(warning)
    }
}

impl From<Note> for Event {
    fn from(note: Note) -> Self {
        Self::Note(note)
    }
}

/// Receives events; implemented by the reporters and by the build log.
pub trait Sink: Send + Sync {
    /// Receives an event. Must not block for long and must not fail: a lost progress line must not stop a build.
    fn event(&self, event: &Event);
}

/// Drops every event.
pub struct Silent;

impl Sink for Silent {
    fn event(&self, _: &Event) {}
}

/// Passes each event to several sinks, in order.
pub struct Tee<'a>(
    /// The sinks.
    pub Vec<&'a dyn Sink>,
);

impl Sink for Tee<'_> {
    fn event(&self, event: &Event) {
        for sink in &self.0 {
            sink.event(event);
        }
    }
}

/// A command as it would be typed in a shell, with arguments quoted if needed.
pub fn command_line(command: &[String]) -> String {
    let words = command.iter().map(String::as_str);
    // Only a null byte cannot be quoted, and no program can be started with it either.
    shlex::try_join(words).unwrap_or_else(|_| command.join(" "))
}
