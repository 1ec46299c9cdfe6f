//! What an audit brings.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::Serialize;
use thiserror::Error;

use crate::verify::{Check, Findings};

/// What an audit of a folder brought.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Audit {
    /// The folder, as the user named it.
    pub folder: String,
    /// How many files are in it.
    pub files: usize,
    /// The binaries that were judged afresh.
    pub binaries: Vec<AuditedFile>,
    /// All that is not as it was written down.
    pub problems: Vec<Problem>,
    /// What the user should know, and could not be checked.
    pub remarks: Vec<String>,
}

/// A binary that was judged afresh.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AuditedFile {
    /// Its path in the folder.
    pub file: String,
    /// What was found.
    pub findings: Findings,
    /// What had to hold by the plan. It is not run: what it said of its version when it was built is in the manifest.
    pub checks: Vec<Check>,
}

/// Something that is not as it was written down.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Problem {
    /// The file, by its path in the folder.
    pub file: String,
    /// What kind of problem it is.
    pub kind: ProblemKind,
    /// What was found, and what was expected.
    pub message: String,
}

/// Kinds of problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemKind {
    /// A file is not the one that was published, or nothing says that it was.
    Integrity,
    /// A binary is the published one, and does not pass its checks.
    Proof,
}

/// A folder that cannot be audited at all.
#[derive(Debug, Error)]
pub enum AuditError {
    /// It cannot be read.
    #[error("the folder {} cannot be read", path.display())]
    Unreadable {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Nothing in it says what it should hold.
    #[error("{} is neither a release (it has no index.json) nor a result (it has no manifest.json)", path.display())]
    NothingToAudit {
        /// The folder.
        path: PathBuf,
        /// A result somewhere in it, where there is one.
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

    pub(super) fn proof(&mut self, file: impl Into<String>, message: impl Into<String>) {
        self.problems.push(Problem {
            file: file.into(),
            kind: ProblemKind::Proof,
            message: message.into(),
        });
    }

    /// Brings the problems into the order of their files, each once.
    pub(super) fn sort(&mut self) {
        let problems: BTreeSet<_> = self.problems.drain(..).collect();
        self.problems = problems.into_iter().collect();
    }

    /// Whether a file is not the one that was published.
    pub fn is_changed(&self) -> bool {
        let mut kinds = self.problems.iter().map(|problem| problem.kind);
        kinds.any(|kind| kind == ProblemKind::Integrity)
    }
}
