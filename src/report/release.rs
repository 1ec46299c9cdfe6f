//! How the targets of a release end, on the one display.

use std::time::Duration;

use serde::Serialize;

use super::json::json_event;
use super::look::error_width;
use super::output::failure_text;
use super::plain::seconds;
use super::progress::{Form, Progress, Whose};
use super::table::{CheckedFile, check_table};
use super::text::{Text, Tone};
use super::{Verbosity, github};
use crate::build::BuildError;
use crate::events::Event;
use crate::failure::{Failure, FailureDocument};
use crate::release::{Outcome, Phase, ReleaseSink, TargetError};

/// Shows what goes on in a release.
pub struct ReleaseProgress {
    progress: Progress,
    /// Write annotations for GitHub Actions.
    github: bool,
    explain: fn(&TargetError) -> Failure,
}

impl ReleaseProgress {
    /// On a display that fits, see [`Progress::new`]. `explain` adds to an error what the user can do.
    pub fn new(
        json: bool,
        terminal: bool,
        verbosity: Verbosity,
        github: bool,
        explain: fn(&TargetError) -> Failure,
    ) -> Self {
        Self {
            progress: Progress::new(json, terminal, verbosity),
            github,
            explain,
        }
    }

    /// Takes lines that change off the screen.
    pub fn finish(&self) {
        self.progress.finish();
    }

    /// A failure is shown in full.
    fn failed(&self, target: &str, error: &TargetError, time: &str) {
        if let TargetError::Build(failed) = error
            && let BuildError::Unproven { files } = &failed.error
        {
            let files: Vec<_> = files.iter().map(CheckedFile::from).collect();
            let table = check_table(&files, self.progress.verbosity, error_width());
            self.progress
                .say(Text::from(format!("{target}:\n")) + table);
        }
        let failure = (self.explain)(error);
        let failed = Text::from(format!("{target}: ")) + Text::toned(Tone::Bad, "FAILED");
        let failed = failed + format!(" after {time}\n");
        self.progress.say(failed + failure_text(&failure));
        if self.github {
            github::annotate(target, &failure);
        }
    }
}

impl ReleaseSink for ReleaseProgress {
    fn begin(&self, targets: usize) {
        if let Form::Live(screen) = &self.progress.form {
            screen.count(targets);
        }
    }

    fn event(&self, target: &str, phase: Phase, event: &Event) {
        let whose = match phase {
            Phase::Planning => Whose::Planned(target),
            Phase::Building => Whose::Built(target),
        };
        self.progress.show(whose, event);
        let is_over = matches!(
            event,
            Event::StageFinished { .. } | Event::StageFailed { .. }
        );
        if let (Phase::Planning, true, Form::Live(screen)) = (phase, is_over, &self.progress.form) {
            screen.rest(target);
        }
    }

    fn ended(&self, target: &str, outcome: &Outcome, took: Duration) {
        let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let time = seconds(milliseconds);
        match &self.progress.form {
            Form::Json => return json_end(target, outcome, milliseconds, self.explain),
            Form::Live(screen) => screen.end(target),
            Form::Plain => {}
        }
        let text = match outcome {
            Outcome::Failed(error) => return self.failed(target, error, &time),
            _ if self.progress.verbosity == Verbosity::Quiet => return,
            Outcome::Published(result) => format!("{} in {time}", result.outcome.words()),
            Outcome::NotNeeded(reason) => format!("not needed: {reason}"),
            Outcome::Skipped => "skipped because another target failed".to_owned(),
        };
        self.progress
            .say(Text::message(format!("{target}: {text}")));
    }

    fn tell(&self, event: &Event) {
        match &self.progress.form {
            // Of all lines of a release the target is a part.
            Form::Json => json_event(Some(""), event),
            _ => self.progress.show(Whose::Unnamed, event),
        }
    }
}

#[derive(Serialize)]
#[serde(tag = "event", rename_all_fields = "kebab-case")]
enum Ended<'a> {
    #[serde(rename = "target-published")]
    Published { how: &'a str, milliseconds: u64 },
    #[serde(rename = "target-not-needed")]
    NotNeeded { reason: &'a str },
    #[serde(rename = "target-failed")]
    Failed {
        #[serde(flatten)]
        failure: FailureDocument<'a>,
        milliseconds: u64,
    },
    #[serde(rename = "target-skipped")]
    Skipped,
}

fn json_end(
    target: &str,
    outcome: &Outcome,
    milliseconds: u64,
    explain: fn(&TargetError) -> Failure,
) {
    let failure;
    let ended = match outcome {
        Outcome::Published(result) => {
            let how = result.outcome.words();
            Ended::Published { how, milliseconds }
        }
        Outcome::NotNeeded(reason) => Ended::NotNeeded { reason },
        Outcome::Failed(error) => {
            failure = explain(error);
            Ended::Failed {
                failure: failure.document(),
                milliseconds,
            }
        }
        Outcome::Skipped => Ended::Skipped,
    };
    json_event(Some(target), &ended);
}
