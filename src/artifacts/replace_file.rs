//! The one way to write a file that others may read at any time.

use std::fs::{self, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// Puts a file with `content` and the permission bits `mode` in the place of `path`, in one step and on the disk: no
/// reader sees a part of it, and what had that name before is unchanged under its other names. A file that is the same
/// already stays.
///
/// # Errors
/// What the system says; the earlier file is still there then.
pub fn replace_file(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    if is_there(path, content, mode) {
        return Ok(());
    }
    let directory = match path.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => directory,
        _ => Path::new("."),
    };
    let mut file = tempfile::Builder::new()
        .prefix(".kmembuild-")
        .tempfile_in(directory)?;
    file.write_all(content)?;
    // The umask of the user is not meant: the readers are others.
    let permissions = Permissions::from_mode(mode);
    file.as_file().set_permissions(permissions)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

fn is_there(path: &Path, content: &[u8], mode: u32) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| {
        metadata.is_file()
            && metadata.permissions().mode() & 0o7777 == mode
            && metadata.len() == content.len() as u64
    }) && fs::read(path).is_ok_and(|found| found == content)
}
