//! The table of checks.

use bytesize::ByteSize;

use super::Verbosity;
use super::layout::{lay_out, new_table, outcome_word};
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

/// The checks of each file: a line for each, with what was found; one for all of a file that has no proof of accounting.
/// What was expected is shown of a failed check, together with the evidence; `verbose` shows both of all.
pub fn check_table(files: &[CheckedFile], verbosity: Verbosity, terminal: bool) -> String {
    let texts = files.iter().map(|file| {
        let is_short = verbosity != Verbosity::Verbose
            && file.passed()
            && file.checks.iter().all(|check| !is_proof(check));
        if is_short {
            in_one_line(file)
        } else {
            in_full(file, verbosity == Verbosity::Verbose, terminal)
        }
    });
    texts.collect()
}

fn is_proof(check: &Check) -> bool {
    matches!(check.name, CheckName::Kmem | CheckName::Run)
}

fn in_one_line(file: &CheckedFile) -> String {
    let counted = counted(&file.checks);
    format!("{}  {}; {counted}\n", file.file, size(file))
}

fn in_full(file: &CheckedFile, verbose: bool, terminal: bool) -> String {
    let mut table = new_table(terminal);
    if verbose {
        table.set_header(["  check", "result", "expected", "found"]);
    }
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
        let (name, outcome) = (format!("  {}", check.name), outcome_word(check.outcome));
        if verbose {
            table.add_row([&name, outcome, &check.expected, &found]);
        } else {
            table.add_row([&name, outcome, &found]);
        }
    }
    format!(
        "{}  {}\n  sha256 {}\n{}\n",
        file.file,
        size(file),
        file.findings.sha256,
        lay_out(table, 2)
    )
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
    format!("{passed} of {all} checks passed")
}

/// What the checks of accounting came to, in words, and how many of all checks passed: `accounting off, 5 of 5 checks passed`.
pub fn verdict_on<'a>(checks: impl IntoIterator<Item = &'a Check> + Clone) -> String {
    let counted = counted(checks.clone());
    let mut kmem = checks.into_iter();
    let kmem = kmem.find(|check| check.name == CheckName::Kmem);
    match kmem.map(|check| check.outcome) {
        Some(Outcome::Passed) => format!("accounting off, {counted}"),
        Some(Outcome::Failed) => format!("accounting NOT shown to be off, {counted}"),
        Some(Outcome::NotRun) | None => counted,
    }
}
