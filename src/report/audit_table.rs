//! The text about an audited directory.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::layout::{new_table, outcome_word};
use crate::attestation::{Audit, AuditedFile, ProblemKind};
use crate::verify::CheckName;

/// A row for each binary with its checks, a line for each problem, and a summary.
pub fn audit_table(audit: &Audit, terminal: bool) -> String {
    let mut text = String::new();
    if !audit.binaries.is_empty() {
        let mut table = new_table(terminal);
        table.set_header(["binary", "kernel-memory accounting", "other checks"]);
        for binary in &audit.binaries {
            table.add_row([binary.file.clone(), accounting(binary), others(binary)]);
        }
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}\n", table.trim_fmt());
    }
    // Paths and digests must be searchable, so no table may wrap them.
    for problem in &audit.problems {
        let kind = match problem.kind {
            ProblemKind::Integrity => "integrity",
            ProblemKind::Leftover => "left over",
            ProblemKind::Proof => "not proven",
        };
        let _ = writeln!(text, "{kind}: {}: {}", problem.file, problem.message);
    }
    for remark in &audit.remarks {
        let _ = writeln!(text, "note: {remark}");
    }
    if audit.problems.is_empty() {
        let _ = writeln!(text, "{}: {}", audit.folder, proved(audit));
    }
    let _ = writeln!(
        text,
        "{}: files: {}, binaries checked: {}, problems: {}",
        audit.folder,
        audit.files,
        audit.binaries.len(),
        audit.problems.len()
    );
    text
}

/// What an audit without a problem proved, and by what.
fn proved(audit: &Audit) -> String {
    if audit.vouched_by.is_empty() {
        return "proved by sums only: every file is as the sums beside it say, and nobody vouches for them, because no key was \
                given (--key); kernel-memory accounting was judged again by the content of the binaries"
            .to_owned();
    }
    let keys: Vec<_> = audit.vouched_by.iter().map(String::as_str).collect();
    format!(
        "proved by signature: every file is as it was signed by the key {}; the binaries were checked again by their content",
        keys.join(" and ")
    )
}

fn accounting(binary: &AuditedFile) -> String {
    let mut checks = binary.checks.iter();
    let check = checks.find(|check| check.name == CheckName::Kmem);
    check.map_or("not checked".to_owned(), |check| {
        format!("{}: {}", outcome_word(check.outcome), check.found)
    })
}

/// `linkage, version ok; glibc FAILED`.
fn others(binary: &AuditedFile) -> String {
    let mut by_word: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for check in binary
        .checks
        .iter()
        .filter(|check| check.name != CheckName::Kmem)
    {
        by_word
            .entry(outcome_word(check.outcome))
            .or_default()
            .push(check.name.to_string());
    }
    let words: Vec<_> = by_word
        .into_iter()
        .map(|(word, names)| format!("{} {word}", names.join(", ")))
        .collect();
    words.join("; ")
}
