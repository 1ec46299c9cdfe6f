//! Errors of making attestations.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// A list of vendored components in an invalid form.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{file}, line {line}: {problem}")]
pub struct VendoredError {
    /// The usual path of such a list.
    pub file: &'static str,
    /// The line, from 1.
    pub line: usize,
    /// The problem.
    pub problem: String,
}

/// A result that cannot be attested.
#[derive(Debug, Error)]
pub enum AttestError {
    /// A published file could not be read.
    #[error("could not read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A published file does not match the manifest.
    #[error("{} does not match the manifest: its sha256 is {found}, but {expected} was recorded", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
        /// Sha256 in the manifest.
        expected: String,
        /// Sha256 of the file.
        found: String,
    },
}

/// A key that cannot be used.
#[derive(Debug, Error)]
pub enum KeyError {
    /// The file could not be read.
    #[error("could not read the key file {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file contains something other than the required key.
    #[error("{} is {found}, not {wanted}", path.display())]
    Other {
        /// The file.
        path: PathBuf,
        /// What is required.
        wanted: &'static str,
        /// What it is instead.
        found: String,
        /// What to do.
        remedy: String,
    },
    /// Others than its owner can write to the file.
    #[error("other users can write to the key file {} (mode {mode:04o}): the key may be somebody else's", path.display())]
    Writable {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file contains such a key, but it is damaged.
    #[error("the key in {} is damaged: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The problem.
        reason: String,
    },
}

impl KeyError {
    /// What the user can do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::Unreadable { .. } => "use a PEM file that you may read".to_owned(),
            Self::Other { remedy, .. } => remedy.clone(),
            Self::Writable { path, .. } => format!(
                "make sure that it is your key (`kmembuild public-key {0}`), then `chmod 600 {0}`",
                path.display()
            ),
            Self::Damaged { .. } => {
                "restore the file from a backup; use `openssl pkey -in FILE -noout` to check it"
                    .to_owned()
            }
        }
    }
}
