//! What this process was told about signals when it was started.

use procfs_core::FromRead as _;
use procfs_core::process::Status;

/// Whether the parent process made this one ignore the signal of that number.
pub fn is_ignored(signal: i32) -> bool {
    let bit = 1 << (signal - 1);
    Status::from_file("/proc/self/status").is_ok_and(|status| status.sigign & bit != 0)
}
