//! What came of asking a place whether it answers.

use std::io;
use std::time::Duration;

use thiserror::Error;

/// What came of asking one place.
#[derive(Debug)]
pub struct Probe {
    /// The answer, or how far it came.
    pub outcome: Result<Answer, ProbeError>,
    /// Time from the first look at its name to the head of its answer.
    pub milliseconds: u64,
    /// The proxy that was gone through, without a password.
    pub proxy: Option<String>,
}

/// An answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Over http.
    Http {
        /// The status.
        status: u16,
        /// By how many seconds this host was ahead of the server, where that told the time.
        ahead: Option<i64>,
    },
    /// A connection was taken, by the proxy where there is one; nothing was asked.
    Connected,
    /// A folder of this host.
    Folder,
}

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum ProbeError {
    /// There is no such name.
    #[error("the name {host} is not resolved")]
    Resolve {
        /// The host.
        host: String,
        /// The resolver's words.
        #[source]
        source: io::Error,
    },
    /// No connection could be made.
    #[error("{host} port {port} cannot be connected to")]
    Connect {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// The system's words.
        #[source]
        source: io::Error,
    },
    /// The connection came to nothing: TLS, a proxy that refuses, an answer that is none.
    #[error("connected, and no answer came: {reason}")]
    Answer {
        /// The innermost reason.
        reason: String,
    },
    /// The time was up.
    #[error("{stage} took longer than {}", humantime::format_duration(*limit))]
    TimedOut {
        /// What had been begun.
        stage: &'static str,
        /// The time for all of it.
        limit: Duration,
    },
    /// It is asked through a proxy of the engine's that wants a password.
    #[error("not asked: the engine does not tell its proxy's password")]
    HiddenPassword,
    /// The folder is not a repository.
    #[error("there is no repository in this folder")]
    NoRepository,
    /// Nothing could be asked.
    #[error("{reason}")]
    NotAsked {
        /// Why.
        reason: String,
    },
}
