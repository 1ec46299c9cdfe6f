//! Copies a file without writing its bytes, if the file system supports that.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rustix::fs::ioctl_ficlone;

use crate::regular_file;

/// Makes `to`, which must not exist, from the regular file `from`, by reflink or copy, with the permission bits `mode`. Never
/// by a hard link: what is appended to the one file would be in the other.
///
/// # Errors
/// The system's.
pub fn place_file(from: &Path, to: &Path, mode: u32) -> io::Result<()> {
    let mut source = regular_file::open(from)?;
    let mut target = File::options().write(true).create_new(true).open(to)?;
    let placed = ioctl_ficlone(&target, &source)
        .map_err(io::Error::from)
        .or_else(|_| io::copy(&mut source, &mut target).map(|_| ()))
        .and_then(|()| target.set_permissions(Permissions::from_mode(mode)));
    if placed.is_err() {
        let _ = fs::remove_file(to);
    }
    placed
}
