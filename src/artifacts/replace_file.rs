//! Writes files that others may read at any time.

use std::fs::{self, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// Replaces the file at `path` with one that has this `content` and the permission bits `mode`, in one step and synced to
/// disk: no reader sees a part of it, and other hard links of the old file stay unchanged. An identical file stays.
///
/// # Errors
/// The system's error; the earlier file is still in place then.
pub fn replace_file(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    if is_in_place(path, content, mode) {
        return Ok(());
    }
    let directory = match path.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => directory,
        _ => Path::new("."),
    };
    let mut file = tempfile::Builder::new()
        .prefix(".kmembuild-")
        .tempfile_in(directory)
        // Without the name of the temporary file, which says nothing to anybody.
        .map_err(|error| io::Error::from(error.kind()))?;
    file.write_all(content)?;
    // The user's umask does not apply: the readers are others.
    let permissions = Permissions::from_mode(mode);
    file.as_file().set_permissions(permissions)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// Whether [`replace_file`] would leave the file as it is.
pub fn is_in_place(path: &Path, content: &[u8], mode: u32) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| {
        metadata.is_file()
            && metadata.permissions().mode() & 0o7777 == mode
            && metadata.len() == content.len() as u64
    }) && fs::read(path).is_ok_and(|found| found == content)
}
