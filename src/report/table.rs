//! The table of checks.

use bytesize::ByteSize;

use super::Verbosity;
use super::layout::{Table, outcome_text};
use super::text::{Text, Tone};
use crate::artifacts::ManifestFile;
use crate::number_of::number_of;
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

/// The checks of each file: a line for each, with what was found; one for all of a file that has no proof of accounting.
/// What was expected is shown of a failed check, together with the evidence; `verbose` shows both of all.
pub fn check_table(files: &[CheckedFile], verbosity: Verbosity, width: u16) -> Text {
    let mut text = Text::new();
    for file in files {
        let is_short = verbosity != Verbosity::Verbose
            && file.passed()
            && file.checks.iter().all(|check| !is_proof(check));
        text += if is_short {
            in_one_line(file)
        } else {
            in_full(file, verbosity == Verbosity::Verbose, width)
        };
    }
    text
}

fn is_proof(check: &Check) -> bool {
    matches!(check.name, CheckName::Kmem | CheckName::Run)
}

fn in_one_line(file: &CheckedFile) -> Text {
    let counted = counted(&file.checks);
    Text::toned(Tone::Title, &file.file) + format!("  {}; {counted}\n", size(file))
}

fn in_full(file: &CheckedFile, verbose: bool, width: u16) -> Text {
    let mut table = if verbose {
        Table::with_head(["  check", "result", "expected", "found"])
    } else {
        Table::new()
    };
    for check in &file.checks {
        let is_failed = check.outcome == Outcome::Failed;
        let mut found = check.found.clone();
        if is_failed && !verbose {
            found.push_str("; expected: ");
            found.push_str(&check.expected);
        }
        if is_failed || (verbose && is_proof(check)) {
            for evidence in &check.evidence {
                found.push_str("\n- ");
                found.push_str(evidence);
            }
        }
        let name = Text::from(format!("  {}", check.name));
        let (outcome, found) = (outcome_text(check.outcome), Text::from(found));
        if verbose {
            table.row([name, outcome, Text::from(&check.expected), found]);
        } else {
            table.row([name, outcome, found]);
        }
    }
    let identity = format!("  {}\n  sha256 {}\n", size(file), file.findings.sha256);
    Text::toned(Tone::Title, &file.file) + identity + table.text(2, width)
}

fn size(file: &CheckedFile) -> String {
    let bytes = file.findings.size;
    format!("{} ({bytes} bytes)", ByteSize(bytes))
}

/// `4 of 5 checks passed`.
pub fn counted<'a>(checks: impl IntoIterator<Item = &'a Check>) -> String {
    let (mut passed, mut all) = (0, 0);
    for check in checks {
        all += 1;
        passed += u32::from(check.outcome == Outcome::Passed);
    }
    format!("{passed} of {} passed", number_of(all, "check"))
}

/// What the checks of accounting came to, in words, and how many of all checks passed: `accounting off, 5 of 5 checks passed`.
pub fn verdict_on<'a>(checks: impl IntoIterator<Item = &'a Check> + Clone) -> Text {
    let counted = counted(checks.clone());
    let mut kmem = checks.into_iter();
    let kmem = kmem.find(|check| check.name == CheckName::Kmem);
    match kmem.map(|check| check.outcome) {
        Some(Outcome::Passed) => Text::toned(Tone::Good, "accounting off") + format!(", {counted}"),
        Some(Outcome::Failed) => {
            Text::toned(Tone::Bad, "accounting NOT shown to be off") + format!(", {counted}")
        }
        Some(Outcome::NotRun) | None => counted.into(),
    }
}
