//! Progress of many targets at a time: one line a target.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde::Serialize;

use super::json::JSON_FORMAT;
use super::output::{print, tell};
use super::plain::{line, seconds};
use super::{Verbosity, github};
use crate::events::{Event, Sink, command_line};
use crate::failure::Failure;

/// How a target ended.
#[derive(Debug, Clone, Copy)]
pub enum TargetEnd<'a> {
    /// It is published; how it came there, in words.
    Published(&'a str),
    /// It needs no build, and why.
    NotNeeded(&'a str),
    /// It failed.
    Failed(&'a Failure),
    /// It was not begun or not finished, as another one had failed.
    Skipped,
}

/// Tells what goes on in a release, in the way that fits where standard error goes.
pub struct ReleaseProgress {
    verbosity: Verbosity,
    /// Write annotations for GitHub Actions.
    github: bool,
    form: Form,
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
    /// The way that fits: JSON when asked for, lines that change on a terminal, lines elsewhere.
    pub fn new(json: bool, terminal: bool, verbosity: Verbosity, github: bool) -> Self {
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
        }
    }

    /// Says how many targets there are.
    pub fn begin(&self, targets: usize) {
        if let Form::Live(live) = &self.form {
            live.whole.set_length(targets as u64);
        }
    }

    /// Takes the events of a target at work.
    pub fn target<'a>(&'a self, label: &'a str) -> TargetSink<'a> {
        TargetSink {
            progress: self,
            label,
            planning: false,
        }
    }

    /// Takes the events of a target that is planned: only what went another way than hoped is worth a line.
    pub fn planning<'a>(&'a self, label: &'a str) -> TargetSink<'a> {
        TargetSink {
            planning: true,
            ..self.target(label)
        }
    }

    /// Shows a text about a target, such as the table of its checks.
    pub fn show(&self, label: &str, text: &str) {
        if !matches!(self.form, Form::Json) {
            self.say(&format!("{label}:\n{text}"));
        }
    }

    /// Says something about the whole that the user should know.
    pub fn warn(&self, text: &str) {
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

    /// Says how a target ended; a failure in full.
    pub fn ended(&self, label: &str, end: &TargetEnd<'_>, took: Duration) {
        if let Form::Live(live) = &self.form {
            live.end(label);
        }
        let time = seconds(u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
        match end {
            _ if matches!(self.form, Form::Json) => json_end(label, end, took),
            TargetEnd::Failed(failure) => {
                self.say(&format!(
                    "{label}: FAILED after {time}\n{}",
                    failure.render()
                ));
                if self.github {
                    github::annotate(label, failure);
                }
            }
            _ if self.verbosity == Verbosity::Quiet => {}
            TargetEnd::Published(how) => self.say(&format!("{label}: {how} in {time}")),
            TargetEnd::NotNeeded(reason) => self.say(&format!("{label}: not needed: {reason}")),
            TargetEnd::Skipped => self.say(&format!("{label}: skipped, as another target failed")),
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

/// Takes the events of one target.
pub struct TargetSink<'a> {
    progress: &'a ReleaseProgress,
    label: &'a str,
    planning: bool,
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
        message: String,
        causes: Vec<String>,
        hints: &'a [String],
        milliseconds: u64,
    },
    #[serde(rename = "target-skipped")]
    Skipped,
}

fn json_end(label: &str, end: &TargetEnd<'_>, took: Duration) {
    let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    json_line(
        label,
        match end {
            TargetEnd::Published(how) => Ended::Published { how, milliseconds },
            TargetEnd::NotNeeded(reason) => Ended::NotNeeded { reason },
            TargetEnd::Failed(failure) => Ended::Failed {
                exit_code: failure.kind.exit_code(),
                message: failure.source.to_string(),
                causes: failure.causes(),
                hints: &failure.hints,
                milliseconds,
            },
            TargetEnd::Skipped => Ended::Skipped,
        },
    );
}

impl Sink for TargetSink<'_> {
    fn event(&self, event: &Event) {
        let bad_news = matches!(event, Event::Warning { .. } | Event::MirrorFailed { .. });
        if let Form::Json = self.progress.form {
            if !self.planning || bad_news {
                json_line(self.label, event);
            }
            return;
        }
        if let Form::Live(live) = &self.progress.form {
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
                live.set(self.label, activity, detail);
            }
        }
        let live = matches!(self.progress.form, Form::Live(_));
        if (self.planning || live) && !bad_news && self.progress.verbosity != Verbosity::Verbose {
            return;
        }
        if let Some(text) = line(event, self.progress.verbosity) {
            self.progress.say(&format!("{}: {text}", self.label));
        }
    }
}
