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
    /// It is a kubelet.
    #[error(
        "it is a kubelet, and there is a trial for runc only: a kubelet turns accounting on when it makes the cgroups of its pods, for which it has to be started as a node's, with the socket of Docker (up to 1.23) or of a CRI runtime"
    )]
    Kubelet,
    /// It is something else.
    #[error("it does not say that it is a runc; with --version it says: {said}")]
    NotRunc {
        /// What it says.
        said: String,
    },
}
