//! Files of a result before it is in its place.

use std::path::Path;
use std::{fs, io};

use crate::artifacts::ArtifactError;

/// Puts a text of its own into the staged result: the file that is there may be the cache's as well. Nobody reads it before
/// the result is published, so it is not put on the disk one by one.
pub(super) fn stage(directory: &Path, name: &str, text: &str) -> Result<(), ArtifactError> {
    let path = directory.join(name);
    remove(&path)
        .and_then(|()| fs::write(&path, text))
        .map_err(ArtifactError::unwritable(&path))
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
