//! How an engine can fail.

use std::time::Duration;

use thiserror::Error;

/// A failed operation of a container engine, with the thing it was done to.
#[derive(Debug, Error)]
pub enum EngineError {
    /// No engine answered at the address.
    #[error("no container engine answers at {address}")]
    Unreachable {
        /// The address, e.g. `unix:///var/run/docker.sock`.
        address: String,
        /// What the connection said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The engine went away in the middle of an operation.
    #[error("the container engine went away while it was to {operation}")]
    Lost {
        /// What was being done, e.g. `run step compile`.
        operation: String,
        /// What the connection said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Nothing moved for the allowed time.
    #[error("{what} stalled: nothing arrived for {}", humantime::format_duration(*limit))]
    Stalled {
        /// What stalled.
        what: String,
        /// The allowed time without a byte.
        limit: Duration,
    },
    /// The file system under the engine is full.
    #[error("the engine's disk is full: could not {operation}")]
    DiskFull {
        /// What was being done.
        operation: String,
        /// The engine's words.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// An image build ended with an error.
    #[error("the image {image} could not be built: {message}")]
    ImageBuild {
        /// Name of the image.
        image: String,
        /// The builder's last word.
        message: String,
    },
    /// The engine does not have the image.
    #[error("the engine has no image {image}")]
    NoImage {
        /// Name or id of the image.
        image: String,
    },
    /// There is no such file in the container.
    #[error("{path} is not in the container")]
    NotInContainer {
        /// The path.
        path: String,
    },
    /// Anything else that the engine refused.
    #[error("the engine could not {operation}")]
    Refused {
        /// What was being done, e.g. `pull golang:1.12-stretch`.
        operation: String,
        /// The engine's words.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
