//! Credentials that cannot be read.

use std::path::PathBuf;

use thiserror::Error;

/// The file or the variable with the registry credentials could not be read.
#[derive(Debug, Error)]
#[error("could not read the registry credentials in {}", path.display())]
pub struct CredentialsError {
    /// The file, or the name of the variable.
    pub path: PathBuf,
    /// Why; never holds a credential.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// What is wrong with the text.
#[derive(Debug, Error)]
#[error("{0}")]
pub(super) struct Malformation(pub(super) String);
