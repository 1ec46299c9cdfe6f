//! Why there is no memory hierarchy to read.

use std::path::PathBuf;

use thiserror::Error;

/// There is no memory hierarchy of cgroup v1, or it cannot be walked.
#[derive(Debug, Error)]
pub enum HierarchyError {
    /// The list of mounts could not be read.
    #[error(
        "could not read the mounts of this process (/proc/self/mountinfo) to find the memory hierarchy"
    )]
    Mounts {
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The memory controller is in the unified hierarchy.
    #[error(
        "this machine uses cgroup v2 for memory ({}): kernel memory is always counted there, without the leak of 3.x \
        kernels, so there is nothing to check",
        at.display()
    )]
    Unified {
        /// Where cgroup v2 is mounted.
        at: PathBuf,
    },
    /// No cgroups at all.
    #[error("no memory hierarchy of cgroup v1 is mounted here")]
    None,
    /// The directory is not a cgroup: it could be anything, such as the root of the file system.
    #[error(
        "{} is not a cgroup (it has no cgroup.procs); use the mount point of the memory controller, or a cgroup in it",
        path.display()
    )]
    NoCgroup {
        /// The directory.
        path: PathBuf,
    },
    /// The directory cannot be walked.
    #[error("could not open {} as a cgroup; use the mount point of the memory controller, or a cgroup in it", path.display())]
    Root {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}
