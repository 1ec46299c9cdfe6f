//! What producing a result comes to.

use std::path::PathBuf;

use crate::artifacts::{Manifest, ManifestFile};
use crate::failure::Failure;
use crate::report::CheckedFile;

/// A published result.
pub(in super::super) struct Produced {
    /// Where it is.
    pub(in super::super) folder: PathBuf,
    /// What it is.
    pub(in super::super) manifest: Manifest,
    /// How it came there.
    pub(in super::super) how: How,
}

/// How a result came to be where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(in super::super) enum How {
    /// It was built.
    Built,
    /// It was built before, and published again.
    Cached,
    /// It was there already.
    Unchanged,
}

/// A result that could not be published.
pub(in super::super) struct NotProduced {
    /// Why.
    pub(in super::super) failure: Failure,
    /// The files and their checks, where one did not pass.
    pub(in super::super) unproven: Vec<CheckedFile>,
}

impl From<Failure> for NotProduced {
    fn from(failure: Failure) -> Self {
        Self {
            failure,
            unproven: Vec::new(),
        }
    }
}

pub(in super::super) fn checked(file: &ManifestFile) -> CheckedFile {
    CheckedFile {
        file: file.name.clone(),
        findings: file.findings.clone(),
        checks: file.checks.clone(),
    }
}
