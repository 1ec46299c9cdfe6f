//! Standard output and standard error.

use std::io::{self, Write};

use super::look::{of_errors, of_output, rendered};
use super::text::{Text, Tone};
use crate::failure::Failure;

/// Writes `text` for people to standard output, as text looks there; what others wrote in it is made harmless. A reader
/// that went away (`| head`) is not a failure.
///
/// # Errors
/// The system's error when the text cannot be stored, e.g. on a full disk.
pub fn print(text: impl Into<Text>) -> io::Result<()> {
    print_exact(&rendered(&text.into(), of_output()))
}

/// Writes `text` to standard output as it is, for programs to read. A reader that went away (`| head`) is not a failure.
///
/// # Errors
/// The system's error when the text cannot be stored, e.g. on a full disk.
pub fn print_exact(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    let written = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Writes lines to standard error, as text looks there; what others wrote in them is made harmless.
pub fn tell(text: impl Into<Text>) {
    tell_exactly(told(text).trim_end_matches('\n'));
}

/// Lines as they look on standard error.
pub(super) fn told(text: impl Into<Text>) -> String {
    rendered(&text.into(), of_errors())
}

/// Writes one line to standard error as it is.
pub(super) fn tell_exactly(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// A failure as people read it: what happened, why, and what to do.
pub fn failure_text(failure: &Failure) -> Text {
    let message = failure.message.as_str();
    let mut text = Text::labelled(Tone::Error, "error:", message) + "\n";
    for cause in &failure.causes {
        text += Text::labelled(Tone::Note, "caused by:", cause) + "\n";
    }
    for hint in &failure.hints {
        text += Text::labelled(Tone::Hint, "hint:", hint) + "\n";
    }
    text
}
