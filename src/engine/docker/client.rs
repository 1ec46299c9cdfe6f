//! The connection, and what a failed request means.

use std::time::Duration;

use bollard::Docker;
use bollard::errors::Error;

use super::failure::{Message, message_of, says_disk_full, says_no_container, status};
use crate::engine::EngineError;

/// One connection with two time limits.
#[derive(Debug, Clone)]
pub(super) struct Client {
    /// For requests that an engine answers immediately.
    pub docker: Docker,
    /// For requests that are answered when the work is done, without a time limit. bollard's timeout ends with the head of the
    /// answer, and the engine sends that only after an upload is unpacked, a context received or a tree removed.
    pub patient: Docker,
}

impl Client {
    pub(super) fn new(docker: Docker) -> Self {
        let patient = docker.clone().with_timeout(Duration::MAX);
        Self { docker, patient }
    }

    /// The error of a request that failed. `operation` completes "could not ...".
    pub(super) fn failed(&self, operation: &str, error: Error) -> EngineError {
        let operation = operation.to_owned();
        match error {
            Error::DockerResponseServerError { ref message, .. }
            | Error::DockerStreamError { error: ref message }
                if says_disk_full(message) =>
            {
                EngineError::DiskFull {
                    operation,
                    source: message_of(error),
                }
            }
            Error::DockerResponseServerError { ref message, .. }
                if status(&error) == Some(404) && says_no_container(message) =>
            {
                EngineError::Lost {
                    operation,
                    source: message_of(error),
                }
            }
            Error::HyperLegacyError { .. }
            | Error::HyperResponseError { .. }
            | Error::IOError { .. } => EngineError::Lost {
                operation,
                source: message_of(error),
            },
            Error::RequestTimeoutError => EngineError::Stalled {
                what: format!("the engine's answer to the request to {operation}"),
                limit: self.docker.timeout(),
            },
            error => EngineError::Refused {
                operation,
                source: message_of(error),
            },
        }
    }

    /// The error of an answer that lacks something required.
    pub(super) fn incomplete(operation: &str, missing: &str) -> EngineError {
        EngineError::Refused {
            operation: operation.to_owned(),
            source: Box::new(Message(format!("the answer has no {missing}"))),
        }
    }
}
