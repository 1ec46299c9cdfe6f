//! What the stages tell about their work while it goes on.
//!
//! Stages emit [`Event`]s into a [`Sink`] and never print; the `report` room turns them into bars, lines
//! or JSON, and the build log keeps every [`Event::Output`] line.

use serde::Serialize;

/// Version of the documents and of the lines that `--format json` prints.
pub const JSON_FORMAT: u32 = 1;

/// One thing that happened. Serialised (with a format version around it) for `--format json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(
    tag = "event",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case"
)]
pub enum Event {
    /// A stage of the run begins: `source`, `image`, `build`, `collect`, `verify`.
    StageStarted {
        /// Name of the stage.
        stage: &'static str,
        /// What it is about to do, for a person.
        detail: String,
    },
    /// A stage is done.
    StageFinished {
        /// Name of the stage.
        stage: &'static str,
        /// What came of it, for a person.
        detail: String,
        /// How long it took, in milliseconds.
        milliseconds: u64,
    },
    /// One of several places did not have what was wanted; the next one is tried.
    MirrorFailed {
        /// What was wanted, e.g. an image name or a tag.
        wanted: String,
        /// The place that was asked: a URL or an image reference.
        mirror: String,
        /// Why it did not do.
        reason: String,
    },
    /// Something of known or unknown size is on its way.
    Transfer {
        /// What is transferred: a layer's short id, `objects`, `upload`.
        item: String,
        /// What is being done with it: `downloading`, `extracting`, `receiving`.
        action: String,
        /// Units done so far.
        current: u64,
        /// Units in all, 0 when unknown.
        total: u64,
    },
    /// A build step begins.
    StepStarted {
        /// The step's name in the recipe.
        step: String,
        /// The command, one string an argument.
        command: Vec<String>,
    },
    /// One line of output of a step, of an image build or of a bootstrap, without its newline.
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
        /// How long it took, in milliseconds.
        milliseconds: u64,
    },
    /// Something the user should know and that does not stop the run.
    Warning {
        /// The text, one sentence or more.
        text: String,
    },
    /// Something worth a line that is not a warning.
    Note {
        /// The text, one sentence or more.
        text: String,
    },
}

/// Takes events; implemented by the reporters and by the build log.
pub trait Sink: Send + Sync {
    /// Takes one event. Must not block for long and must not fail: a lost progress line never stops a build.
    fn event(&self, event: &Event);
}

/// Hands each event to several sinks, in order.
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

/// A command as one would type it in a shell, each argument quoted where that is needed.
pub fn command_line(command: &[String]) -> String {
    let words = command.iter().map(String::as_str);
    // Only a null byte cannot be quoted, and no program could be started with it either.
    shlex::try_join(words).unwrap_or_else(|_| command.join(" "))
}
