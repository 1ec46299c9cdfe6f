//! Events as JSON, one document a line.

use serde::Serialize;

use super::output::print_exact;
use crate::events::JSON_FORMAT;
use crate::harmless::harmless_json;
use crate::plan::canonical_json;

/// Something under the version of its form.
#[derive(Serialize)]
struct Versioned<'a, T> {
    format: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'a str>,
    data: &'a T,
}

/// What a command prints with `--format json`: the version of its form, then its data.
#[derive(Serialize)]
struct Document<'a, T> {
    format: u32,
    #[serde(flatten)]
    data: &'a T,
}

/// `data`, which has named fields, as the one JSON document that a command prints.
pub fn json_document<T: Serialize>(data: &T) -> String {
    let document = Document {
        format: JSON_FORMAT,
        data,
    };
    harmless_json(&canonical_json(&document)).into_owned()
}

/// The line that ends what a command prints with `--format json`, like those of the events before it.
///
/// # Errors
/// When `data` cannot be serialised.
pub fn json_line<T: Serialize>(data: &T) -> serde_json::Result<String> {
    versioned(None, data)
}

/// Prints an event to standard output as `{"format":1,"data":{"event":...}}`, with `target` where it is one of several.
pub(super) fn json_event<T: Serialize>(target: Option<&str>, event: &T) {
    // Events have text keys only, so that nothing can be refused.
    if let Ok(line) = versioned(target, event) {
        // A lost event does not stop a build; the lost result does, at its end.
        let _ = print_exact(&line);
    }
}

fn versioned<T: Serialize>(target: Option<&str>, data: &T) -> serde_json::Result<String> {
    let format = JSON_FORMAT;
    let versioned = Versioned {
        format,
        target,
        data,
    };
    Ok(harmless_json(&serde_json::to_string(&versioned)?).into_owned() + "\n")
}
