//! The last lines of a command: its verdict, and what comes next.

use serde::Serialize;

use super::text::{Text, Tone};
use crate::events::command_line;

/// What came of a command, and what to do with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Closing {
    /// The answer, in one line.
    pub verdict: Text,
    /// The command that comes next, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl Closing {
    /// A verdict after which nothing remains to be done.
    pub fn new(verdict: impl Into<Text>) -> Self {
        Self {
            verdict: verdict.into(),
            next: None,
        }
    }

    /// With the command of this tool that comes next.
    #[must_use]
    pub fn next<W: AsRef<str>>(self, words: &[W]) -> Self {
        let words = words.iter().map(AsRef::as_ref);
        self.program(&["kmembuild"].into_iter().chain(words).collect::<Vec<_>>())
    }

    /// With the command of any program that comes next.
    #[must_use]
    pub fn program(self, words: &[&str]) -> Self {
        let words: Vec<_> = words.iter().map(|&word| word.to_owned()).collect();
        self.then(command_line(&words))
    }

    /// With the line for the shell that comes next.
    #[must_use]
    pub fn then(mut self, line: impl Into<String>) -> Self {
        self.next = Some(line.into());
        self
    }

    /// The lines for people. The command is in one line, however long it is.
    pub fn text(&self) -> Text {
        let verdict = Text::message(&self.verdict) + "\n";
        match &self.next {
            None => verdict,
            Some(next) => verdict + Text::toned(Tone::Hint, "next:") + format!(" {next}\n"),
        }
    }
}
