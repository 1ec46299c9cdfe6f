//! The table of checks.

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{ContentArrangement, Table};

use crate::verify::{Check, Findings, Outcome};

/// A file with what was found in it and what was held against it.
#[derive(Debug, Clone, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CheckedFile {
    /// Path or name for a person.
    pub file: String,
    /// What was found.
    pub findings: Findings,
    /// What had to hold.
    pub checks: Vec<Check>,
}

impl CheckedFile {
    /// Whether no check failed.
    pub fn passed(&self) -> bool {
        self.checks
            .iter()
            .all(|check| check.outcome != Outcome::Failed)
    }
}

/// Width of the table where the terminal's is not known.
const PIPE_WIDTH: u16 = 120;

/// One row a check: file, check, outcome, what was expected, what was found and where. Ends with a newline.
pub fn check_table(files: &[CheckedFile], terminal: bool) -> String {
    let mut table = Table::new();
    table
        .load_style(UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic);
    if !terminal {
        table.set_width(PIPE_WIDTH);
    }
    table.set_header(["file", "check", "result", "expected", "found"]);
    for file in files {
        for check in &file.checks {
            let outcome = match check.outcome {
                Outcome::Passed => "ok",
                Outcome::Failed => "FAILED",
                Outcome::NotRun => "not run",
            };
            let mut found = check.found.clone();
            for evidence in &check.evidence {
                found.push('\n');
                found.push_str(evidence);
            }
            table.add_row([
                &file.file,
                &check.name.to_string(),
                outcome,
                &check.expected,
                &found,
            ]);
        }
    }
    format!("{table}\n")
}
