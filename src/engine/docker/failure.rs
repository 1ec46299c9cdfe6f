//! From bollard's errors to the contract's.

use std::error::Error as StdError;
use std::io;

use bollard::errors::Error;
use thiserror::Error as ThisError;

/// What somebody said, kept as the source of an error.
#[derive(Debug, ThisError)]
#[error("{0}")]
pub(super) struct Words(pub String);

/// A container that is no longer there to be worked in.
#[derive(Debug, ThisError)]
pub(super) enum ContainerEnded {
    /// It stopped.
    #[error("its container is no longer running; it ended with exit code {code}")]
    Stopped {
        /// Exit code of the container's main process.
        code: i64,
    },
    /// It was removed.
    #[error("its container is no longer there")]
    Removed,
}

/// The HTTP status the engine answered with, if it answered.
pub(super) fn status(error: &Error) -> Option<u16> {
    match error {
        Error::DockerResponseServerError { status_code, .. } => Some(*status_code),
        _ => None,
    }
}

/// Whether the engine's own words say that its disk is full.
pub(super) fn says_disk_full(message: &str) -> bool {
    message
        .to_ascii_lowercase()
        .contains("no space left on device")
}

/// Whether the engine's own words say that the container is not there.
pub(super) fn says_no_container(message: &str) -> bool {
    message.to_ascii_lowercase().contains("no such container")
}

/// Whether the engine's own words say that a path of its host is missing which a container is to have.
pub(super) fn says_no_source(error: &Error) -> bool {
    matches!(error, Error::DockerResponseServerError { message, .. }
        if message.contains("bind source path does not exist"))
}

/// The operating system's error at the bottom of `error`, if there is one.
pub(super) fn system_error(error: &(dyn StdError + 'static)) -> Option<io::Error> {
    chain(error)
        .filter_map(|error| error.downcast_ref::<io::Error>())
        .filter_map(io::Error::raw_os_error)
        .last()
        .map(io::Error::from_raw_os_error)
}

/// The innermost words of `error`: bollard and hyper wrap without adding anything a person could use.
pub(super) fn words_of(error: Error) -> Box<dyn StdError + Send + Sync> {
    match error {
        Error::DockerResponseServerError { message, .. } if !message.is_empty() => {
            Box::new(Words(message.trim_end().to_owned()))
        }
        Error::DockerStreamError { error } => Box::new(Words(error)),
        Error::HyperLegacyError { .. }
        | Error::HyperResponseError { .. }
        | Error::IOError { .. } => {
            let innermost = chain(&error).last().map(ToString::to_string);
            Box::new(Words(innermost.unwrap_or_default()))
        }
        other => Box::new(other),
    }
}

fn chain<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let error = next?;
        next = error.source();
        Some(error)
    })
}
