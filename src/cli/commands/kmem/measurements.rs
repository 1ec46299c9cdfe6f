//! The CSV lines that a watch writes as it measures.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::place::cannot_write;
use crate::failure::{Failure, FailureKind};
use crate::host::kmem::{Origin, Sample, samples_to_csv};

/// The lines of one watch.
pub(super) struct Csv {
    place: Place,
    origin: Origin,
}

/// Where the lines go.
enum Place {
    File { path: PathBuf, file: File },
    Printed,
    Nowhere,
}

impl Csv {
    /// Makes the file at `path`; without one, the lines are printed if `print` is set. They begin with `origin`.
    pub(super) fn new(path: Option<&Path>, print: bool, origin: Origin) -> Result<Self, Failure> {
        let place = match path {
            Some(path) => Place::make(path)?,
            None if print => Place::Printed,
            None => Place::Nowhere,
        };
        Ok(Self { place, origin })
    }

    /// Whether the lines are on standard output.
    pub(super) fn is_printed(&self) -> bool {
        matches!(self.place, Place::Printed)
    }

    /// Writes one line without buffering. Returns false when the reader went away.
    pub(super) fn add(&mut self, sample: &Sample, first: bool) -> Result<bool, Failure> {
        let origin = first.then_some(&self.origin);
        let line = samples_to_csv(std::slice::from_ref(sample), origin)
            .map_err(|error| Failure::new(FailureKind::Internal, error))?;
        match &mut self.place {
            Place::Nowhere => Ok(true),
            Place::File { path, file } => {
                file.write_all(line.as_bytes())
                    .map_err(|error| cannot_write(path, &error))?;
                Ok(true)
            }
            Place::Printed => {
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

impl Place {
    /// A new file.
    fn make(path: &Path) -> Result<Self, Failure> {
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
}
