//! Why nothing was filled.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::reserve::RESERVE;
use crate::host::kmem::MEMORY_CGROUP_IDS;

/// The memory hierarchy cannot be filled, or not cleaned up.
#[derive(Debug, Error)]
pub enum ExhaustError {
    /// The process may not make cgroups.
    #[error("only root may make and remove cgroups; run this as root")]
    NotRoot,
    /// The place is not one for memory cgroups: folders of anything else would be made.
    #[error(
        "{} is no memory cgroup, as it has no {file}; name the mount of the memory controller of cgroup v1 or a cgroup in \
         it with --root",
        path.display()
    )]
    NoMemoryCgroup {
        /// The place.
        path: PathBuf,
        /// What every memory cgroup has.
        file: &'static str,
    },
    /// It is not known how much room there is.
    #[error(
        "/proc/cgroups does not tell how many memory cgroups are in use, so that none can be made safely"
    )]
    NotCounted,
    /// There is too little room.
    #[error(
        "{count} memory cgroups and the one that holds them are too many: {in_use} of {MEMORY_CGROUP_IDS} are in use, and \
         the last {RESERVE} are left to the machine; --count {most} is the most"
    )]
    TooMany {
        /// How many were wanted.
        count: u64,
        /// How many are in use.
        in_use: u64,
        /// How many may be had.
        most: u64,
    },
    /// A process of the same number left its folder.
    #[error("{} is left of a killed run; `kmembuild kmem reproduce --cleanup` removes it", path.display())]
    Leftover {
        /// The folder.
        path: PathBuf,
    },
    /// The folder for them cannot be made or held.
    #[error("{} cannot be made in the memory hierarchy; name a hierarchy that can be written to with --root", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The hierarchy cannot be searched for leftovers.
    #[error("{} cannot be searched for what was left; name the memory hierarchy with --root", path.display())]
    Search {
        /// The hierarchy.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}
