//! Events as JSON, one document a line.

use serde::Serialize;

use super::output::print;
use crate::events::{Event, JSON_FORMAT, Sink};

/// Prints each event to standard output as `{"format":1,"data":{"event":...}}`.
pub struct JsonLines;

/// Something under the version of its form.
#[derive(Serialize)]
struct Versioned<'a, T> {
    format: u32,
    data: &'a T,
}

/// The line that ends what a command prints with `--format json`, like those of the events before it.
///
/// # Errors
/// What `data` refuses.
pub fn json_line<T: Serialize>(data: &T) -> serde_json::Result<String> {
    let format = JSON_FORMAT;
    Ok(serde_json::to_string(&Versioned { format, data })? + "\n")
}

impl Sink for JsonLines {
    fn event(&self, event: &Event) {
        // Events have text keys only, so that nothing can be refused.
        if let Ok(line) = json_line(event) {
            // An event that nobody can be told of does not stop a build; the lost result does, at its end.
            let _ = print(&line);
        }
    }
}
