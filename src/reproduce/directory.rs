//! Where a result is built again.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::error::ReproduceError;
use crate::artifacts::ArtifactError;

/// An empty directory.
pub(super) enum Directory {
    /// The user's; what is built stays there.
    Kept(PathBuf),
    /// Gone when this is dropped.
    Temporary(TempDir),
}

impl Directory {
    /// The directory `output`, which must be empty or missing; or else a temporary one.
    pub(super) fn open(output: Option<&Path>) -> Result<Self, ReproduceError> {
        let Some(output) = output else {
            let prefix = "kmembuild-reproduce-";
            let made = tempfile::Builder::new().prefix(prefix).tempdir();
            let made = made.map_err(ArtifactError::unwritable(&std::env::temp_dir()))?;
            return Ok(Self::Temporary(made));
        };
        fs::create_dir_all(output).map_err(ArtifactError::unwritable(output))?;
        let mut entries = fs::read_dir(output).map_err(ArtifactError::unwritable(output))?;
        if entries.next().is_some() {
            let directory = output.to_path_buf();
            return Err(ReproduceError::NotEmpty { directory });
        }
        Ok(Self::Kept(output.to_path_buf()))
    }

    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Kept(path) => path,
            Self::Temporary(directory) => directory.path(),
        }
    }

    /// The directory, which now stays whatever it was.
    pub(super) fn keep(self) -> PathBuf {
        match self {
            Self::Kept(path) => path,
            Self::Temporary(directory) => directory.keep(),
        }
    }
}
