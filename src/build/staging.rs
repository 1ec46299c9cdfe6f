//! Files of a result before it is in its place.

use std::path::Path;

use crate::artifacts::{ArtifactError, replace_file};

/// Permission bits of published texts: for all to read.
const MODE: u32 = 0o644;

/// Puts a text of its own into the staged result: the file that is there may be the cache's as well.
pub(super) fn stage(directory: &Path, name: &str, text: &str) -> Result<(), ArtifactError> {
    let path = directory.join(name);
    replace_file(&path, text.as_bytes(), MODE).map_err(ArtifactError::unwritable(&path))
}
