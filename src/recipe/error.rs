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
    /// Line, from 1; 0 when the place is not known.
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

impl Misfit {
    /// A misfit at a place of `text`.
    pub fn new(
        file: &str,
        text: &str,
        place: (u64, u64),
        message: String,
        suggestion: Option<String>,
    ) -> Self {
        let (line, column) = place;
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

/// The lines before and at the place, numbered, with a mark below the column.
fn snippet(text: &str, line: u64, column: u64) -> String {
    let Some(index) = usize::try_from(line)
        .ok()
        .and_then(|line| line.checked_sub(1))
    else {
        return String::new();
    };
    let width = line.to_string().len();
    let mut shown = String::new();
    for (number, content) in text
        .lines()
        .enumerate()
        .take(index + 1)
        .skip(index.saturating_sub(LINES_BEFORE))
    {
        shown.push_str(&format!("\n  {:>width$} | {content}", number + 1));
    }
    let indent = usize::try_from(column).map_or(0, |column| column.saturating_sub(1));
    shown.push_str(&format!("\n  {:>width$} | {:>indent$}^", "", ""));
    shown
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}:{}: {}",
            self.file, self.line, self.column, self.message
        )?;
        if let Some(suggestion) = &self.suggestion {
            write!(f, "; did you mean `{suggestion}`?")?;
        }
        f.write_str(&self.snippet)
    }
}
