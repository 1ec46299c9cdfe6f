//! Compares findings with expectations.

use serde::{Deserialize, Serialize};

use super::findings::Packing;

/// The outcome of one check on one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Check {
    /// The check.
    pub name: CheckName,
    /// Its result.
    pub outcome: Outcome,
    /// What was expected, for people.
    pub expected: String,
    /// What was found, for people.
    pub found: String,
    /// The evidence, one line each: marks with their offsets, libraries, output.
    pub evidence: Vec<String>,
}

/// The name of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckName {
    /// The file is a complete ELF program.
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
    /// It does not turn kernel-memory accounting on when it runs.
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

/// The result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// As expected.
    Passed,
    /// Not as expected.
    Failed,
    /// Not possible, which proves nothing either way: a foreign architecture, or not a complete program.
    NotRun,
}

impl Outcome {
    pub(super) fn passed_if(passed: bool) -> Self {
        if passed { Self::Passed } else { Self::Failed }
    }
}

impl Check {
    /// A check of headers that need not describe what runs, for this reason.
    pub(super) fn unknown(name: CheckName, expected: String, packing: &Packing) -> Self {
        Self {
            name,
            outcome: Outcome::Failed,
            expected,
            found: format!("unknown: {packing}"),
            evidence: Vec::new(),
        }
    }

    /// A check that is meaningless for a file that is not a complete program, for which the format check fails.
    pub(super) fn not_a_program(name: CheckName, expected: String) -> Self {
        Self {
            name,
            outcome: Outcome::NotRun,
            expected,
            found: "not checked: the file is not a complete ELF program".to_owned(),
            evidence: Vec::new(),
        }
    }
}
