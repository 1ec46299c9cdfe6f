//! Standard output.

use std::io::{self, Write};

use crate::harmless::harmless;

/// Writes `text` for people to standard output; what others wrote in it is made harmless. A reader that went away (`| head`)
/// is not a failure.
///
/// # Errors
/// The system's error when the text cannot be stored, e.g. on a full disk.
pub fn print(text: &str) -> io::Result<()> {
    print_exact(&harmless(text))
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

/// Writes one line to standard error; what others wrote in it is made harmless.
pub fn tell(line: &str) {
    tell_exactly(&harmless(line));
}

/// Writes one line to standard error as it is.
pub(super) fn tell_exactly(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}
