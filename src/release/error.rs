//! How a release can fail as a whole; a target's own failure is a [`TargetError`].

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::merge_error::MergeError;
use super::part::Part;
use crate::artifacts::ArtifactError;
use crate::attestation::{AuditError, KeyError, PackageKeyError};
use crate::build::{BuildError, FailedBuild};
use crate::bundle::BundleError;
use crate::delivery::repositories::RepositoryError;
use crate::failure::indented;
use crate::number_of::number_of;
use crate::recipe::RecipeError;

/// Why a release, or its lock file, could not be made.
#[derive(Debug, Error)]
pub enum ReleaseError {
    /// The release file could not be read.
    #[error("could not read the release file {file}")]
    File {
        /// The file.
        file: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The release file or the lock file is refused; the error has the place.
    #[error(transparent)]
    Invalid(#[from] RecipeError),
    /// The release file asks for a recipe that there is not; the error has the place.
    #[error(transparent)]
    NoRecipe(RecipeError),
    /// The lock file is refused.
    #[error("{0}")]
    InvalidLockfile(String),
    /// A recipe could not be read, or the engine could not be reached, or the user stopped the run.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The signing key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The key for packages cannot be used.
    #[error(transparent)]
    PackageKey(#[from] PackageKeyError),
    /// Repositories are asked for, and no key to sign them with was given.
    #[error("the repositories of the release require a package key")]
    NoPackageKey,
    /// A repository could not be made.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    /// A pattern for targets is not a pattern.
    #[error("{pattern:?} is not a valid pattern for targets")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        #[source]
        source: glob::PatternError,
    },
    /// No target matches.
    #[error("none of the {total} targets of {file} matches {}", patterns.join(", "))]
    NoTarget {
        /// The release file.
        file: String,
        /// How many targets it has.
        total: usize,
        /// The patterns.
        patterns: Vec<String>,
        /// Some of the targets.
        examples: Vec<String>,
    },
    /// The index with the durations of an earlier release could not be read.
    #[error("could not read the durations of an earlier release from {}", path.display())]
    Durations {
        /// The file.
        path: PathBuf,
        /// What the system said, or what is wrong with it.
        #[source]
        source: io::Error,
    },
    /// A part has no target.
    #[error("part {part} of the {total} targets has none")]
    EmptyPart {
        /// The part.
        part: Part,
        /// How many targets there are.
        total: usize,
    },
    /// A part was to be made in the directory of another part, or of a release.
    #[error("{} has {there}, and part {part} cannot be put there as well", output.display())]
    OtherPart {
        /// The directory.
        output: PathBuf,
        /// What is there.
        there: String,
        /// The part.
        part: Part,
    },
    /// Parts could not be merged.
    #[error(transparent)]
    Merge(#[from] MergeError),
    /// A bundle could not be written or read.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// Something of the release cannot be put into a bundle.
    #[error("{what} cannot be put into a bundle: {reason}")]
    NotCarried {
        /// The target, or what it is.
        what: String,
        /// Why.
        reason: String,
    },
    /// The release file of a bundle puts its results somewhere else than below the user's directory.
    #[error(
        "the release file in the bundle puts its results into {}, which is not below this directory",
        output.display()
    )]
    OutputOutside {
        /// The directory that it names.
        output: PathBuf,
    },
    /// A bundle was made of another lock file.
    #[error(
        "the bundle {} was made of another lock file than the one beside the release file:{}",
        bundle.display(),
        indented(moved)
    )]
    OtherLock {
        /// The bundle.
        bundle: PathBuf,
        /// What differs, a line or two each.
        moved: Vec<String>,
    },
    /// The lock file is required and missing.
    #[error("lock file {} not found", path.display())]
    NoLockfile {
        /// Where it should be.
        path: PathBuf,
        /// Whether it is required because a CI system runs the release.
        by_ci: bool,
    },
    /// The lock file could not be read.
    #[error("could not read the lock file {}", path.display())]
    Lockfile {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The lock file could not be put into its form.
    #[error("could not write the lock file: {reason}")]
    RenderLockfile {
        /// Why.
        reason: String,
    },
    /// Inputs are not those of the lock file.
    #[error("the inputs do not match the lock file:{}", indented(moved))]
    Drift {
        /// What moved, a line or two each.
        moved: Vec<String>,
    },
    /// An input that is to be locked is unknown.
    #[error("no input {name} is in the lock file or in the release")]
    UnknownInput {
        /// The name.
        name: String,
        /// A name that is alike.
        nearest: Option<String>,
    },
    /// What an earlier run published cannot be signed with the rest.
    #[error(
        "{} is not one of the selected targets, and cannot be signed with them: {file}: {problem}",
        directory.display()
    )]
    Unsigned {
        /// The result.
        directory: PathBuf,
        /// The file in question.
        file: String,
        /// What is wrong with it.
        problem: String,
    },
    /// What an earlier run published could not be examined.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The files of the release could not be written.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// A target could not be planned, which ends what needs all of them.
    #[error("could not plan {target}")]
    Unplanned {
        /// The target.
        target: String,
        /// Why.
        #[source]
        error: TargetError,
    },
    /// Targets failed, each with its own message.
    #[error("{} of {} failed", errors.len(), number_of(*total, "target"))]
    Targets {
        /// Why each of them failed.
        errors: Vec<TargetError>,
        /// How many targets there are.
        total: usize,
    },
    /// The user stopped the run.
    #[error(
        "interrupted; what was published is complete, and the same command continues with the rest"
    )]
    Interrupted,
}

/// Why a target of a release was not published.
#[derive(Debug, Error)]
pub enum TargetError {
    /// It could not be planned, or not be built.
    #[error(transparent)]
    Build(#[from] FailedBuild),
    /// It would be published in the same place as another one.
    #[error(
        "the target would be published in the same place as {other}; use `variant: NAME` to tell the two apart"
    )]
    SamePlace {
        /// The other target.
        other: String,
    },
}

impl TargetError {
    /// Whether the user stopped the run.
    pub fn is_interruption(&self) -> bool {
        matches!(self, Self::Build(failed) if failed.error.is_interruption())
    }

    /// Whether an input is not the one that it has to be.
    pub fn is_mismatch(&self) -> bool {
        matches!(self, Self::Build(failed) if failed.error.is_mismatch())
    }
}

impl From<BuildError> for TargetError {
    fn from(error: BuildError) -> Self {
        Self::Build(error.into())
    }
}
