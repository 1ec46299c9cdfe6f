//! How a check by running can fail.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::engine::EngineError;
use crate::execute::error::ExecuteError;

/// A program that could not be judged by running it.
#[derive(Debug, Error)]
pub enum RunCheckError {
    /// This engine, or this program, can show nothing.
    #[error("cannot check {} by running it", file.display())]
    Refused {
        /// The program.
        file: PathBuf,
        /// Why.
        #[source]
        source: Refusal,
    },
    /// The program could not be read.
    #[error("could not read {}", file.display())]
    Unreadable {
        /// The program.
        file: PathBuf,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// The engine or the image failed, or the user stopped the run.
    #[error(transparent)]
    Execute(#[from] ExecuteError),
}

/// Why a program is not run.
#[derive(Debug, Error)]
pub enum Refusal {
    /// The engine's host has no version 1 of the memory controller.
    #[error(
        "the engine's host uses cgroup v{version}, where nothing can turn accounting on; use an engine on a host with cgroup v1"
    )]
    CgroupVersion {
        /// The version.
        version: String,
    },
    /// Nobody may make cgroups.
    #[error(
        "the check watches a runc make its cgroups, but {version} may not make any here; use root, or another engine"
    )]
    NoCgroups {
        /// Product and version of the engine.
        version: String,
    },
    /// Containers have no memory controller.
    #[error("containers on the engine's host have no memory controller")]
    NoMemoryController,
    /// The kernel cannot account for kernel memory.
    #[error(
        "the kernel of the engine's host has no memory.kmem.limit_in_bytes, so no runc can turn accounting on"
    )]
    NoKernelMemory,
    /// The cgroups of the container cannot be written.
    #[error("the engine's containers cannot write to their cgroups: {reason}")]
    ReadOnly {
        /// The output of the attempt.
        reason: String,
    },
    /// The program cannot be kept from the engine's host.
    #[error(
        "the engine's containers cannot make a user namespace ({reason}), without which the program would have the power of root on the engine's host"
    )]
    NoUserNamespace {
        /// The output of the attempt.
        reason: String,
    },
    /// It is a kubelet, which cannot be kept from the engine's host.
    #[error(
        "it is a kubelet, which drives the engine when it is run and so has the power of root on the engine's host"
    )]
    KubeletHasHostPower,
    /// It is for other processors than the engine's.
    #[error("it is for {found}, but the engine runs {wanted}")]
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
        "it is {said}: the check runs a kubelet against Docker, which kubelet 1.24 and later do not support"
    )]
    KubeletWithoutDocker {
        /// The version that it prints.
        said: String,
    },
    /// It is a kubelet, and the engine is not Docker.
    #[error("it is a kubelet, which the check runs against Docker, but the engine is {version}")]
    NoDocker {
        /// Product and version of the engine.
        version: String,
    },
    /// It is a kubelet, and systemd makes the engine's cgroups.
    #[error(
        "the kubelet must use the engine's cgroup driver ({driver}), which is not available inside a container; use an engine with the cgroupfs driver"
    )]
    CgroupDriver {
        /// The engine's driver.
        driver: String,
    },
    /// It is a kubelet, and the engine runs the pods of another one.
    #[error(
        "this engine runs the pods of another kubelet (container {container}), which the check would kill; use an engine that is not on a node"
    )]
    EngineOfANode {
        /// A container of a pod.
        container: String,
    },
    /// It is a kubelet, and the engine has no socket to run it against.
    #[error(
        "it is a kubelet, which needs the engine's socket, but {socket} does not exist on the engine's host"
    )]
    NoSocket {
        /// Path of the socket.
        socket: String,
    },
    /// The engine gets no image for the check.
    #[error(
        "the check has an image of its own, but the local engine has only the container that it runs in"
    )]
    OneContainer,
    /// It is something else.
    #[error("it is neither a runc nor a kubelet; with --version it prints: {said}")]
    NeitherOfThem {
        /// What it prints.
        said: String,
    },
}

/// What ends a check before it shows anything.
pub(super) enum Stopped {
    /// Nothing can be shown.
    Refused(Refusal),
    /// Something failed.
    Failed(ExecuteError),
}

impl From<Refusal> for Stopped {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<ExecuteError> for Stopped {
    fn from(error: ExecuteError) -> Self {
        Self::Failed(error)
    }
}

impl From<EngineError> for Stopped {
    fn from(source: EngineError) -> Self {
        Self::Failed(ExecuteError::engine("run-check")(source))
    }
}

impl Stopped {
    /// The error of the check of `file`.
    pub(super) fn of(self, file: &std::path::Path) -> RunCheckError {
        match self {
            Self::Refused(source) => RunCheckError::Refused {
                file: file.to_owned(),
                source,
            },
            Self::Failed(error) => error.into(),
        }
    }
}
