//! How parts of a release can fail to make a whole.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::artifacts::ArtifactError;
use crate::attestation::AuditError;

/// Why parts could not be merged. Nothing was published then.
#[derive(Debug, Error)]
pub enum MergeError {
    /// The index of a part could not be read.
    #[error("could not read the index of a part of a release in {}", directory.display())]
    Index {
        /// The directory.
        directory: PathBuf,
        /// What the system said, or what is wrong with it.
        #[source]
        source: io::Error,
    },
    /// It is a whole release.
    #[error("{} is not a part of a release: it was made as a whole", directory.display())]
    Whole {
        /// The directory.
        directory: PathBuf,
    },
    /// The targets are not those of the release file.
    #[error(
        "{} is a part of another release: its targets are not those of the release file, {difference}",
        directory.display()
    )]
    OtherTargets {
        /// The directory.
        directory: PathBuf,
        /// The first difference.
        difference: String,
    },
    /// Two parts are of different numbers of parts.
    #[error(
        "{} is one of {of} parts, and {} one of {others}",
        directory.display(),
        other.display()
    )]
    OtherNumber {
        /// The directory.
        directory: PathBuf,
        /// How many parts it is one of.
        of: u32,
        /// Another directory.
        other: PathBuf,
        /// How many parts that one is one of.
        others: u32,
    },
    /// A part is there twice.
    #[error("part {number} is doubled: {} and {}", first.display(), second.display())]
    DoubledPart {
        /// Its number.
        number: u32,
        /// A directory.
        first: PathBuf,
        /// The other one.
        second: PathBuf,
    },
    /// Parts are missing.
    #[error("of {of} parts {} missing: {}", if missing.len() == 1 { "one is" } else { "some are" }, listed(missing))]
    MissingParts {
        /// How many there are.
        of: u32,
        /// The numbers of those that are missing.
        missing: Vec<u32>,
    },
    /// A target is in no part.
    #[error("{target} is in no part: the parts were made by different durations")]
    MissingTarget {
        /// The target.
        target: String,
    },
    /// A target is in two parts.
    #[error(
        "{target} is doubled: it is in {} and in {}, which were made by different durations",
        first.display(),
        second.display()
    )]
    DoubledTarget {
        /// The target.
        target: String,
        /// A directory.
        first: PathBuf,
        /// The other one.
        second: PathBuf,
    },
    /// Two parts have a result in the same place.
    #[error("{folder} is in {} and in {}", first.display(), second.display())]
    SamePlace {
        /// The place, below the directory of a release.
        folder: String,
        /// A directory.
        first: PathBuf,
        /// The other one.
        second: PathBuf,
    },
    /// A part was stopped before all its targets were tried.
    #[error("{} is not finished: {tried} of its {own} targets were tried", directory.display())]
    Unfinished {
        /// The directory.
        directory: PathBuf,
        /// How many were tried.
        tried: usize,
        /// How many it has.
        own: usize,
    },
    /// Results are in no cache.
    #[error("not in the shared cache:{}", crate::failure::indented(missing))]
    NotInCache {
        /// Their targets.
        missing: Vec<String>,
    },
    /// A part could not be examined.
    #[error("could not examine {}", directory.display())]
    Audit {
        /// The directory.
        directory: PathBuf,
        /// Why not.
        #[source]
        source: AuditError,
    },
    /// A file of a part is not what was published.
    #[error("{} differs from what was published: {file}: {problem}", directory.display())]
    Differs {
        /// The directory.
        directory: PathBuf,
        /// The file.
        file: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A file could not be copied.
    #[error("could not copy {}", path.display())]
    Copy {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A result could not be put in its place.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
}

fn listed(numbers: &[u32]) -> String {
    let numbers: Vec<_> = numbers.iter().map(u32::to_string).collect();
    numbers.join(", ")
}
