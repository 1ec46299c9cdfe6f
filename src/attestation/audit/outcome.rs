//! The result of an audit.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::Serialize;
use thiserror::Error;

use crate::verify::{Check, Findings};

/// The result of an audit of a directory.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Audit {
    /// The directory, as the user gave it.
    pub folder: String,
    /// The number of files in it.
    pub files: usize,
    /// The binaries that were checked again.
    pub binaries: Vec<AuditedFile>,
    /// Everything that does not match what was recorded.
    pub problems: Vec<Problem>,
    /// Ids of the user's keys that signed what is there. Empty where no key was given: then the files match sums that
    /// anybody could have written, and only what was judged from their content is proven.
    pub vouched_by: BTreeSet<String>,
    /// What could not be checked and the user should know.
    pub remarks: Vec<String>,
}

/// A binary that was checked again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AuditedFile {
    /// Its path in the directory.
    pub file: String,
    /// What was found.
    pub findings: Findings,
    /// The checks that the plan requires. The binary is not run: its version output is taken from the manifest.
    pub checks: Vec<Check>,
}

/// Something that does not match what was recorded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Problem {
    /// The file, by its path in the directory.
    pub file: String,
    /// What kind of problem it is.
    pub kind: ProblemKind,
    /// What was found, and what was expected.
    pub message: String,
}

/// The kinds of problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemKind {
    /// A file is not the published one, or nothing proves that it is.
    Integrity,
    /// A directory is of no target of the release.
    Leftover,
    /// A binary is the published one, but fails a check.
    Proof,
}

/// A directory that cannot be audited.
#[derive(Debug, Error)]
pub enum AuditError {
    /// It cannot be read.
    #[error("could not read the directory {}", path.display())]
    Unreadable {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Nothing in it records what it should contain.
    #[error("{} is neither a release (it has no index.json) nor a result (it has no manifest.json)", path.display())]
    NothingToAudit {
        /// The directory.
        path: PathBuf,
        /// A result somewhere below it, if there is one.
        result: Option<PathBuf>,
    },
}

impl Audit {
    pub(super) fn integrity(&mut self, file: impl Into<String>, message: impl Into<String>) {
        self.problems.push(Problem {
            file: file.into(),
            kind: ProblemKind::Integrity,
            message: message.into(),
        });
    }

    pub(super) fn leftover(&mut self, folder: impl Into<String>, message: impl Into<String>) {
        self.problems.push(Problem {
            file: folder.into(),
            kind: ProblemKind::Leftover,
            message: message.into(),
        });
    }

    pub(super) fn proof(&mut self, file: impl Into<String>, message: impl Into<String>) {
        self.problems.push(Problem {
            file: file.into(),
            kind: ProblemKind::Proof,
            message: message.into(),
        });
    }

    /// Sorts the problems by file, each once.
    pub(super) fn sort(&mut self) {
        let problems: BTreeSet<_> = self.problems.drain(..).collect();
        self.problems = problems.into_iter().collect();
    }

    /// Whether a file is not the published one.
    pub fn is_changed(&self) -> bool {
        let mut kinds = self.problems.iter().map(|problem| problem.kind);
        kinds.any(|kind| kind != ProblemKind::Proof)
    }

    /// Whether there are directories that no target of the release has.
    pub fn has_leftovers(&self) -> bool {
        let mut kinds = self.problems.iter().map(|problem| problem.kind);
        kinds.any(|kind| kind == ProblemKind::Leftover)
    }
}
