//! How making attestations can fail.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// A list of vendored components that is not in the form it should be in.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{file}, line {line}: {problem}")]
pub struct VendoredError {
    /// Which kind of list, by its usual path.
    pub file: &'static str,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: String,
}

/// A result that nothing can be said about.
#[derive(Debug, Error)]
pub enum AttestError {
    /// A published file cannot be read.
    #[error("{} cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A published file is not the one of the manifest.
    #[error("{} has the sha256 {found}, the manifest says {expected}", path.display())]
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
    /// The file cannot be read.
    #[error("the key file {} cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It is something else than the key that is needed.
    #[error("{} is not {wanted} but {found}", path.display())]
    Other {
        /// The file.
        path: PathBuf,
        /// What is needed.
        wanted: &'static str,
        /// What it is.
        found: String,
        /// What to do.
        remedy: String,
    },
    /// It is of the right kind and damaged.
    #[error("the key in {} is damaged: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

impl KeyError {
    /// What the user can do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::Unreadable { .. } => "name a PEM file that you may read".to_owned(),
            Self::Other { remedy, .. } => remedy.clone(),
            Self::Damaged { .. } => {
                "take the file from a backup; `openssl pkey -in FILE -noout` tells whether it is whole"
                    .to_owned()
            }
        }
    }
}
