//! How a shared cache cannot be used.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use crate::attestation::{KeyError, SignatureError};
use crate::transport::TransportError;

/// A shared cache that may not be used as it was asked for.
#[derive(Debug, Error)]
pub enum UnusableCache {
    /// Nobody says whose results are taken.
    #[error(
        "results of the shared cache {place} are taken only when they are signed by a key that you trust, and none was named"
    )]
    NoKey {
        /// The cache.
        place: String,
    },
    /// Nothing is signed.
    #[error(
        "what goes into the shared cache {place} has to be signed, and no signing key was given"
    )]
    NoSigningKey {
        /// The cache.
        place: String,
    },
    /// A key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// What is wrong with an entry of a shared cache, or with the cache. It ends no build.
#[derive(Debug, Error)]
pub enum SharedCacheError {
    /// The registry or layout failed, or gave something else than it was asked for.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The artifact has no statement.
    #[error("{tag} has no signed statement")]
    NoStatement {
        /// Its tag.
        tag: String,
    },
    /// The statement cannot be read.
    #[error("its signed statement is not in a form that this version of kmembuild writes")]
    Malformed(#[source] serde_json::Error),
    /// The statement is not signed by the key.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The statement is about something else.
    #[error("it is signed as {found}, not as {wanted}")]
    OtherStatement {
        /// What was asked for.
        wanted: String,
        /// What it is about, as harmless text.
        found: String,
    },
    /// The statement has a value that this tool never writes.
    #[error("its signed statement has {problem}")]
    Value {
        /// The value, as harmless text.
        problem: String,
    },
    /// It did not end, although something moved all the time.
    #[error("it was not done within {}", humantime::format_duration(*limit))]
    TooSlow {
        /// How long it was waited for.
        limit: Duration,
    },
    /// A file of it could not be put on the disk.
    #[error("could not write {}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: io::Error,
    },
}

impl SharedCacheError {
    /// Whether the entry is at fault, and not the place: other entries may be well.
    pub(super) fn is_of_the_entry(&self) -> bool {
        match self {
            Self::Transport(error) => matches!(
                error,
                TransportError::NotFound { .. }
                    | TransportError::TooLarge { .. }
                    | TransportError::TooMany { .. }
                    | TransportError::Digest { .. }
                    | TransportError::Size { .. }
                    | TransportError::Malformed { .. }
                    | TransportError::Unwritable { .. }
            ),
            Self::TooSlow { .. } => false,
            Self::NoStatement { .. }
            | Self::Malformed(_)
            | Self::Signature(_)
            | Self::OtherStatement { .. }
            | Self::Value { .. }
            | Self::Unwritable { .. } => true,
        }
    }
}
