//! Why there is no memory hierarchy to look at.

use std::path::PathBuf;

use thiserror::Error;

/// There is no cgroup v1 memory hierarchy, or none that can be walked.
#[derive(Debug, Error)]
pub enum HierarchyError {
    /// The list of mounts could not be read.
    #[error(
        "the mounts of this process (/proc/self/mountinfo) cannot be read, so the memory hierarchy is not known; name it with --root"
    )]
    Mounts {
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Memory is a controller of the unified hierarchy.
    #[error(
        "this machine has memory in the unified hierarchy of cgroup v2 ({}): kernel memory is always counted there, by \
         memory.max and without the leak of 3.x kernels, and no file tells whether it is on; there is nothing to judge",
        at.display()
    )]
    Unified {
        /// Where cgroup v2 is mounted.
        at: PathBuf,
    },
    /// No cgroups at all.
    #[error(
        "no memory hierarchy of cgroup v1 is mounted here; where it is mounted elsewhere, name it with --root"
    )]
    None,
    /// The named folder is not one of cgroups: anything could be in it, as in the whole file system.
    #[error(
        "{} is no cgroup, as it has no cgroup.procs; name the mount of the memory controller or a cgroup in it",
        path.display()
    )]
    NoCgroup {
        /// The folder.
        path: PathBuf,
    },
    /// The named folder cannot be walked.
    #[error("{} cannot be opened as a folder of cgroups; name the mount of the memory controller or a cgroup in it", path.display())]
    Root {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}
