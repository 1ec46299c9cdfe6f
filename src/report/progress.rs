//! The one display of what goes on: targets, of which a single build is one without a name.

use std::sync::atomic::{AtomicBool, Ordering};

use super::json::json_event;
use super::live::Screen;
use super::output::tell;
use super::plain::line;
use super::{Verbosity, github};
use crate::events::{Event, Sink, Targets};

/// Shows what goes on, in the way that fits where standard error goes.
pub struct Progress {
    verbosity: Verbosity,
    form: Form,
    /// Write annotations for GitHub Actions.
    annotates: bool,
    /// The targets are planned, and the work on them began.
    targets_started: AtomicBool,
}

enum Form {
    /// A line for each target, which changes, on a terminal.
    Live(Screen),
    /// Short lines, for pipes and for CI logs.
    Plain,
    /// One JSON document a line.
    Json,
}

impl Progress {
    /// The way that fits: JSON when asked for, lines that change on a terminal, plain lines elsewhere.
    pub fn new(json: bool, terminal: bool, verbosity: Verbosity) -> Self {
        let form = if json {
            Form::Json
        } else if terminal && verbosity != Verbosity::Quiet {
            Form::Live(Screen::new())
        } else {
            Form::Plain
        };
        Self {
            verbosity,
            form,
            annotates: false,
            targets_started: AtomicBool::new(false),
        }
    }

    /// Annotates failed targets for GitHub Actions as well, if `wanted`.
    #[must_use]
    pub fn annotating(mut self, wanted: bool) -> Self {
        self.annotates = wanted;
        self
    }

    /// Takes lines that change off the screen; the next thing printed is not drawn over.
    pub fn finish(&self) {
        if let Form::Live(screen) = &self.form {
            screen.clear();
        }
    }

    fn show(&self, target: Option<&str>, event: &Event) {
        if let Event::TargetsStarted { .. } = event {
            self.targets_started.store(true, Ordering::Relaxed);
        }
        if let Form::Json = self.form {
            if !self.is_planning(target) || is_bad_news(event) {
                json_event(target, event);
            }
            return;
        }
        if let Form::Live(screen) = &self.form {
            screen.show(target, event);
        }
        if self.is_worth_a_line(target, event)
            && let Some(text) = line(target, event, self.verbosity)
        {
            match &self.form {
                Form::Live(screen) => screen.print_above(&text),
                Form::Plain | Form::Json => tell(&text),
            }
        }
        if self.annotates {
            github::annotate(target, event);
        }
    }

    /// What goes well while targets are planned concerns nobody.
    fn is_planning(&self, target: Option<&str>) -> bool {
        target.is_some() && !self.targets_started.load(Ordering::Relaxed)
    }

    /// Whether an event is worth more than a change on the screen.
    fn is_worth_a_line(&self, target: Option<&str>, event: &Event) -> bool {
        let live = matches!(self.form, Form::Live(_));
        if target.is_none() {
            return !(live && matches!(event, Event::StageStarted { .. }));
        }
        let every = !live && !self.is_planning(target);
        every || self.verbosity == Verbosity::Verbose || is_bad_news(event) || is_end(event)
    }
}

fn is_bad_news(event: &Event) -> bool {
    matches!(event, Event::Warning { .. } | Event::MirrorFailed { .. })
}

/// Whether an event is the last of its target, or belongs to it.
pub(super) fn is_end(event: &Event) -> bool {
    matches!(
        event,
        Event::ChecksFailed { .. }
            | Event::TargetPublished { .. }
            | Event::TargetNotNeeded { .. }
            | Event::TargetFailed { .. }
            | Event::TargetSkipped
    )
}

impl Sink for Progress {
    fn event(&self, event: &Event) {
        self.show(None, event);
    }
}

impl Targets for Progress {
    fn target_event(&self, target: &str, event: &Event) {
        self.show(Some(target), event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage() -> Event {
        Event::StageStarted {
            stage: "source",
            detail: "v1".to_owned(),
        }
    }

    fn warning() -> Event {
        Event::Warning {
            text: "late".to_owned(),
        }
    }

    fn lines(progress: &Progress, target: Option<&str>, event: &Event) -> bool {
        progress.is_worth_a_line(target, event)
    }

    #[test]
    fn of_targets_that_are_planned_only_bad_news_is_worth_a_line() {
        let progress = Progress::new(false, false, Verbosity::Normal);
        assert!(!lines(&progress, Some("a"), &stage()));
        assert!(lines(&progress, Some("a"), &warning()));
        assert!(lines(&progress, None, &stage()), "it is no target's");
        progress.event(&Event::TargetsStarted { count: 1 });
        assert!(lines(&progress, Some("a"), &stage()));
        let verbose = Progress::new(false, false, Verbosity::Verbose);
        assert!(lines(&verbose, Some("a"), &stage()));
    }

    #[test]
    fn what_the_screen_shows_anyway_is_not_worth_a_line() {
        let progress = Progress::new(false, true, Verbosity::Normal);
        progress.event(&Event::TargetsStarted { count: 1 });
        assert!(!lines(&progress, None, &stage()));
        assert!(!lines(&progress, Some("a"), &stage()));
        assert!(lines(&progress, Some("a"), &warning()));
        assert!(lines(&progress, Some("a"), &Event::TargetSkipped));
        progress.finish();
    }
}
