//! The one display of what goes on: of targets, or of a single build, which is one target without a name.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::Verbosity;
use super::json::json_event;
use super::live::Screen;
use super::output::{tell, told};
use super::plain::line;
use super::text::Text;
use crate::events::{Event, Sink};

/// Milliseconds.
const MINUTE: u64 = 60_000;

/// Shows what goes on, in the way that fits where standard error goes.
pub struct Progress {
    pub(super) verbosity: Verbosity,
    pub(super) form: Form,
    /// The minute of which a line told that a step is at work, by target and step.
    minutes: Mutex<BTreeMap<String, u64>>,
}

pub(super) enum Form {
    /// A line for each target, which changes, on a terminal.
    Live(Screen),
    /// Short lines, for pipes and for CI logs.
    Plain,
    /// One JSON document a line.
    Json,
}

/// Whose event it is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Whose<'a> {
    /// A single build's, or no target's.
    Unnamed,
    /// A target's that is planned: what goes well concerns nobody yet.
    Planned(&'a str),
    /// A target's that is built.
    Built(&'a str),
}

impl<'a> Whose<'a> {
    /// The target's name.
    pub(super) fn target(self) -> Option<&'a str> {
        match self {
            Self::Unnamed => None,
            Self::Planned(target) | Self::Built(target) => Some(target),
        }
    }
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
            minutes: Mutex::default(),
        }
    }

    /// Takes lines that change off the screen; the next thing printed is not drawn over.
    pub fn finish(&self) {
        if let Form::Live(screen) = &self.form {
            screen.clear();
        }
    }

    /// Shows an event.
    pub(super) fn show(&self, whose: Whose<'_>, event: &Event) {
        if let Event::StepRunning {
            step, milliseconds, ..
        } = event
            && !matches!(self.form, Form::Live(_))
            && !self.is_new_minute(whose.target(), step, *milliseconds)
        {
            return;
        }
        if let Form::Json = self.form {
            if !matches!(whose, Whose::Planned(_)) || is_bad_news(event) {
                json_event(whose.target(), event);
            }
            return;
        }
        if let Form::Live(screen) = &self.form {
            screen.show(whose.target(), event);
        }
        if self.is_worth_a_line(whose, event)
            && let Some(text) = line(event, self.verbosity)
        {
            match whose.target() {
                Some(target) => self.say(Text::from(format!("{target}: ")) + text),
                None => self.say(text),
            }
        }
    }

    /// Whether another minute has passed since the last line about this. What is told all the time buries the rest in a log.
    fn is_new_minute(&self, target: Option<&str>, step: &str, milliseconds: u64) -> bool {
        let name = format!("{} {step}", target.unwrap_or_default());
        let minute = milliseconds / MINUTE;
        let Ok(mut minutes) = self.minutes.lock() else {
            return false;
        };
        let before = minutes.insert(name, minute).unwrap_or_default();
        minute > before
    }

    /// Writes lines that stay.
    pub(super) fn say(&self, text: impl Into<Text>) {
        match &self.form {
            Form::Live(screen) => screen.print_above(told(text).trim_end_matches('\n')),
            Form::Plain | Form::Json => tell(text),
        }
    }

    /// Whether an event is worth more than a change on the screen.
    fn is_worth_a_line(&self, whose: Whose<'_>, event: &Event) -> bool {
        let live = matches!(self.form, Form::Live(_));
        match whose {
            _ if live && matches!(event, Event::StepRunning { .. }) => false,
            Whose::Unnamed => !(live && is_shown_alive(event)),
            Whose::Built(_) if !live => true,
            _ => self.verbosity == Verbosity::Verbose || is_bad_news(event),
        }
    }
}

/// Whether it is what the line that changes says meanwhile.
fn is_shown_alive(event: &Event) -> bool {
    matches!(
        event,
        Event::StageStarted { .. } | Event::StepStarted { .. }
    )
}

fn is_bad_news(event: &Event) -> bool {
    matches!(event, Event::Warning(_) | Event::MirrorFailed { .. })
}

impl Sink for Progress {
    fn event(&self, event: &Event) {
        self.show(Whose::Unnamed, event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::Warning;

    fn stage() -> Event {
        Event::StageStarted {
            stage: "source",
            detail: "v1".to_owned(),
        }
    }

    fn warning() -> Event {
        Event::Warning(Warning::NoLongerSigned)
    }

    #[test]
    fn of_targets_that_are_planned_only_bad_news_is_worth_a_line() {
        let plain = Progress::new(false, false, Verbosity::Normal);
        assert!(!plain.is_worth_a_line(Whose::Planned("a"), &stage()));
        assert!(plain.is_worth_a_line(Whose::Planned("a"), &warning()));
        assert!(plain.is_worth_a_line(Whose::Built("a"), &stage()));
        assert!(plain.is_worth_a_line(Whose::Unnamed, &stage()));
        let verbose = Progress::new(false, false, Verbosity::Verbose);
        assert!(verbose.is_worth_a_line(Whose::Planned("a"), &stage()));
    }

    #[test]
    fn that_a_step_is_at_work_is_told_once_a_minute() {
        let plain = Progress::new(false, false, Verbosity::Normal);
        let told = |seconds: u64| plain.is_new_minute(Some("a"), "compile", 1000 * seconds);
        let told: Vec<_> = [2, 58, 61, 63, 119, 121, 250].map(told).into();
        assert_eq!(told, [false, false, true, false, false, true, true]);
        assert!(plain.is_new_minute(Some("b"), "compile", MINUTE));
    }

    #[test]
    fn what_the_screen_shows_anyway_is_not_worth_a_line() {
        let live = Progress::new(false, true, Verbosity::Normal);
        assert!(!live.is_worth_a_line(Whose::Unnamed, &stage()));
        assert!(!live.is_worth_a_line(Whose::Built("a"), &stage()));
        assert!(live.is_worth_a_line(Whose::Built("a"), &warning()));
    }
}
