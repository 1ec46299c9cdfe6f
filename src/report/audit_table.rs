//! The text about an audited directory.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::layout::{lay_out, new_table, outcome_word};
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
        let _ = writeln!(text, "{}\n", lay_out(table, 1));
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
    let _ = writeln!(text, "{}: {}", audit.folder, counts(audit));
    text
}

/// `13 files, 2 binaries checked, no problems`.
fn counts(audit: &Audit) -> String {
    let of = |number: usize, one: &str, many: &str| match number {
        0 => format!("no {many}"),
        1 => format!("1 {one}"),
        number => format!("{number} {many}"),
    };
    format!(
        "{}, {}, {}",
        of(audit.files, "file", "files"),
        of(audit.binaries.len(), "binary checked", "binaries checked"),
        of(audit.problems.len(), "problem", "problems")
    )
}

/// The verdict on a directory without a problem.
pub fn audit_verdict(audit: &Audit) -> String {
    format!("{}: {}", audit.folder, proved(audit))
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
