//! Reads a release file, and describes its format for editors.

use std::path::Path;

use super::error::ReleaseError;
use super::schema::{RELEASE_FORMAT, Release};
use crate::recipe::{Document, RecipeError, parse_yaml};
use crate::regular_file;

/// Largest release file in bytes.
const LARGEST: u64 = 16 << 20;

/// The name of a release file for messages, and its text.
///
/// # Errors
/// [`ReleaseError::File`].
pub(super) fn read_release(path: &Path) -> Result<(String, String), ReleaseError> {
    let file = path.display().to_string();
    match regular_file::read_text(path, LARGEST) {
        Ok(text) => Ok((file, text)),
        Err(source) => Err(ReleaseError::File { file, source }),
    }
}

/// Reads a release file; `file` is its name for messages.
///
/// # Errors
/// [`RecipeError::Invalid`] with place, reason and snippet.
pub fn parse_release(file: &str, text: &str) -> Result<Release, RecipeError> {
    let release: Release = parse_yaml(file, text)?;
    let document = Document { file, text };
    if release.format.value != RELEASE_FORMAT {
        let message = format!(
            "format {} is not supported; this version of kmembuild reads format {RELEASE_FORMAT}",
            release.format.value
        );
        return Err(document.refuse(release.format.referenced, message));
    }
    if release.targets.is_empty() {
        return Err(document.refuse_whole("the release has no targets"));
    }
    if release.jobs == Some(0) {
        return Err(document.refuse_whole("`jobs` must be at least 1"));
    }
    Ok(release)
}

/// The JSON schema of release files.
pub fn json_schema() -> serde_json::Value {
    let schema = schemars::schema_for!(Release);
    schema.to_value()
}
