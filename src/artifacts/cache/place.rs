//! Copies a file without writing its bytes, if the file system supports that.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use rustix::fs::ioctl_ficlone;

/// Makes `to`, which must not exist, from `from`: by reflink, hard link or copy, in this order.
///
/// # Errors
/// The system's error of the copy, the last attempt.
pub fn place_file(from: &Path, to: &Path) -> io::Result<()> {
    if reflink(from, to).is_ok() || fs::hard_link(from, to).is_ok() {
        return Ok(());
    }
    // Copies the permission bits as well.
    fs::copy(from, to).map(|_| ())
}

fn reflink(from: &Path, to: &Path) -> io::Result<()> {
    let source = File::open(from)?;
    let permissions = source.metadata()?.permissions();
    let target = File::options().write(true).create_new(true).open(to)?;
    let cloned = ioctl_ficlone(&target, &source)
        .map_err(io::Error::from)
        .and_then(|()| target.set_permissions(permissions));
    if cloned.is_err() {
        let _ = fs::remove_file(to);
    }
    cloned
}
