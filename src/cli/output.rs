//! What goes to standard output.

use std::io;

use clap::error::ErrorKind;
use serde::Serialize;

use crate::failure::{Failure, FailureKind};
use crate::report::{self, Text};

/// Writes the result, or a part of it, to standard output.
pub(super) fn print<'a, T: ?Sized>(text: &'a T) -> Result<(), Failure>
where
    Text: From<&'a T>,
{
    report::print(text).map_err(|error| unwritten(&error))
}

/// Writes what programs read to standard output, as it is.
pub(super) fn print_exact(text: &str) -> Result<(), Failure> {
    report::print_exact(text).map_err(|error| unwritten(&error))
}

fn unwritten(error: &io::Error) -> Failure {
    let text = format!("could not write to standard output: {error}");
    Failure::new(FailureKind::Output, text)
}

/// Writes the one JSON document of a command to standard output.
pub(super) fn print_document<T: Serialize>(data: &T) -> Result<(), Failure> {
    print_exact(&report::json_document(data))
}

/// Shows what clap has to say: help is a result, anything else a failure of usage.
///
/// # Errors
/// The usage failure.
pub fn usage(error: &clap::Error) -> Result<(), Failure> {
    if error.use_stderr() {
        // Clap begins with "error: ", which the renderer does as well.
        let text = error.to_string();
        let text = text.strip_prefix("error: ").unwrap_or(&text);
        let text = text.trim_end().to_owned();
        let text = match error.kind() {
            // Clap's text is the help then, which is no error.
            ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
                format!("a command is required\n\n{text}")
            }
            _ => text,
        };
        return Err(Failure::new(FailureKind::Usage, text));
    }
    let text = error.render();
    print_exact(&if report::is_output_coloured() {
        text.ansi().to_string()
    } else {
        text.to_string()
    })
}
