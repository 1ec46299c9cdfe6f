//! Why the memory hierarchy could not be filled.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::reserve::RESERVE;
use crate::host::kmem::MEMORY_CGROUP_IDS;

/// The memory hierarchy could not be filled or cleaned up.
#[derive(Debug, Error)]
pub enum ExhaustError {
    /// The process may not make cgroups.
    #[error("making and removing cgroups requires root")]
    NotRoot,
    /// The directory is not a memory cgroup: ordinary directories would be made.
    #[error(
        "{} is not a memory cgroup (it has no {file}); use the mount point of the memory controller of cgroup v1, or a \
        cgroup in it",
        path.display()
    )]
    NoMemoryCgroup {
        /// The directory.
        path: PathBuf,
        /// The file that every memory cgroup has.
        file: &'static str,
    },
    /// The number of memory cgroups in use is unknown.
    #[error(
        "could not determine from /proc/cgroups how many memory cgroups are in use, so it is not safe to make any"
    )]
    NotCounted,
    /// There is too little room.
    #[error(
        "cannot make {count} memory cgroups and one to hold them: {in_use} of {MEMORY_CGROUP_IDS} are in use, and the last \
        {RESERVE} are kept free for the system; at most {most} can be made"
    )]
    TooMany {
        /// How many were wanted.
        count: u64,
        /// How many are in use.
        in_use: u64,
        /// How many may be had.
        most: u64,
    },
    /// A killed process with the same process id left its cgroup.
    #[error("{} was left behind by a killed run; remove it first", path.display())]
    Leftover {
        /// The cgroup.
        path: PathBuf,
    },
    /// The cgroup for them could not be made or locked.
    #[error("could not make {} in the memory hierarchy", path.display())]
    Folder {
        /// The cgroup.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The hierarchy could not be searched for what killed runs left behind.
    #[error("could not search {} for what killed runs left behind", path.display())]
    Search {
        /// The hierarchy.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}
