//! Progress of many targets at a time: one line a target.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde::Serialize;

use super::output::{print, tell};
use super::plain::{line, seconds};
use super::table::{CheckedFile, check_table};
use super::{Verbosity, github};
use crate::build::{BuildError, CacheOutcome};
use crate::events::{Event, JSON_FORMAT, command_line};
use crate::failure::Failure;
use crate::release::{Outcome, Phase, ReleaseSink, TargetError};

/// Tells what goes on in a release, in the way that fits where standard error goes.
pub struct ReleaseProgress {
    verbosity: Verbosity,
    /// Write annotations for GitHub Actions.
    github: bool,
    form: Form,
    explain: fn(&TargetError) -> Failure,
}

enum Form {
    /// A line a target on a terminal.
    Live(Live),
    /// Short lines that begin with the target.
    Plain,
    /// One JSON document a line.
    Json,
}

struct Live {
    screen: MultiProgress,
    /// How many of all targets are done.
    whole: ProgressBar,
    targets: Mutex<BTreeMap<String, ProgressBar>>,
}

impl ReleaseProgress {
    /// The way that fits: JSON when asked for, lines that change on a terminal, lines elsewhere. `explain` adds to an error
    /// what the user can do.
    pub fn new(
        json: bool,
        terminal: bool,
        verbosity: Verbosity,
        github: bool,
        explain: fn(&TargetError) -> Failure,
    ) -> Self {
        let form = if json {
            Form::Json
        } else if terminal && verbosity != Verbosity::Quiet {
            Form::Live(Live::new())
        } else {
            Form::Plain
        };
        Self {
            verbosity,
            github,
            form,
            explain,
        }
    }

    /// Takes lines that change off the screen.
    pub fn finish(&self) {
        if let Form::Live(live) = &self.form {
            live.whole.finish_and_clear();
            let _ = live.screen.clear();
        }
    }

    fn say(&self, text: &str) {
        match &self.form {
            // A terminal that went away is no failure of the build.
            Form::Live(live) => drop(live.screen.println(text.trim_end())),
            Form::Plain | Form::Json => tell(text.trim_end()),
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    // The templates are constants of this file.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl Live {
    fn new() -> Self {
        let screen = MultiProgress::new();
        let whole = screen.add(ProgressBar::new(0));
        whole.set_style(style("{pos}/{len} targets  {elapsed}"));
        whole.enable_steady_tick(Duration::from_millis(500));
        Self {
            screen,
            whole,
            targets: Mutex::default(),
        }
    }

    fn set(&self, label: &str, activity: Option<String>, detail: Option<String>) {
        let Ok(mut targets) = self.targets.lock() else {
            return;
        };
        let bar = targets.entry(label.to_owned()).or_insert_with(|| {
            let bar = self
                .screen
                .insert_before(&self.whole, ProgressBar::new_spinner());
            bar.set_style(style("{spinner} {prefix}  {elapsed}  {wide_msg}"));
            bar.set_prefix(label.to_owned());
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        if let Some(activity) = activity {
            bar.set_prefix(format!("{label}  {activity}"));
        }
        if let Some(detail) = detail {
            bar.set_message(detail);
        }
    }

    fn end(&self, label: &str) {
        if let Ok(mut targets) = self.targets.lock()
            && let Some(bar) = targets.remove(label)
        {
            bar.finish_and_clear();
        }
        self.whole.inc(1);
    }
}

#[derive(Serialize)]
struct Line<'a, T> {
    format: u32,
    target: &'a str,
    data: T,
}

fn json_line<T: Serialize>(target: &str, data: T) {
    let format = JSON_FORMAT;
    if let Ok(text) = serde_json::to_string(&Line {
        format,
        target,
        data,
    }) {
        // An event that nobody can be told of does not stop a build; the lost result does, at its end.
        let _ = print(&(text + "\n"));
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
        exit_code: u8,
        message: &'a str,
        causes: &'a [String],
        hints: &'a [String],
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
    match outcome {
        Outcome::Published(result) => {
            let how = words(result.outcome);
            json_line(target, Ended::Published { how, milliseconds });
        }
        Outcome::NotNeeded(reason) => json_line(target, Ended::NotNeeded { reason }),
        Outcome::Failed(error) => {
            let failure = explain(error);
            json_line(
                target,
                Ended::Failed {
                    exit_code: failure.kind.exit_code(),
                    message: &failure.message,
                    causes: &failure.causes,
                    hints: &failure.hints,
                    milliseconds,
                },
            );
        }
        Outcome::Skipped => json_line(target, Ended::Skipped),
    }
}

impl ReleaseSink for ReleaseProgress {
    fn begin(&self, targets: usize) {
        if let Form::Live(live) = &self.form {
            live.whole.set_length(targets as u64);
        }
    }

    /// Of a target that is planned only what went another way than hoped is worth a line.
    fn event(&self, target: &str, phase: Phase, event: &Event) {
        let planning = phase == Phase::Planning;
        let bad_news = matches!(event, Event::Warning { .. } | Event::MirrorFailed { .. });
        if let Form::Json = self.form {
            if !planning || bad_news {
                json_line(target, event);
            }
            return;
        }
        if let Form::Live(live) = &self.form {
            let (activity, detail) = match event {
                Event::StageStarted { stage, detail } => {
                    (Some((*stage).to_owned()), Some(detail.clone()))
                }
                Event::StepStarted { step, command } => {
                    (Some(step.clone()), Some(command_line(command)))
                }
                Event::Output { line, .. } => {
                    let plain = console::strip_ansi_codes(line).trim().to_owned();
                    (None, Some(plain))
                }
                Event::Transfer { item, action, .. } => (None, Some(format!("{action} {item}"))),
                _ => (None, None),
            };
            if activity.is_some() || detail.is_some() {
                live.set(target, activity, detail);
            }
        }
        let live = matches!(self.form, Form::Live(_));
        if (planning || live) && !bad_news && self.verbosity != Verbosity::Verbose {
            return;
        }
        if let Some(text) = line(event, self.verbosity) {
            self.say(&format!("{target}: {text}"));
        }
    }

    /// A failure is told in full.
    fn ended(&self, target: &str, outcome: &Outcome, took: Duration) {
        if let Form::Live(live) = &self.form {
            live.end(target);
        }
        let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        if matches!(self.form, Form::Json) {
            json_end(target, outcome, milliseconds, self.explain);
            return;
        }
        let time = seconds(milliseconds);
        match outcome {
            Outcome::Failed(error) => {
                if let TargetError::Build(failed) = error
                    && let BuildError::Unproven { files } = &failed.error
                {
                    let files: Vec<_> = files.iter().map(CheckedFile::from).collect();
                    self.say(&format!("{target}:\n{}", check_table(&files, false)));
                }
                let failure = (self.explain)(error);
                self.say(&format!(
                    "{target}: FAILED after {time}\n{}",
                    failure.render()
                ));
                if self.github {
                    github::annotate(target, &failure);
                }
            }
            _ if self.verbosity == Verbosity::Quiet => {}
            Outcome::Published(result) => {
                self.say(&format!("{target}: {} in {time}", words(result.outcome)));
            }
            Outcome::NotNeeded(reason) => self.say(&format!("{target}: not needed: {reason}")),
            Outcome::Skipped => {
                self.say(&format!("{target}: skipped because another target failed"));
            }
        }
    }

    fn warn(&self, text: &str) {
        match &self.form {
            Form::Json => json_line(
                "",
                &Event::Warning {
                    text: text.to_owned(),
                },
            ),
            _ => self.say(&format!("warning: {text}")),
        }
    }
}

/// How a result came to be published, in words.
fn words(outcome: CacheOutcome) -> &'static str {
    match outcome {
        CacheOutcome::Built => "built",
        CacheOutcome::Cached => "taken from the cache",
        CacheOutcome::Unchanged => "unchanged",
    }
}
