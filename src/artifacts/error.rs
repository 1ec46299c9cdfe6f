//! How storing results can fail.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// A result that could not be stored.
#[derive(Debug, Error)]
pub enum ArtifactError {
    /// The output folder cannot be written to.
    #[error("cannot write to the output folder {}", path.display())]
    Unwritable {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The folder to publish to holds something else.
    #[error("{} is there already and is no result of kmembuild (it has no manifest.json)", path.display())]
    Foreign {
        /// The folder.
        path: PathBuf,
    },
    /// The lock of the output folder cannot be had.
    #[error("cannot lock the output folder with {}", path.display())]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The engine's archive broke off or is damaged.
    #[error("the archive of {name} from the engine could not be read")]
    Archive {
        /// The output.
        name: String,
        /// What was wrong.
        #[source]
        source: io::Error,
    },
    /// An output is a folder, a link or a device.
    #[error("the output {name} is not a file but {kind}")]
    NotAFile {
        /// The output.
        name: String,
        /// What it is.
        kind: &'static str,
    },
    /// A result that is to go into an index is not as its checksums say.
    #[error("{} cannot go into the index: {problem}", path.display())]
    Unaccounted {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        problem: String,
    },
    /// The run was stopped while it waited for the output folder.
    #[error("stopped while waiting for another run that builds into the same folder")]
    StoppedWaiting,
}

impl ArtifactError {
    /// The error of a file or folder that could not be written, out of what the system said.
    pub fn unwritable(path: &Path) -> impl Fn(io::Error) -> Self {
        |source| Self::Unwritable {
            path: path.to_owned(),
            source,
        }
    }
}
