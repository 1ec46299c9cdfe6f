//! From bollard's errors to those of the contract.

use std::error::Error as StdError;
use std::io;

use bollard::errors::Error;
use thiserror::Error as ThisError;

/// A message of another program, kept as the source of an error.
#[derive(Debug, ThisError)]
#[error("{0}")]
pub(super) struct Message(pub String);

/// How a container in use ended.
#[derive(Debug, ThisError)]
pub(super) enum ContainerEnded {
    /// It stopped.
    #[error("the container stopped with exit code {code}")]
    Stopped {
        /// Exit code of the container's main process.
        code: i64,
    },
    /// It was removed.
    #[error("the container was removed")]
    Removed,
}

/// Whether a container is in a state of podman's that Docker does not have, and the client does not know: it has ended, and
/// podman has not yet looked after it.
pub(super) fn is_between(error: &Error) -> bool {
    matches!(error, Error::JsonDataError { message, .. } if message.contains("unknown variant `stopped`"))
}

/// The HTTP status the engine answered with, if it answered.
pub(super) fn status(error: &Error) -> Option<u16> {
    match error {
        Error::DockerResponseServerError { status_code, .. } => Some(*status_code),
        _ => None,
    }
}

/// Whether the engine's message means that its disk is full.
pub(super) fn says_disk_full(message: &str) -> bool {
    message
        .to_ascii_lowercase()
        .contains("no space left on device")
}

/// Whether the engine's message means that the container does not exist.
pub(super) fn says_no_container(message: &str) -> bool {
    message.to_ascii_lowercase().contains("no such container")
}

/// Whether the engine's message means that a path of its host, which a container is to have, does not exist.
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

/// The innermost message of `error`: what bollard and hyper wrap around it is of no use to people.
pub(super) fn message_of(error: Error) -> Box<dyn StdError + Send + Sync> {
    match error {
        Error::DockerResponseServerError { message, .. } if !message.is_empty() => {
            Box::new(Message(message.trim_end().to_owned()))
        }
        Error::DockerStreamError { error } => Box::new(Message(error)),
        Error::HyperLegacyError { .. }
        | Error::HyperResponseError { .. }
        | Error::IOError { .. } => {
            let innermost = chain(&error).last().map(ToString::to_string);
            Box::new(Message(innermost.unwrap_or_default()))
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
