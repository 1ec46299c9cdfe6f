//! Disks of machines: layers over each other, of which only the uppermost is written to.

use std::path::{Path, PathBuf};

use crate::support::preflight::installed;

/// Makes a disk that begins as the one below it.
pub fn over(below: &Path, format: &str, new: &Path) -> PathBuf {
    let made = installed("qemu-img")
        .args(["create", "-q", "-f", "qcow2", "-F", format, "-b"])
        .args([below, new])
        .status();
    assert!(
        made.expect("qemu-img starts").success(),
        "{}",
        new.display()
    );
    new.to_owned()
}
