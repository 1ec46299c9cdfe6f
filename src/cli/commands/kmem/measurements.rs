//! The CSV lines that a watch writes as it measures.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::failure::{Failure, FailureKind};
use crate::host::kmem::{Sample, samples_to_csv};

/// Where the lines go.
pub(super) enum Csv {
    File { path: PathBuf, file: File },
    Printed,
    Nowhere,
}

impl Csv {
    /// Makes the file at `path`; without one, the lines are printed if `print` is set.
    pub(super) fn new(path: Option<&Path>, print: bool) -> Result<Self, Failure> {
        let Some(path) = path else {
            return Ok(if print { Self::Printed } else { Self::Nowhere });
        };
        // Measurements cannot be repeated, so no file is overwritten.
        let file = File::create_new(path).map_err(|error| {
            let failure = cannot_write(path, &error);
            if error.kind() == io::ErrorKind::AlreadyExists {
                failure.hint("use another file, or move this one away")
            } else {
                failure
            }
        })?;
        let path = path.to_owned();
        Ok(Self::File { path, file })
    }

    /// Writes one line without buffering. Returns false when the reader went away.
    pub(super) fn add(&mut self, sample: &Sample, first: bool) -> Result<bool, Failure> {
        let line = samples_to_csv(std::slice::from_ref(sample), first)
            .map_err(|error| Failure::new(FailureKind::Internal, error))?;
        match self {
            Self::Nowhere => Ok(true),
            Self::File { path, file } => {
                file.write_all(line.as_bytes())
                    .map_err(|error| cannot_write(path, &error))?;
                Ok(true)
            }
            Self::Printed => {
                let mut stdout = io::stdout().lock();
                match stdout
                    .write_all(line.as_bytes())
                    .and_then(|()| stdout.flush())
                {
                    Ok(()) => Ok(true),
                    Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
                    Err(error) => Err(cannot_write(Path::new("standard output"), &error)),
                }
            }
        }
    }
}

pub(super) fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    let text = format!("could not write {}: {error}", path.display());
    Failure::new(FailureKind::Output, text)
}
