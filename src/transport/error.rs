//! How a transport can fail.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use super::credentials::CredentialsError;
use super::digest::Digest;
use super::reference::ReferenceError;

/// A failed operation on a registry or on a layout. What a registry says is in it as harmless text.
#[derive(Debug, Error)]
pub enum TransportError {
    /// A text is not a reference.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// The credentials could not be read.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// The client for HTTP could not be made.
    #[error("could not set up a client for {registry}")]
    Client {
        /// The registry.
        registry: String,
        /// The library's error.
        #[source]
        source: reqwest::Error,
    },
    /// No connection, or it was lost.
    #[error("could not {operation}: no connection to {registry}")]
    Connection {
        /// What was being done, e.g. `push layer 0123456789ab`.
        operation: String,
        /// The registry.
        registry: String,
        /// The innermost error of the connection.
        #[source]
        source: io::Error,
    },
    /// No data arrived or left for the allowed time.
    #[error("could not {operation}: {registry} stalled, no data for {}", humantime::format_duration(*limit))]
    Stalled {
        /// What was being done.
        operation: String,
        /// The registry.
        registry: String,
        /// The allowed time without a byte.
        limit: Duration,
    },
    /// The registry wants credentials, or other ones.
    #[error("could not {operation}: {registry} {}", if *.had_credentials {
        "does not accept the credentials"
    } else {
        "requires credentials, and there are none"
    })]
    Unauthorized {
        /// What was being done.
        operation: String,
        /// The registry.
        registry: String,
        /// Whether there were credentials.
        had_credentials: bool,
    },
    /// The token server that the registry names cannot be used.
    #[error("could not {operation}: {registry} names a token server that cannot be used: {reason}")]
    TokenServer {
        /// What was being done.
        operation: String,
        /// The registry.
        registry: String,
        /// Why.
        reason: String,
    },
    /// The registry is busy or broken, and was each time that it was asked.
    #[error(
        "could not {operation}: {registry} answered {status} {attempts} times{}",
        quoted(message)
    )]
    Busy {
        /// What was being done.
        operation: String,
        /// The registry.
        registry: String,
        /// Status of HTTP.
        status: u16,
        /// How often it was asked.
        attempts: u32,
        /// What it said.
        message: String,
    },
    /// The registry wants to be asked again later than this tool waits.
    #[error("could not {operation}: {registry} answered {status} and asks to be tried again in {}", humantime::format_duration(*after))]
    Later {
        /// What was being done.
        operation: String,
        /// The registry.
        registry: String,
        /// Status of HTTP.
        status: u16,
        /// When, from now.
        after: Duration,
    },
    /// It is not there.
    #[error("{what} not found in {place}")]
    NotFound {
        /// What was wanted.
        what: String,
        /// The repository or layout.
        place: String,
    },
    /// The registry refused an operation for another reason.
    #[error(
        "could not {operation}: {registry} answered {status}{}",
        quoted(message)
    )]
    Refused {
        /// What was being done.
        operation: String,
        /// The registry.
        registry: String,
        /// Status of HTTP.
        status: u16,
        /// What it said.
        message: String,
    },
    /// An answer that no registry gives.
    #[error("could not {operation}: {registry} {reason}")]
    Answer {
        /// What was being done.
        operation: String,
        /// The registry.
        registry: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Something is larger than this tool reads.
    #[error("{what} in {place} is larger than {}", bytesize::ByteSize(*limit))]
    TooLarge {
        /// What it is.
        what: String,
        /// The repository or layout.
        place: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// Content has another digest than the one by which it was asked for.
    #[error("{place} gave other content for {expected}: its digest is {found}")]
    Digest {
        /// The repository or layout.
        place: String,
        /// The digest that it was asked for by.
        expected: Digest,
        /// The digest that it has.
        found: Digest,
    },
    /// Content has another size than its manifest says.
    #[error("{place} gave {found} bytes for {digest}, but its manifest says {expected}")]
    Size {
        /// The repository or layout.
        place: String,
        /// Its digest.
        digest: Digest,
        /// The size in the manifest.
        expected: u64,
        /// The size that it has, or as much of it as was read.
        found: u64,
    },
    /// A manifest is not valid.
    #[error("{what} in {place} is not a valid manifest or index")]
    Malformed {
        /// Which.
        what: String,
        /// The repository or layout.
        place: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// A manifest or index has more entries than this tool reads.
    #[error("{what} in {place} has more than {limit} entries")]
    TooMany {
        /// Which.
        what: String,
        /// The repository or layout.
        place: String,
        /// The limit.
        limit: usize,
    },
    /// An index has nothing for a platform.
    #[error("{reference} has nothing for {wanted}; it has {}", offered.join(", "))]
    NoPlatform {
        /// The image or artifact.
        reference: String,
        /// The platform.
        wanted: String,
        /// The platforms that it has.
        offered: Vec<String>,
    },
    /// Others move a tag faster than this run can add to it.
    #[error("could not add to {what} in {place}: others change it at the same time")]
    Contended {
        /// The tag.
        what: String,
        /// The repository.
        place: String,
    },
    /// A file of this machine could not be read.
    #[error("could not read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// A file of this machine could not be written.
    #[error("could not write {}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// What content was handed on to did not take it.
    #[error("could not hand on {digest}")]
    HandOn {
        /// The content.
        digest: Digest,
        /// The error of who was to take it.
        #[source]
        source: io::Error,
    },
    /// A directory is not in the form of an OCI image layout.
    #[error("{} is not an OCI image layout: {reason}", path.display())]
    NotALayout {
        /// The directory.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

fn quoted(message: &str) -> String {
    if message.is_empty() {
        String::new()
    } else {
        format!(": {message}")
    }
}

impl TransportError {
    /// Whether something was not there.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }

    /// Whether asking again gives the same: it is not there, or is not what its name says.
    pub fn is_final(&self) -> bool {
        matches!(
            self,
            Self::NotFound { .. }
                | Self::TooLarge { .. }
                | Self::Digest { .. }
                | Self::Size { .. }
                | Self::Malformed { .. }
                | Self::TooMany { .. }
        )
    }
}
