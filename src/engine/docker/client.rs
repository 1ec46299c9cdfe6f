//! The connection, and what a failed request means.

use std::time::Duration;

use bollard::Docker;
use bollard::errors::Error;

use super::failure::{Words, says_disk_full, says_no_container, status, words_of};
use crate::engine::EngineError;

/// Two views of one connection, which differ in how long they wait for an answer.
#[derive(Debug, Clone)]
pub(super) struct Client {
    /// For requests that an engine answers at once.
    pub docker: Docker,
    /// For requests whose answer comes when the work is done. bollard's timeout runs until the head of the answer
    /// is there, and the engine sends that only after an upload is unpacked, a context received, a tree removed.
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
                    source: words_of(error),
                }
            }
            Error::DockerResponseServerError { ref message, .. }
                if status(&error) == Some(404) && says_no_container(message) =>
            {
                EngineError::Lost {
                    operation,
                    source: words_of(error),
                }
            }
            Error::HyperLegacyError { .. }
            | Error::HyperResponseError { .. }
            | Error::IOError { .. } => EngineError::Lost {
                operation,
                source: words_of(error),
            },
            Error::RequestTimeoutError => EngineError::Stalled {
                what: format!("the engine's answer to {operation}"),
                limit: self.docker.timeout(),
            },
            error => EngineError::Refused {
                operation,
                source: words_of(error),
            },
        }
    }

    /// The error of an answer that came and lacks what it should have held.
    pub(super) fn incomplete(operation: &str, missing: &str) -> EngineError {
        EngineError::Refused {
            operation: operation.to_owned(),
            source: Box::new(Words(format!("its answer has no {missing}"))),
        }
    }
}
