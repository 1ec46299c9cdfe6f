//! Errors in recipes and other YAML files, with the place of each.

use std::fmt;

use serde_saphyr::Location;
use thiserror::Error;

use super::nearest::nearest;

/// A recipe, or another YAML file of the user, that is refused.
#[derive(Debug, Error)]
pub enum RecipeError {
    /// The text does not have the required format.
    #[error("{0}")]
    Invalid(Box<Diagnostic>),
}

/// What is wrong in a YAML file, where, and what may have been meant.
#[derive(Debug)]
pub struct Diagnostic {
    /// File, as the user knows it.
    pub file: String,
    /// Line, from 1; 0 if the place is unknown or the whole file is meant.
    pub line: u64,
    /// Column, from 1.
    pub column: u64,
    /// What is wrong.
    pub message: String,
    /// A name that may have been meant.
    pub suggestion: Option<String>,
    /// The lines around the place.
    pub snippet: String,
}

/// Lines shown before the faulty one.
const LINES_BEFORE: usize = 2;

/// Maximum length of a line and of a message, in characters.
const LINE_LENGTH: usize = 160;
const MESSAGE_LENGTH: usize = 1000;

impl Diagnostic {
    /// A problem at a place of `text`; the place is line and column, from 1.
    pub fn new(
        file: &str,
        text: &str,
        place: (u64, u64),
        mut message: String,
        suggestion: Option<String>,
    ) -> Self {
        let (line, column) = place;
        if message.len() > MESSAGE_LENGTH {
            message = clipped(&message, 0, MESSAGE_LENGTH);
        }
        Self {
            file: file.to_owned(),
            line,
            column,
            message,
            suggestion,
            snippet: snippet(text, line, column),
        }
    }
}

/// A YAML file of the user, to refuse what is in it.
#[derive(Debug, Clone, Copy)]
pub struct Document<'a> {
    /// File, as the user knows it.
    pub file: &'a str,
    /// Its text.
    pub text: &'a str,
}

impl Document<'_> {
    /// Refuses what is at a place.
    pub fn refuse(&self, location: Location, message: impl Into<String>) -> RecipeError {
        self.diagnose(location, message.into(), None)
    }

    /// Refuses something that has no place, because it is missing.
    pub fn refuse_whole(&self, message: impl Into<String>) -> RecipeError {
        self.refuse(Location::UNKNOWN, message)
    }

    /// Refuses a name that is none of `known`, and tells which of them may have been meant.
    pub fn refuse_name<'k>(
        &self,
        location: Location,
        message: impl Into<String>,
        name: &str,
        known: impl IntoIterator<Item = &'k str>,
    ) -> RecipeError {
        self.diagnose(location, message.into(), nearest(name, known))
    }

    pub(super) fn diagnose(
        &self,
        location: Location,
        message: String,
        suggestion: Option<String>,
    ) -> RecipeError {
        let place = (location.line(), location.column());
        RecipeError::Invalid(Box::new(Diagnostic::new(
            self.file, self.text, place, message, suggestion,
        )))
    }
}

/// The faulty line and those before it, numbered, with a mark below the column. Of a long line only the part around
/// the column is shown.
fn snippet(text: &str, line: u64, column: u64) -> String {
    let place = (usize::try_from(line), usize::try_from(column));
    let (Ok(line), Ok(column)) = place else {
        return String::new();
    };
    // There is nothing to show for a place after the last line, at the end of the file.
    let Some(wrong) = line
        .checked_sub(1)
        .and_then(|index| text.lines().nth(index))
    else {
        return String::new();
    };
    let width = line.to_string().len();
    let column = column.saturating_sub(1);
    let start = column.saturating_sub(LINE_LENGTH / 2);
    let start = if wrong.chars().count() > LINE_LENGTH {
        start
    } else {
        0
    };
    let mut shown = String::new();
    let first = line.saturating_sub(1 + LINES_BEFORE);
    for (index, content) in text.lines().enumerate().take(line).skip(first) {
        let content = clipped(content, start, LINE_LENGTH);
        shown.push_str(&format!("\n  {:>width$} | {content}", index + 1));
    }
    // Tabs stay tabs, so that the mark is below its place whatever their width.
    let blank = |c: char| if c == '\t' { c } else { ' ' };
    let before = wrong.chars().skip(start).chain(std::iter::repeat(' '));
    let indent: String = before.take(column - start).map(blank).collect();
    shown.push_str(&format!("\n  {:>width$} | {indent}^", ""));
    shown
}

/// At most `length` characters of `text`, from `start`.
fn clipped(text: &str, start: usize, length: usize) -> String {
    let mut characters = text.chars().skip(start);
    let mut part: String = characters.by_ref().take(length).collect();
    if characters.next().is_some() {
        part.push('…');
    }
    part
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        write!(f, ": {}", self.message)?;
        if let Some(suggestion) = &self.suggestion {
            write!(f, "; did you mean `{suggestion}`?")?;
        }
        f.write_str(&self.snippet)
    }
}
