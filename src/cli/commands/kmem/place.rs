//! Files that others read while they are written.

use std::fs::{self, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

/// The directory of a file.
pub(super) fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Whether two paths are the same file, which need not exist.
pub(super) fn is_same(one: &Path, other: &Path) -> bool {
    let inode = |file: &Path| fs::metadata(file).map(|file| (file.dev(), file.ino()));
    if let (Ok(one), Ok(other)) = (inode(one), inode(other)) {
        return one == other;
    }
    let place = |file: &Path| fs::canonicalize(folder_of(file));
    let same_folder = matches!((place(one), place(other)), (Ok(one), Ok(other)) if one == other);
    same_folder && one.file_name() == other.file_name()
}

/// Writes a temporary file and renames it, so that nobody reads an incomplete file. Its permissions are `mode`.
pub(in super::super) fn write_whole(file: &Path, text: &str, mode: u32) -> io::Result<()> {
    let mut temporary = tempfile::Builder::new()
        .prefix(".kmembuild-")
        .permissions(Permissions::from_mode(mode))
        .tempfile_in(folder_of(file))?;
    temporary.write_all(text.as_bytes())?;
    temporary.persist(file)?;
    Ok(())
}
