//! Errors of reading a file.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// A file that could not be read. A file with unexpected content is not an error but a finding.
#[derive(Debug, Error)]
pub enum VerifyError {
    /// The file could not be opened.
    #[error("could not open {}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The path is not a regular file, so it may have no end or no content.
    #[error("{} is {kind}, not a regular file", path.display())]
    NotARegularFile {
        /// The path.
        path: PathBuf,
        /// What it is instead, e.g. `a directory`.
        kind: &'static str,
    },
    /// The file could not be read to its end.
    #[error("could not read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file was written to while it was read, so the findings would describe no file that ever existed.
    #[error(
        "{} changed while it was read: it had {before} bytes when opened, and {after} bytes were read",
        path.display()
    )]
    Changed {
        /// The file.
        path: PathBuf,
        /// Size in bytes when it was opened.
        before: u64,
        /// Bytes read up to its end.
        after: u64,
    },
}
