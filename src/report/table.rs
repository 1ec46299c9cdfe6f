//! The table of checks.

use std::fmt::Write as _;

use super::layout::{new_table, outcome_word};
use crate::artifacts::ManifestFile;
use crate::verify::{Check, CheckName, Findings, Outcome};

/// A file, what was found in it and what it was checked for.
#[derive(Debug, Clone, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CheckedFile {
    /// Path or name for a person.
    pub file: String,
    /// What was found.
    pub findings: Findings,
    /// The checks.
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

impl From<&ManifestFile> for CheckedFile {
    fn from(file: &ManifestFile) -> Self {
        Self {
            file: file.name.clone(),
            findings: file.findings.clone(),
            checks: file.checks.clone(),
        }
    }
}

/// For each file a line with its size and digest, and a table with one row for each check. Evidence is shown for
/// kernel-memory accounting, which is what the tool exists to prove, and for every failed check.
pub fn check_table(files: &[CheckedFile], terminal: bool) -> String {
    let mut text = String::new();
    for file in files {
        let mut table = new_table(terminal);
        table.set_header(["check", "result", "expected", "found"]);
        for check in &file.checks {
            let outcome = outcome_word(check.outcome);
            let mut found = check.found.clone();
            let is_proof = matches!(check.name, CheckName::Kmem | CheckName::Run);
            if is_proof || check.outcome == Outcome::Failed {
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
