//! The result of asking a place.

use std::io;
use std::time::Duration;

use thiserror::Error;

/// The result of asking one place.
#[derive(Debug)]
pub struct Probe {
    /// The answer, or why there is none.
    pub outcome: Result<Answer, ProbeError>,
    /// The time from resolving the name to the end of the answer's head.
    pub milliseconds: u64,
    /// The proxy that was used, without a password.
    pub proxy: Option<String>,
    /// The last redirect of its answers.
    pub redirect: Option<Redirect>,
}

/// An answer that named another address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redirect {
    /// The address was asked: it is on the same host, or uses https.
    Followed(String),
    /// The address was not asked: anybody on the way could have named it, or one on an internal network.
    Refused(String),
}

impl Probe {
    /// By how many seconds this host's clock is ahead of the server's, if the server sent its time.
    pub fn ahead(&self) -> Option<i64> {
        match self.outcome {
            Ok(Answer::Http { ahead, .. }) => ahead,
            _ => None,
        }
    }
}

/// An answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// By HTTP.
    Http {
        /// The status code.
        status: u16,
        /// By how many seconds this host's clock is ahead of the server's, if the server sent its time.
        ahead: Option<i64>,
    },
    /// The place, or the proxy for it, accepted a connection; no request was sent.
    Connected,
    /// By git's own protocol: it lists its references.
    Listed,
    /// A directory of this host.
    Folder,
}

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum ProbeError {
    /// The name could not be resolved.
    #[error("could not resolve the name {host}")]
    Resolve {
        /// The host.
        host: String,
        /// What the resolver said.
        #[source]
        source: io::Error,
    },
    /// The connection failed.
    #[error("could not connect to {host} port {port}")]
    Connect {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The connection was made, but TLS failed, a proxy refused, or the answer was invalid.
    #[error("connected, but got no answer: {reason}")]
    Answer {
        /// The innermost reason.
        reason: String,
    },
    /// There was no answer in time.
    #[error("{stage} took longer than {}", humantime::format_duration(*limit))]
    TimedOut {
        /// What was in progress.
        stage: &'static str,
        /// The time limit for everything.
        limit: Duration,
    },
    /// The engine's proxy requires a password, which is not known here.
    #[error("not asked: the engine does not reveal its proxy's password")]
    HiddenPassword,
    /// The directory is not a repository.
    #[error("there is no repository in this directory")]
    NoRepository,
    /// The place could not be asked.
    #[error("{reason}")]
    NotAsked {
        /// Why.
        reason: String,
    },
}
