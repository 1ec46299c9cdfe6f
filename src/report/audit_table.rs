//! The text about an audited directory.

use std::collections::BTreeMap;

use super::layout::{outcome_text, outcome_word};
use super::summary::Summary;
use super::text::{Text, Tone};
use crate::attestation::{Audit, AuditedFile, ProblemKind};
use crate::number_of::number_of;
use crate::verify::{CheckName, Outcome};

/// A row for each binary with its checks, a line for each problem, and a summary.
pub fn audit_table(audit: &Audit, width: u16) -> Text {
    let mut text = Text::new();
    if !audit.binaries.is_empty() {
        let rows = audit.binaries.iter().map(|binary| {
            let name = Text::from(&binary.file);
            vec![name, accounting(binary), others(binary)]
        });
        let table = Summary {
            head: vec!["binary", "kernel-memory accounting", "other checks"],
            rows: rows.collect(),
        };
        text += table.table_or_lines(1, width) + "\n";
    }
    // Paths and digests must be searchable, so no table may wrap them.
    for problem in &audit.problems {
        let kind = match problem.kind {
            ProblemKind::Integrity => "integrity",
            ProblemKind::Leftover => "left over",
            ProblemKind::Proof => "not proven",
        };
        let problem = format!(": {}: {}\n", problem.file, problem.message);
        text += Text::message(Text::toned(Tone::Bad, kind) + problem);
    }
    for remark in &audit.remarks {
        text += Text::labelled(Tone::Note, "note:", remark) + "\n";
    }
    text + format!("{}: {}\n", audit.folder, counts(audit))
}

/// `13 files, 2 binaries checked, no problems`.
fn counts(audit: &Audit) -> String {
    let of = |number: usize, noun: &str| match number {
        0 => number_of(number, noun).replacen('0', "no", 1),
        number => number_of(number, noun),
    };
    format!(
        "{}, {} checked, {}",
        of(audit.files, "file"),
        of(audit.binaries.len(), "binary"),
        of(audit.problems.len(), "problem")
    )
}

/// The verdict on a directory without a problem.
pub fn audit_verdict(audit: &Audit) -> Text {
    Text::from(format!("{}: ", audit.folder)) + proved(audit)
}

/// What an audit without a problem proved, and by what.
fn proved(audit: &Audit) -> Text {
    if audit.vouched_by.is_empty() {
        return Text::toned(Tone::Caution, "proved by sums only")
            + ": every file is as the sums beside it say, and nobody vouches for them, because no key was \
                given (--key); kernel-memory accounting was judged again by the content of the binaries";
    }
    let keys: Vec<_> = audit.vouched_by.iter().map(String::as_str).collect();
    Text::toned(Tone::Good, "proved by signature")
        + format!(
            ": every file is as it was signed by the key {}; the binaries were checked again by their content",
            keys.join(" and ")
        )
}

fn accounting(binary: &AuditedFile) -> Text {
    let mut checks = binary.checks.iter();
    let check = checks.find(|check| check.name == CheckName::Kmem);
    check.map_or_else(
        || Text::toned(Tone::Caution, "accounting not checked"),
        |check| outcome_text(check.outcome) + format!(": {}", check.found),
    )
}

/// `linkage, version ok; glibc FAILED`.
fn others(binary: &AuditedFile) -> Text {
    let mut by_word: BTreeMap<&str, (Outcome, Vec<String>)> = BTreeMap::new();
    for check in binary
        .checks
        .iter()
        .filter(|check| check.name != CheckName::Kmem)
    {
        by_word
            .entry(outcome_word(check.outcome))
            .or_insert((check.outcome, Vec::new()))
            .1
            .push(check.name.to_string());
    }
    let mut text = Text::new();
    for (outcome, names) in by_word.into_values() {
        if !text.is_empty() {
            text += "; ";
        }
        text += format!("{} ", names.join(", "));
        text += outcome_text(outcome);
    }
    text
}
