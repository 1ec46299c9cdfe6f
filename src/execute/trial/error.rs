//! How a trial can fail.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::execute::ExecuteError;

/// A program that could not be tried.
#[derive(Debug, Error)]
pub enum TrialError {
    /// It cannot be tried on this engine, or not in this way.
    #[error("{} cannot be tried by running it", file.display())]
    Refused {
        /// The program.
        file: PathBuf,
        /// Why not.
        #[source]
        source: Refusal,
    },
    /// The program cannot be read.
    #[error("{} cannot be read", file.display())]
    Unreadable {
        /// The program.
        file: PathBuf,
        /// The system's words.
        #[source]
        source: io::Error,
    },
    /// The engine or the image failed, or the user stopped it.
    #[error(transparent)]
    Execute(#[from] ExecuteError),
}

/// Why a program is not tried.
#[derive(Debug, Error)]
pub enum Refusal {
    /// The engine's host has no version 1 of the memory controller.
    #[error(
        "the engine's host has cgroups of version {version}, where nothing can turn accounting on; a host with version 1 shows it"
    )]
    CgroupVersion {
        /// The version.
        version: String,
    },
    /// Containers see no memory controller.
    #[error("the engine's host has no memory controller in its containers")]
    NoMemoryController,
    /// The kernel cannot account for kernel memory.
    #[error(
        "the kernel of the engine's host has no memory.kmem.limit_in_bytes: on it no runc turns accounting on"
    )]
    NoKernelMemory,
    /// The cgroups of the container cannot be written to.
    #[error("the engine gives its containers cgroups that cannot be written to: {reason}")]
    ReadOnly {
        /// What was tried, and what came of it.
        reason: String,
    },
    /// It is for other processors than the engine's.
    #[error("it is for {found}, and the engine runs {wanted}")]
    Architecture {
        /// The program's architecture.
        found: String,
        /// The engine's.
        wanted: String,
    },
    /// It is not a program.
    #[error("it is {what}")]
    NoProgram {
        /// What it is.
        what: String,
    },
    /// It is a kubelet that does not work with Docker.
    #[error(
        "it is {said}: a kubelet is started against the engine, and from 1.24 on it does not work with Docker any more"
    )]
    KubeletWithoutDocker {
        /// What it says of its version.
        said: String,
    },
    /// It is a kubelet, and the engine is not Docker.
    #[error("it is a kubelet, which is started against Docker, and the engine is {version}")]
    NoDocker {
        /// Product and version of the engine.
        version: String,
    },
    /// It is a kubelet, and the engine's cgroups are made by systemd.
    #[error(
        "it is a kubelet, which has to make its cgroups as the engine does: by {driver}, which there is none of in a container; an engine with the driver cgroupfs shows it"
    )]
    CgroupDriver {
        /// The engine's driver.
        driver: String,
    },
    /// It is a kubelet, and the engine has pods of another one.
    #[error(
        "it is a kubelet, and the engine has pods of another one, which it would end (container {container}); an engine that is no node's shows it"
    )]
    EngineOfANode {
        /// A container of a pod.
        container: String,
    },
    /// It is a kubelet, and the engine has no socket to start it against.
    #[error(
        "it is a kubelet, and there is no socket at {socket} on the engine's host to start it against"
    )]
    NoSocket {
        /// Where it was looked for.
        socket: String,
    },
    /// It is something else.
    #[error("it does not say that it is a runc or a kubelet; with --version it says: {said}")]
    NeitherOfThem {
        /// What it says.
        said: String,
    },
}
