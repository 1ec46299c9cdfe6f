//! Events as JSON, one document a line.

use serde::Serialize;

use super::output::print;
use crate::events::{Event, Sink};

/// Version of the JSON forms that commands print.
pub const JSON_FORMAT: u32 = 1;

/// Prints each event to standard output as `{"format":1,"data":{"event":...}}`.
pub struct JsonLines;

#[derive(Serialize)]
struct Line<'a> {
    format: u32,
    data: &'a Event,
}

impl Sink for JsonLines {
    fn event(&self, event: &Event) {
        // Events have text keys only, so that nothing can be refused.
        if let Ok(text) = serde_json::to_string(&Line {
            format: JSON_FORMAT,
            data: event,
        }) {
            // An event that nobody can be told of does not stop a build; the lost result does, at its end.
            let _ = print(&(text + "\n"));
        }
    }
}
