//! Files that others read while they are written.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
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
