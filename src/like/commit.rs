//! Commits in the labels of programs.

/// Length of a full commit id, in digits.
const WHOLE: usize = 40;

/// Minimum length of an abbreviated commit id, in digits.
const FEWEST: usize = 7;

/// Suffixes of labels which show that the source differed from the commit, or may have.
const CHANGED: [&str; 2] = ["-dirty", "-unknown"];

/// Suffix of the labels of builds that this tool made from patched source.
const OURS: &str = "-nokmem";

/// A commit in the label of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// The label: a full or abbreviated commit id, the output of `git describe`, or something else.
    pub label: String,
    /// The commit id in it, full or abbreviated, in lower case.
    pub id: Option<String>,
    /// Whether the label shows that the source differed from the commit.
    pub changed: bool,
}

impl Commit {
    /// Reads a label; `None` if it is empty or was never filled in.
    pub fn read(label: &str) -> Option<Self> {
        let label = label.trim();
        if label.is_empty() || label.starts_with("$Format") {
            return None;
        }
        let (rest, changed) = without_remarks(label);
        // The output of `git describe --long` ends in -g and an abbreviated commit id.
        let last = rest.rsplit_once("-g").map(|(_, last)| last);
        Some(Self {
            label: label.to_owned(),
            id: commit_id(rest).or_else(|| last.and_then(commit_id)),
            changed,
        })
    }
}

/// `text` in lower case if it can be a full or abbreviated commit id.
pub(super) fn commit_id(text: &str) -> Option<String> {
    let digits = text.chars().all(|digit| digit.is_ascii_hexdigit());
    (digits && (FEWEST..=WHOLE).contains(&text.len())).then(|| text.to_ascii_lowercase())
}

/// `text` without the suffix for changed source, and whether it had one. The suffix of this tool is removed, too,
/// because the commit in the label is the one that was patched.
pub(super) fn without_remarks(text: &str) -> (&str, bool) {
    let (mut rest, mut changed) = (text, false);
    loop {
        if let Some(before) = CHANGED.iter().find_map(|end| rest.strip_suffix(end)) {
            (rest, changed) = (before, true);
        } else if let Some(before) = rest.strip_suffix(OURS) {
            rest = before;
        } else {
            return (rest, changed);
        }
    }
}

/// Whether two commit ids, each full or abbreviated, can be the same.
pub fn same_commit(one: &str, other: &str) -> bool {
    let length = one.len().min(other.len());
    one.is_char_boundary(length)
        && other.is_char_boundary(length)
        && one[..length].eq_ignore_ascii_case(&other[..length])
}
