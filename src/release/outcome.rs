//! What comes of the targets of a release.

use std::time::Duration;

use super::error::{ReleaseError, TargetError};
use super::target::Target;
use crate::artifacts::Index;
use crate::build::BuildResult;

/// How what comes of a release is put for those who read it: what this room does not decide.
#[derive(Debug, Clone, Copy)]
pub struct Presentation {
    /// The exit code that belongs to an error: the index holds it for scripts.
    pub exit_code: fn(&TargetError) -> u8,
    /// The page of an index, a whole HTML document. The same index gives the same page.
    pub page: fn(&Index) -> String,
}

/// A target whose work is over.
#[derive(Debug)]
pub struct FinishedTarget<'a> {
    /// The target in the release file.
    pub target: &'a Target,
    /// Its name.
    pub label: String,
    /// Where it is, or would be, below the directory of the results.
    pub place: Place,
    /// What came of it.
    pub outcome: Outcome,
    /// How long it took.
    pub took: Duration,
}

/// The place of a result.
#[derive(Debug, Clone)]
pub struct Place {
    /// The version.
    pub version: String,
    /// Operating system and architecture.
    pub platform: String,
}

impl Place {
    /// The architecture of its platform.
    pub(super) fn architecture(&self) -> &str {
        let platform = self.platform.split_once('-');
        platform.map_or("", |(_, architecture)| architecture)
    }
}

/// What came of a target.
#[derive(Debug)]
pub enum Outcome {
    /// It is published.
    Published(Box<BuildResult>),
    /// It needs no build, and why.
    NotNeeded(String),
    /// It failed.
    Failed(TargetError),
    /// It was not begun or not finished, because another one had failed.
    Skipped,
}

impl FinishedTarget<'_> {
    /// Why it failed.
    pub fn error(&self) -> Option<&TargetError> {
        match &self.outcome {
            Outcome::Failed(error) => Some(error),
            _ => None,
        }
    }
}

/// The failure of the whole, where targets failed.
///
/// # Errors
/// [`ReleaseError::Interrupted`], [`ReleaseError::Targets`].
pub fn verdict(finished: Vec<FinishedTarget<'_>>) -> Result<(), ReleaseError> {
    let total = finished.len();
    let outcomes = finished.into_iter().map(|target| target.outcome);
    let errors: Vec<_> = outcomes
        .filter_map(|outcome| match outcome {
            Outcome::Failed(error) => Some(error),
            _ => None,
        })
        .collect();
    if errors.iter().any(TargetError::is_interruption) {
        return Err(ReleaseError::Interrupted);
    }
    if errors.is_empty() {
        return Ok(());
    }
    Err(ReleaseError::Targets { errors, total })
}
