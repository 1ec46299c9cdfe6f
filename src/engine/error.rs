//! How an engine can fail.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use super::guest_path::GuestPath;
use super::image::ImageContent;

/// A failed operation of a container engine, with the thing it was done to.
#[derive(Debug, Error)]
pub enum EngineError {
    /// The address of the engine cannot be used as it is written.
    #[error("the engine address {address} cannot be used")]
    InvalidAddress {
        /// The address as given.
        address: String,
        /// What is wrong with it.
        #[source]
        source: AddressProblem,
    },
    /// No engine answered at the address.
    #[error("no container engine answers at {address}")]
    Unreachable {
        /// The address, e.g. `unix:///var/run/docker.sock`.
        address: String,
        /// How the connection failed; each kind has its own remedy.
        #[source]
        source: ConnectFailure,
    },
    /// The engine's configuration file with the registries' credentials could not be read.
    #[error("the registry credentials in {} could not be read", path.display())]
    Credentials {
        /// The file.
        path: PathBuf,
        /// Why; never holds a credential.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The engine, or the container that was being worked in, went away in the middle of an operation.
    #[error("the container engine or its container went away while it was to {operation}")]
    Lost {
        /// What was being done, e.g. `run step compile`.
        operation: String,
        /// What the connection said, or how the container ended.
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
    /// What was to be sent to the engine could not be read on this side.
    #[error("could not {operation}: what was to be sent could not be read")]
    Unreadable {
        /// What was being done, e.g. `upload to /src`.
        operation: String,
        /// The error of the stream that was being sent.
        #[source]
        source: io::Error,
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
    /// A container that drives the engine cannot have the engine's socket.
    #[error("the engine has no socket at {socket} on its host")]
    NoSocket {
        /// Path of the socket on the engine's host.
        socket: String,
    },
    /// A registry has another image by that reference.
    #[error("{reference} does not have the expected content")]
    OtherContent {
        /// The reference.
        reference: String,
        /// The content that it has.
        found: ImageContent,
    },
    /// There is no such file in the session.
    #[error("{path} does not exist in the container")]
    NotInSession {
        /// The path.
        path: GuestPath,
    },
    /// A container holds on to what was to be removed.
    #[error("{what} is in use")]
    InUse {
        /// What was to be removed, e.g. `volume kmembuild-runc-go-build-0123456789ab`.
        what: String,
        /// The engine's words, which name the container.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
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

/// What is wrong with an engine's address.
#[derive(Debug, Error)]
pub enum AddressProblem {
    /// The scheme is missing or unknown.
    #[error("it must begin with unix://, tcp:// or ssh://")]
    Scheme,
    /// `unix://` without an absolute path.
    #[error("unix:// must be followed by the absolute path of a socket")]
    SocketPath,
    /// There is no host in it.
    #[error("it names no host")]
    NoHost,
    /// Something follows the host and port.
    #[error("nothing may follow the host and port")]
    TrailingPath,
    /// A port after an `ssh://` host.
    #[error(
        "a port does not work with ssh://; give the host a Host entry with a Port in the SSH configuration"
    )]
    SshPort,
    /// TLS is wanted and there is no folder with certificates.
    #[error("TLS needs a folder with ca.pem, cert.pem and key.pem")]
    NoCertificates,
    /// The certificates could not be used.
    #[error("the certificates in {} cannot be used", folder.display())]
    Certificates {
        /// The folder with `ca.pem`, `cert.pem` and `key.pem`.
        folder: PathBuf,
        /// Which of them, and why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The host is not a host's name.
    #[error("the host in it is malformed")]
    Malformed {
        /// What the parser said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// How the connection to an engine failed.
#[derive(Debug, Error)]
pub enum ConnectFailure {
    /// There is no such socket: the engine is not installed or not running.
    #[error("there is no such socket")]
    NoSocket {
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// The socket is there and this user may not use it.
    #[error("this user may not use it")]
    PermissionDenied {
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// Nobody listens at the address.
    #[error("nobody listens there")]
    ConnectionRefused {
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// Somebody listens and does not answer.
    #[error("there was no answer within {}", humantime::format_duration(*limit))]
    Silent {
        /// How long an answer was waited for.
        limit: Duration,
    },
    /// Something answered that is not a container engine.
    #[error("what answers there is not a container engine")]
    NotAnEngine {
        /// What was wrong with the answer.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The connection failed in another way: name resolution, TLS, SSH.
    #[error("the connection failed")]
    Connection {
        /// What the connection said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
