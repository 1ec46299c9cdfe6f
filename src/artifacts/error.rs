//! Errors of storing results.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// A result that could not be stored.
#[derive(Debug, Error)]
pub enum ArtifactError {
    /// The output directory cannot be written to.
    #[error("could not write to the output directory {}", path.display())]
    Unwritable {
        /// The directory or file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The directory to publish to contains something else.
    #[error("{} already exists and is not a result of kmembuild (it has no manifest.json)", path.display())]
    Foreign {
        /// The directory.
        path: PathBuf,
    },
    /// The output directory could not be locked.
    #[error("could not lock the output directory with {}", path.display())]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The engine's archive is truncated or damaged.
    #[error("could not read the archive of {name} from the engine")]
    Archive {
        /// The output.
        name: String,
        /// The problem.
        #[source]
        source: io::Error,
    },
    /// An output is a directory, a link or a device.
    #[error("the output {name} is {kind}, not a file")]
    NotAFile {
        /// The output.
        name: String,
        /// What it is instead.
        kind: &'static str,
    },
    /// A result for an index does not match its checksums.
    #[error("{} cannot be added to the index: {problem}", path.display())]
    Unaccounted {
        /// The file.
        path: PathBuf,
        /// The problem.
        problem: String,
    },
    /// The run was stopped while it waited for the output directory.
    #[error("stopped while waiting for another run that builds into the same directory")]
    StoppedWaiting,
}

impl ArtifactError {
    /// The error for a file or directory that could not be written.
    pub fn unwritable(path: &Path) -> impl Fn(io::Error) -> Self + Copy {
        |source| Self::Unwritable {
            path: path.to_owned(),
            source,
        }
    }

    /// The error for a file that an index cannot list.
    pub(super) fn unaccounted(path: &Path, problem: impl Into<String>) -> Self {
        Self::Unaccounted {
            path: path.to_owned(),
            problem: problem.into(),
        }
    }
}
