//! Puts a directory that is whole in the place of another one.

use std::fs;
use std::io;
use std::path::Path;

use rustix::fs::{CWD, RenameFlags, renameat_with};

/// Puts the directory `staging` in the place of `folder`, in one step if the file system supports that. What was there is in
/// `staging` then, and that is gone if nothing was.
///
/// # Errors
/// Those of the system; what was there is then still in its place.
pub fn exchange(staging: &Path, folder: &Path) -> io::Result<()> {
    if !folder.exists() {
        return fs::rename(staging, folder);
    }
    match renameat_with(CWD, staging, CWD, folder, RenameFlags::EXCHANGE) {
        // Some network file systems cannot exchange; with two renames there is a moment without a result.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {
            let old = staging.with_extension("old");
            fs::rename(folder, &old)?;
            if let Err(error) = fs::rename(staging, folder) {
                fs::rename(&old, folder)?;
                return Err(error);
            }
            fs::rename(&old, staging)
        }
        exchanged => Ok(exchanged?),
    }
}
