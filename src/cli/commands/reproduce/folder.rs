//! Where a result is built again.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::artifacts::ArtifactError;
use crate::cli::commands::explain;
use crate::failure::{Failure, FailureKind};

/// An empty folder.
pub(super) enum Folder {
    /// The user's; what is built stays there.
    Kept(PathBuf),
    /// Gone when this is dropped.
    Temporary(TempDir),
}

impl Folder {
    /// The folder `output`, which must be empty or not there; or else a temporary one.
    pub(super) fn open(output: Option<&Path>) -> Result<Self, Failure> {
        let unwritable = |path: &Path, source: io::Error| {
            let path = path.to_path_buf();
            explain::artifact(ArtifactError::Unwritable { path, source })
        };
        let Some(output) = output else {
            let prefix = "kmembuild-reproduce-";
            let made = tempfile::Builder::new().prefix(prefix).tempdir();
            let made = made.map_err(|source| unwritable(&std::env::temp_dir(), source))?;
            return Ok(Self::Temporary(made));
        };
        fs::create_dir_all(output).map_err(|source| unwritable(output, source))?;
        let mut entries = fs::read_dir(output).map_err(|source| unwritable(output, source))?;
        if entries.next().is_some() {
            let text = format!("{} is not empty, and stays as it is", output.display());
            let failure = Failure::new(FailureKind::Output, text);
            return Err(failure.hint("name another folder with --output"));
        }
        Ok(Self::Kept(output.to_path_buf()))
    }

    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Kept(path) => path,
            Self::Temporary(folder) => folder.path(),
        }
    }

    /// The folder, which now stays whatever it was.
    pub(super) fn keep(self) -> PathBuf {
        match self {
            Self::Kept(path) => path,
            Self::Temporary(folder) => folder.keep(),
        }
    }
}
