//! How an engine can fail.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use super::cluster_error::ClusterError;
use super::guest_path::GuestPath;
use super::image::ImageContent;
use crate::transport::TransportError;

/// A failed operation of an engine, with what it was applied to.
#[derive(Debug, Error)]
pub enum EngineError {
    /// The address of the engine is not valid.
    #[error("invalid engine address {address}")]
    InvalidAddress {
        /// The address as given.
        address: String,
        /// What is wrong with it.
        #[source]
        source: AddressProblem,
    },
    /// The docker command's context in use cannot be used.
    #[error("could not use the docker context {name:?}")]
    Context {
        /// Its name.
        name: String,
        /// What is wrong with it.
        #[source]
        source: ContextProblem,
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
    /// The file with the registry credentials could not be read.
    #[error("could not read the registry credentials in {}", path.display())]
    Credentials {
        /// The file.
        path: PathBuf,
        /// Why; never holds a credential.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The engine, or the container in use, went away during an operation.
    #[error("lost the container engine or its container while trying to {operation}")]
    Lost {
        /// What was being done, e.g. `run step compile`.
        operation: String,
        /// The connection's error, or how the container ended.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No data arrived for the allowed time.
    #[error("{what} stalled: no data for {}", humantime::format_duration(*limit))]
    Stalled {
        /// What stalled.
        what: String,
        /// The allowed time without a byte.
        limit: Duration,
    },
    /// The data to send to the engine could not be read.
    #[error("could not {operation}: could not read the data to send")]
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
        /// The engine's message.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// An image build ended with an error.
    #[error("could not build image {image}: {message}")]
    ImageBuild {
        /// Name of the image.
        image: String,
        /// The builder's last message.
        message: String,
    },
    /// The engine does not have the image.
    #[error("image {image} not found on the engine")]
    NoImage {
        /// Name or id of the image.
        image: String,
    },
    /// The engine's socket, which a session is to have, does not exist.
    #[error("socket {socket} not found on the engine's host")]
    NoSocket {
        /// Path of the socket on the engine's host.
        socket: String,
    },
    /// The files that the image has in the working directory could not be removed, and would be compiled too.
    #[error("could not remove the image's own files in {path}: find ended with exit code {code}")]
    NotEmptied {
        /// The working directory.
        path: String,
        /// The exit code of `find`.
        code: i64,
    },
    /// The image of a registry is not the expected one.
    #[error("image {reference} does not have the expected content")]
    OtherContent {
        /// The reference.
        reference: String,
        /// The content that it has.
        found: ImageContent,
    },
    /// A file does not exist in the session.
    #[error("{path} not found in the container")]
    NotInSession {
        /// The path.
        path: GuestPath,
    },
    /// A container uses what was to be removed.
    #[error("{what} is in use")]
    InUse {
        /// What was to be removed, e.g. `volume kmembuild-runc-go-build-0123456789ab`.
        what: String,
        /// The engine's message, which names the container.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The engine has one image, the file system that the tool runs in, and was asked for another one.
    #[error("image {image} cannot be had: the local engine has only the container that it runs in")]
    OneImage {
        /// Name of the image.
        image: String,
    },
    /// A directory that a build needs for itself has something in it.
    #[error("{} is where the steps work, but it is not empty, and what is in it would be removed", path.display())]
    InTheWay {
        /// The directory.
        path: PathBuf,
    },
    /// A directory that a build needs could not be made, read or removed.
    #[error("could not use {}, which the steps need", path.display())]
    NoDirectory {
        /// The directory.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// Steps cannot be run in the file system that the tool runs in.
    #[error("the local engine does not work here: could not {what}")]
    NotHere {
        /// What it needs.
        what: &'static str,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// There is no OCI runtime.
    #[error("no OCI runtime found: none of crun, runc and youki is on PATH")]
    NoRuntime,
    /// An OCI runtime does not work.
    #[error("the OCI runtime {} does not work", path.display())]
    RuntimeFails {
        /// The program.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The programs that give a user's namespace its ids are missing.
    #[error(
        "the runtime engine requires newuidmap and newgidmap to be used by another user than root"
    )]
    NoIdMappers,
    /// A user has too few ids for namespaces.
    #[error(
        "user {user} has {found} subordinate ids in {file}; the runtime engine requires 65534 to be used by another user than root"
    )]
    NoSubordinateIds {
        /// The user.
        user: String,
        /// Where the ids of users are.
        file: &'static str,
        /// How many this one has.
        found: u64,
        /// The first id after all that are given to somebody.
        first: u64,
        /// The last of as many as are usually given.
        last: u64,
    },
    /// A user may not make a user namespace.
    #[error("the runtime engine does not work here: could not make a user namespace")]
    NoUserNamespace {
        /// What the kernel or the programs for it said.
        #[source]
        source: io::Error,
    },
    /// The runtime engine cannot run containers here.
    #[error("the runtime engine does not work here: could not {what}")]
    RuntimeNotHere {
        /// What it needs.
        what: &'static str,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// An image could not be pulled by the tool itself.
    #[error("could not pull {reference}")]
    Pull {
        /// The reference.
        reference: String,
        /// What the registry or the connection brought.
        #[source]
        source: Box<TransportError>,
    },
    /// The engine builds no images.
    #[error("image {image} cannot be built: the runtime engine builds no images by a Dockerfile")]
    NoImageBuild {
        /// Name of the image.
        image: String,
    },
    /// No engine was chosen, and none works.
    #[error("no engine works here:\n  docker: {}\n  runtime: {runtime}\n  local: {local}", crate::failure::with_causes(docker.as_ref()))]
    NoneWorks {
        /// Why Docker, or what has its API, does not.
        docker: Box<EngineError>,
        /// Why the runtime engine does not.
        runtime: String,
        /// Why the local engine does not.
        local: String,
    },
    /// A cluster did not do its work.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// The engine refused an operation for another reason.
    #[error("the engine could not {operation}")]
    Refused {
        /// What was being done, e.g. `pull golang:1.12-stretch`.
        operation: String,
        /// The engine's message.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// What is wrong with a context of the docker command.
#[derive(Debug, Error)]
pub enum ContextProblem {
    /// Its description is missing, or is not one.
    #[error("could not read {}", path.display())]
    Unreadable {
        /// The description.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It names no engine.
    #[error("it has no docker engine")]
    NoEngine,
    /// It accepts any certificate of the engine.
    #[error("it skips the verification of the engine's certificate, which kmembuild does not do")]
    SkipsVerification,
}

/// What is wrong with an engine's address.
#[derive(Debug, Error)]
pub enum AddressProblem {
    /// The scheme is missing or unsupported.
    #[error("it must begin with unix://, tcp:// or ssh://")]
    Scheme,
    /// `unix://` without an absolute path.
    #[error("unix:// must be followed by the absolute path of a socket")]
    SocketPath,
    /// The host is missing.
    #[error("the host is missing")]
    NoHost,
    /// Something follows the host and port.
    #[error("nothing may follow the host and port")]
    TrailingPath,
    /// A port after an `ssh://` host.
    #[error("a port is unsupported with ssh://; set Port for the host in the SSH configuration")]
    SshPort,
    /// TLS is on, but no directory with certificates is given.
    #[error("TLS requires a directory with ca.pem, cert.pem and key.pem")]
    NoCertificates,
    /// The certificates could not be used.
    #[error("could not use the certificates in {}", folder.display())]
    Certificates {
        /// The directory with `ca.pem`, `cert.pem` and `key.pem`.
        folder: PathBuf,
        /// Which of them, and why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The host is not a valid host name.
    #[error("the host is malformed")]
    Malformed {
        /// The parser's error.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// How the connection to an engine failed.
#[derive(Debug, Error)]
pub enum ConnectFailure {
    /// The socket does not exist: the engine is not installed or not running.
    #[error("the socket does not exist")]
    NoSocket {
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// The socket exists, but this user may not use it.
    #[error("this user may not use the socket")]
    PermissionDenied {
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// Nothing listens at the address.
    #[error("nothing is listening there")]
    ConnectionRefused {
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// Something listens, but does not answer.
    #[error("no answer within {}", humantime::format_duration(*limit))]
    Silent {
        /// How long the tool waited for an answer.
        limit: Duration,
    },
    /// What answered is not a container engine.
    #[error("the server there is not a container engine")]
    NotAnEngine {
        /// What was wrong with the answer.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The connection failed in another way: name resolution, TLS, SSH.
    #[error("the connection failed")]
    Connection {
        /// The connection's error.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
