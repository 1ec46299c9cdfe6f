//! How building a result again can fail.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::outcome::Reproduction;
use crate::artifacts::{ArtifactError, PublishedError};
use crate::build::{BuildError, FailedBuild, FailureLog};
use crate::execute::ExecuteError;
use crate::failure::indented;
use crate::number_of::number_of;

/// A result that could not be built again, or did not come out the same.
#[derive(Debug, Error)]
pub enum ReproduceError {
    /// The published result could not be read back.
    #[error(transparent)]
    Published(#[from] PublishedError),
    /// The directory for what is built is not empty.
    #[error("{} is not empty; it is left unchanged", directory.display())]
    NotEmpty {
        /// The directory.
        directory: PathBuf,
    },
    /// Its plan has a script that controls the engine, and may have been written by anybody.
    #[error(
        "{} was built by upstream's script, which controls the engine: its plan can do everything on the engine's host",
        directory.display()
    )]
    EngineAccess {
        /// The result.
        directory: PathBuf,
    },
    /// Something could not be stored.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// The inputs could not be provided, or the build failed.
    #[error(transparent)]
    Build(#[from] FailedBuild),
    /// The image of the result could not be provided.
    #[error(transparent)]
    Image(#[from] FailedImage),
    /// A file could not be read for the comparison.
    #[error("could not read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// What was built differs from what was published.
    #[error("{}", difference(reproduction))]
    Different {
        /// What differs.
        reproduction: Box<Reproduction>,
        /// Where what was built is kept.
        kept: Option<PathBuf>,
    },
}

/// A toolchain image that is not the one of the result.
#[derive(Debug, Error)]
pub enum ImageError {
    /// It was built from a Dockerfile and is gone.
    #[error(
        "the result was built in image {image}, which is not on this engine and cannot be rebuilt: a Dockerfile does not give the same image twice"
    )]
    NotTwice {
        /// The image.
        image: String,
    },
    /// It was in an archive.
    #[error("the result was built in image {image} from an archive, and it is not on this engine")]
    NoArchive {
        /// Id of the image.
        image: String,
    },
    /// The engine has another image of that name, and none of the registries has the right one.
    #[error(transparent)]
    Replaced(ExecuteError),
    /// The image that was provided differs.
    #[error(
        "image {image} is not the one that the result was built in:{}",
        indented(differs_in)
    )]
    Different {
        /// The image.
        image: String,
        /// In what it differs, a line each.
        differs_in: Vec<String>,
    },
    /// The image could not be provided for a reason that another image might not have.
    #[error(transparent)]
    Unavailable(ExecuteError),
}

impl ImageError {
    /// Whether work failed, so that its log is worth keeping.
    pub(super) fn is_work(&self) -> bool {
        match self {
            Self::Unavailable(error) => !matches!(
                error,
                ExecuteError::ImageMoved { .. } | ExecuteError::Toolchain { .. }
            ),
            Self::NotTwice { .. }
            | Self::NoArchive { .. }
            | Self::Replaced(_)
            | Self::Different { .. } => false,
        }
    }
}

/// An image that could not be provided, and its log.
#[derive(Debug)]
pub struct FailedImage {
    /// Why.
    pub error: ImageError,
    /// What became of the log.
    pub log: FailureLog,
}

impl std::fmt::Display for FailedImage {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.error.fmt(formatter)
    }
}

impl std::error::Error for FailedImage {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error.source()
    }
}

impl From<ImageError> for ReproduceError {
    fn from(error: ImageError) -> Self {
        let log = FailureLog::None;
        FailedImage { error, log }.into()
    }
}

impl From<BuildError> for ReproduceError {
    fn from(error: BuildError) -> Self {
        Self::Build(error.into())
    }
}

fn difference(reproduction: &Reproduction) -> String {
    let differ = reproduction.files.iter().filter(|file| !file.equal);
    let names: Vec<_> = differ.map(|file| file.name.as_str()).collect();
    format!(
        "could not reproduce {}: {} of {} {}: {}",
        reproduction.folder,
        names.len(),
        number_of(reproduction.files.len(), "file"),
        if names.len() == 1 {
            "differs"
        } else {
            "differ"
        },
        names.join(", ")
    )
}
