//! How reading a file can fail.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// A file that could not be read. A strange file is not an error: that is a finding.
#[derive(Debug, Error)]
pub enum VerifyError {
    /// The file could not be opened.
    #[error("{} cannot be opened", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The path leads to something that has no end or no content of its own.
    #[error("{} is {kind}, not a regular file", path.display())]
    NotARegularFile {
        /// The path.
        path: PathBuf,
        /// What it is instead, e.g. `a directory`.
        kind: &'static str,
    },
    /// The file could not be read to its end.
    #[error("{} cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Someone wrote to the file meanwhile: what was found would be about no file that ever was.
    #[error(
        "{} changed while it was read: {before} bytes when it was opened, {after} when it was read",
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
