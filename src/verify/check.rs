//! What a check found.

use serde::{Deserialize, Serialize};

/// The outcome of one check on one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Check {
    /// Which check.
    pub name: CheckName,
    /// How it went.
    pub outcome: Outcome,
    /// What was to be found, in words.
    pub expected: String,
    /// What was found, in words.
    pub found: String,
    /// What makes it so, one line each: marks with their offsets, libraries, output.
    pub evidence: Vec<String>,
}

/// Which check it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckName {
    /// The file is a whole ELF program.
    Format,
    /// Kernel-memory accounting is as expected.
    Kmem,
    /// It is linked as expected.
    Linkage,
    /// It is for the expected architecture.
    Architecture,
    /// It starts on hosts with the expected glibc.
    Glibc,
    /// It reports the expected version.
    Version,
    /// It does not turn kernel-memory accounting on when it is run.
    Run,
}

impl std::fmt::Display for CheckName {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(match self {
            Self::Format => "format",
            Self::Kmem => "kmem",
            Self::Linkage => "linkage",
            Self::Architecture => "architecture",
            Self::Glibc => "glibc",
            Self::Version => "version",
            Self::Run => "run",
        })
    }
}

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Found what was expected.
    Passed,
    /// Found something else.
    Failed,
    /// It could not be tried, which proves nothing either way: a foreign architecture, not a whole program.
    NotRun,
}

impl Outcome {
    pub(super) fn passed_if(passed: bool) -> Self {
        if passed { Self::Passed } else { Self::Failed }
    }
}

impl Check {
    /// A check that makes no sense on a file that is not a whole program: the format check has failed already.
    pub(super) fn not_a_program(name: CheckName, expected: String) -> Self {
        Self {
            name,
            outcome: Outcome::NotRun,
            expected,
            found: "not judged: the file is not a whole ELF program".to_owned(),
            evidence: Vec::new(),
        }
    }
}
