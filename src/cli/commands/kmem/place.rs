//! Files that others read while they are written.

use std::fs::Permissions;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// The folder that a file is in.
pub(super) fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Writes a file beside its place and renames it, so that nobody ever reads a half. It has the permissions `mode`.
pub(in super::super) fn write_whole(file: &Path, text: &str, mode: u32) -> io::Result<()> {
    let mut temporary = tempfile::Builder::new()
        .prefix(".kmembuild-")
        .permissions(Permissions::from_mode(mode))
        .tempfile_in(folder_of(file))?;
    temporary.write_all(text.as_bytes())?;
    temporary.persist(file)?;
    Ok(())
}
