//! The table of checks.

use std::fmt::Write as _;

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{ContentArrangement, Table};

use crate::verify::{Check, CheckName, Findings, Outcome};

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
pub(super) const PIPE_WIDTH: u16 = 120;

/// For each file a line with its size and digest, and a table with a row a check. The evidence is shown for
/// kernel-memory accounting, which is what the tool is there to prove, and for whatever failed.
pub fn check_table(files: &[CheckedFile], terminal: bool) -> String {
    let mut text = String::new();
    for file in files {
        let mut table = Table::new();
        table
            .load_style(UTF8_HORIZONTAL_ONLY)
            .set_content_arrangement(ContentArrangement::Dynamic);
        if !terminal {
            table.set_width(PIPE_WIDTH);
        }
        table.set_header(["check", "result", "expected", "found"]);
        for check in &file.checks {
            let outcome = match check.outcome {
                Outcome::Passed => "ok",
                Outcome::Failed => "FAILED",
                Outcome::NotRun => "not run",
            };
            let mut found = check.found.clone();
            if check.name == CheckName::Kmem || check.outcome == Outcome::Failed {
                for evidence in &check.evidence {
                    found.push_str("\n- ");
                    found.push_str(evidence);
                }
            }
            table.add_row([&check.name.to_string(), outcome, &check.expected, &found]);
        }
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{}  {} bytes, sha256 {}\n{}\n",
            file.file,
            file.findings.size,
            file.findings.sha256,
            table.trim_fmt()
        );
    }
    text
}
