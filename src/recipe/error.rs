//! How a recipe can be wrong, shown with its place.

use std::fmt;

use thiserror::Error;

/// A recipe (or another YAML file of the user's) that is refused.
#[derive(Debug, Error)]
pub enum RecipeError {
    /// The text is not what the format asks for.
    #[error("{0}")]
    Invalid(Box<Misfit>),
}

/// What does not fit, where, and what was perhaps meant.
#[derive(Debug)]
pub struct Misfit {
    /// File as the user knows it.
    pub file: String,
    /// Line, from 1; 0 when the place is not known or it is the whole.
    pub line: u64,
    /// Column, from 1.
    pub column: u64,
    /// What is wrong.
    pub message: String,
    /// What was perhaps meant.
    pub suggestion: Option<String>,
    /// The lines around the place.
    pub snippet: String,
}

/// Lines shown before the one that is wrong.
const LINES_BEFORE: usize = 2;

/// Most characters shown of a line, and of a message.
const LINE_LENGTH: usize = 160;
const MESSAGE_LENGTH: usize = 1000;

impl Misfit {
    /// A misfit at a place of `text`.
    pub fn new(
        file: &str,
        text: &str,
        place: (u64, u64),
        message: &str,
        suggestion: Option<String>,
    ) -> Self {
        let (line, column) = place;
        Self {
            file: file.to_owned(),
            line,
            column,
            message: clipped(message, 0, MESSAGE_LENGTH),
            suggestion,
            snippet: snippet(text, line, column),
        }
    }
}

/// The lines before and at the place, numbered, with a mark below the column. Of long lines the part around the
/// column is shown.
fn snippet(text: &str, line: u64, column: u64) -> String {
    let place = (usize::try_from(line), usize::try_from(column));
    let (Ok(line), Ok(column)) = place else {
        return String::new();
    };
    // A place behind the last line, at the end of the file, has nothing to show.
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
    // Tabs stay tabs: the mark then stands below its place however wide they are shown.
    let blank = |c: char| if c == '\t' { c } else { ' ' };
    let before = wrong.chars().skip(start).chain(std::iter::repeat(' '));
    let indent: String = before.take(column - start).map(blank).collect();
    shown.push_str(&format!("\n  {:>width$} | {indent}^", ""));
    shown
}

/// At most `length` characters of `text` from `start`.
fn clipped(text: &str, start: usize, length: usize) -> String {
    let mut characters = text.chars().skip(start);
    let mut part: String = characters.by_ref().take(length).collect();
    if characters.next().is_some() {
        part.push('…');
    }
    part
}

impl fmt::Display for Misfit {
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
