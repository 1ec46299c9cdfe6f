//! Reads a release file, and describes its format for editors.

use super::schema::{RELEASE_FORMAT, Release};
use crate::recipe::{Document, RecipeError, parse_yaml};

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
