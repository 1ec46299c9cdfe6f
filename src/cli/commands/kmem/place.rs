//! Files that others read while they are written.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::{fs, io};

use crate::failure::{Failure, FailureKind};

/// Refuses a page that would overwrite one of the `others`, or whose directory does not exist.
pub(super) fn check_page<'a>(
    html: &Path,
    others: impl IntoIterator<Item = (&'a str, &'a Path)>,
) -> Result<(), Failure> {
    for (what, file) in others {
        if is_same(html, file) {
            let text = format!(
                "--html {} is also {what}; the page would overwrite it",
                html.display()
            );
            let failure = Failure::new(FailureKind::Usage, text);
            return Err(failure.hint("use another file for the page"));
        }
    }
    check_folder(html)
}

/// The failure to write a file.
pub(super) fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    let text = format!("could not write {}: {error}", path.display());
    Failure::new(FailureKind::Output, text)
}

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

/// Refuses a file whose directory does not exist.
fn check_folder(file: &Path) -> Result<(), Failure> {
    let folder = folder_of(file);
    let metadata = std::fs::metadata(folder).map_err(|error| cannot_write(file, &error))?;
    if metadata.is_dir() && !file.is_dir() {
        return Ok(());
    }
    let error = if file.is_dir() {
        io::ErrorKind::IsADirectory
    } else {
        io::ErrorKind::NotADirectory
    };
    Err(cannot_write(file, &error.into()))
}
