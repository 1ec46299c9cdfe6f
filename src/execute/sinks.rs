//! Sinks that keep some of the events.

use std::collections::VecDeque;
use std::sync::Mutex;

use crate::events::{Event, Note, Sink, Warning};

/// Passes events on and keeps the last lines of output.
pub(super) struct Tail<'a> {
    next: &'a dyn Sink,
    lines: Mutex<VecDeque<String>>,
}

/// Lines of output in the error of a failed step.
const LINES_KEPT: usize = 20;

impl<'a> Tail<'a> {
    pub(super) fn new(next: &'a dyn Sink) -> Self {
        Self {
            next,
            lines: Mutex::default(),
        }
    }

    pub(super) fn into_lines(self) -> Vec<String> {
        self.lines.into_inner().unwrap_or_default().into()
    }
}

impl Sink for Tail<'_> {
    fn event(&self, event: &Event) {
        if let Event::Output { line, .. } = event
            && let Ok(mut lines) = self.lines.lock()
        {
            if lines.len() == LINES_KEPT {
                lines.pop_front();
            }
            lines.push_back(line.clone());
        }
        self.next.event(event);
    }
}

/// Limits of an answer, well above any real one: a program that writes without end must not fill the memory.
const MOST_LINES: usize = 10_000;
const MOST_CHARACTERS: usize = 4096;

/// Keeps the lines of output and passes nothing on; for short questions to a session.
#[derive(Default)]
pub(super) struct Answer {
    lines: Mutex<Vec<String>>,
}

impl Answer {
    pub(super) fn into_lines(self) -> Vec<String> {
        self.lines.into_inner().unwrap_or_default()
    }
}

impl Sink for Answer {
    fn event(&self, event: &Event) {
        if let Event::Output { line, .. } = event
            && let Ok(mut lines) = self.lines.lock()
            && lines.len() < MOST_LINES
        {
            lines.push(line.chars().take(MOST_CHARACTERS).collect());
        }
    }
}

/// Passes events on and turns the marked lines of an image build into warnings and notes, which are kept.
pub(super) struct Remarks<'a> {
    next: &'a dyn Sink,
    kept: Mutex<Vec<String>>,
}

/// Starts a line of an image build that the user must see. Part of the recipe format.
const WARNING_MARK: &str = "kmembuild-warning: ";
/// Starts a line of an image build that is worth keeping. Part of the recipe format.
const NOTE_MARK: &str = "kmembuild-note: ";

impl<'a> Remarks<'a> {
    pub(super) fn new(next: &'a dyn Sink) -> Self {
        Self {
            next,
            kept: Mutex::default(),
        }
    }

    pub(super) fn into_kept(self) -> Vec<String> {
        self.kept.into_inner().unwrap_or_default()
    }
}

impl Sink for Remarks<'_> {
    fn event(&self, event: &Event) {
        self.next.event(event);
        let Event::Output { line, .. } = event else {
            return;
        };
        let (text, remark) = if let Some(text) = line.strip_prefix(WARNING_MARK) {
            (text, Event::Warning(Warning::ImageBuild(text.to_owned())))
        } else if let Some(text) = line.strip_prefix(NOTE_MARK) {
            (text, Event::Note(Note::ImageBuild(text.to_owned())))
        } else {
            return;
        };
        if let Ok(mut kept) = self.kept.lock() {
            kept.push(text.to_owned());
        }
        self.next.event(&remark);
    }
}
