//! Makes memory cgroups until there are enough, or the kernel refuses one.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::error::ExhaustError;
use super::folder::{Folder, check_hierarchy};
use super::reserve::{self, RESERVE};
use crate::host::kmem::{MEMORY_CGROUP_IDS, System};

/// How many cgroups are made before the number in use is checked again: others may make some as well.
const LOOK_AGAIN: u64 = 50;
/// The pause at each check: the kernel has one lock for all cgroups, and other containers need it as well.
const PAUSE: Duration = Duration::from_millis(5);
/// How long to wait for the kernel to forget removed cgroups before they are counted, in steps.
const SETTLE: (u32, Duration) = (20, Duration::from_millis(100));

/// The result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Filled {
    /// The cgroup that they were in.
    pub folder: PathBuf,
    /// How many were requested.
    pub wanted: u64,
    /// How many were made.
    pub made: u64,
    /// Why no more were made.
    pub end: End,
    /// Whether the numbers in use include cgroups that are removed but still kept by the kernel.
    pub counts_removed: bool,
    /// Memory cgroups in use before.
    pub in_use_before: u64,
    /// Memory cgroups in use at the end, before the removal.
    pub in_use_then: Option<u64>,
    /// Memory cgroups in use after the removal.
    pub in_use_after: Option<u64>,
    /// What could not be removed.
    pub left: Vec<String>,
}

/// Why no more were made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// All that were requested were made.
    Reached,
    /// The kernel refused one, with the error that a new pod gets.
    #[serde(rename_all = "kebab-case")]
    Refused {
        /// The cgroup that could not be made.
        cgroup: PathBuf,
        /// What the system said.
        error: String,
        /// Whether it is the error of a kernel without free ids: no space left on device.
        no_space: bool,
    },
    /// Others made some meanwhile, and the rest is kept free for the system.
    Reserve,
    /// Less than a tenth of the machine's memory is available, and is kept free for the system.
    Memory,
    /// The user stopped it.
    Interrupted,
}

/// Makes `count` memory cgroups in a cgroup of its own in `hierarchy`, and removes all of them again. Takes seconds;
/// checks `cancel` continuously.
///
/// # Errors
/// If the process is not root, `hierarchy` is not a memory cgroup, the number in use is unknown, there is too little
/// room, or the cgroup cannot be made. Nothing is left behind then.
pub fn fill(
    hierarchy: &Path,
    count: u64,
    cancel: &CancellationToken,
) -> Result<Filled, ExhaustError> {
    let in_use_before = check(hierarchy, count)?;
    let folder = Folder::new(hierarchy)?;
    let (made, end) = make(&folder, count, cancel);
    let in_use_then = in_use();
    let path = folder.path().to_owned();
    let left = folder.remove();
    Ok(Filled {
        folder: path,
        wanted: count,
        made,
        end,
        counts_removed: System::read().counts_removed(),
        in_use_before,
        in_use_then,
        in_use_after: settled(in_use_before),
        left,
    })
}

/// Checks whether [`fill`] would begin, and returns the memory cgroups that are in use. Nothing is made.
///
/// # Errors
/// As [`fill`], before it makes anything.
pub fn check(hierarchy: &Path, count: u64) -> Result<u64, ExhaustError> {
    if !rustix::process::geteuid().is_root() {
        return Err(ExhaustError::NotRoot);
    }
    check_hierarchy(hierarchy)?;
    let in_use = in_use().ok_or(ExhaustError::NotCounted)?;
    let most = (MEMORY_CGROUP_IDS - RESERVE).saturating_sub(in_use + 1);
    if count > most {
        return Err(ExhaustError::TooMany {
            count,
            in_use,
            most,
        });
    }
    Ok(in_use)
}

fn make(folder: &Folder, count: u64, cancel: &CancellationToken) -> (u64, End) {
    for made in 0..count {
        if cancel.is_cancelled() {
            return (made, End::Interrupted);
        }
        if made % LOOK_AGAIN == 0 {
            if in_use().is_none_or(|in_use| in_use >= MEMORY_CGROUP_IDS - RESERVE) {
                return (made, End::Reserve);
            }
            if reserve::is_short() {
                return (made, End::Memory);
            }
            thread::sleep(PAUSE);
        }
        let cgroup = folder.cgroup(made);
        if let Err(error) = fs::create_dir(&cgroup) {
            let refused = End::Refused {
                cgroup,
                no_space: error.kind() == std::io::ErrorKind::StorageFull,
                error: error.to_string(),
            };
            return (made, refused);
        }
    }
    (count, End::Reached)
}

fn in_use() -> Option<u64> {
    System::memory_cgroups_now()
}

/// The number in use once the kernel has forgotten what was removed, or after a while.
fn settled(before: u64) -> Option<u64> {
    for _ in 0..SETTLE.0 {
        if in_use()? <= before {
            break;
        }
        thread::sleep(SETTLE.1);
    }
    in_use()
}
