//! What the stages report about their work while it goes on.
//!
//! Stages emit [`Event`]s into a [`Sink`] and never print; the `report` room turns them into bars, lines
//! or JSON, and the build log keeps every [`Event::Output`] line. Work on several targets at a time emits into
//! [`Targets`], so that the reader can tell whose event it is.

use serde::Serialize;

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
    /// All targets are planned, and the work on them begins.
    TargetsStarted {
        /// How many there are.
        count: usize,
    },
    /// The checks of what was built for a target and is not published.
    ChecksFailed {
        /// The checks as a table for people.
        table: String,
    },
    /// A target is published.
    TargetPublished {
        /// Where the result comes from, e.g. `built`.
        how: &'static str,
        /// How long the target took, in milliseconds.
        milliseconds: u64,
    },
    /// A target needs no build.
    TargetNotNeeded {
        /// Why not.
        reason: String,
    },
    /// A target failed.
    TargetFailed {
        /// Exit code that the failure has in a run of its own.
        exit_code: u8,
        /// What happened.
        message: String,
        /// The causes, outermost first.
        causes: Vec<String>,
        /// What the user can do, one sentence each.
        hints: Vec<String>,
        /// How long the target took, in milliseconds.
        milliseconds: u64,
    },
    /// A target was not started or not finished because another one failed.
    TargetSkipped,
}

/// Takes events; implemented by the reporters and by the build log.
pub trait Sink: Send + Sync {
    /// Takes one event. Must not block for long and must not fail: a lost progress line never stops a build.
    fn event(&self, event: &Event);
}

/// Takes the events of several targets; those of no target, such as a warning about them all, as a [`Sink`].
pub trait Targets: Sink {
    /// Takes one event of a target, on the same terms as [`Sink::event`].
    fn target_event(&self, target: &str, event: &Event);
}

/// Takes the events of one of several targets.
pub struct Target<'a> {
    /// Takes them with the name.
    pub targets: &'a dyn Targets,
    /// The target's name.
    pub name: &'a str,
}

impl Sink for Target<'_> {
    fn event(&self, event: &Event) {
        self.targets.target_event(self.name, event);
    }
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
