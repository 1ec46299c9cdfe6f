//! Reads a release file, and describes its format for editors.

use super::schema::{RELEASE_FORMAT, Release};
use crate::recipe::{Diagnostic, RecipeError, parse_yaml};

/// Reads a release file; `file` is its name for messages.
///
/// # Errors
/// [`RecipeError::Invalid`] with place, reason and snippet.
pub fn parse_release(file: &str, text: &str) -> Result<Release, RecipeError> {
    let release: Release = parse_yaml(file, text)?;
    let place = |location: serde_saphyr::Location| (location.line(), location.column());
    let refuse = |place, message: String| {
        let diagnostic = Diagnostic::new(file, text, place, message, None);
        Err(RecipeError::Invalid(Box::new(diagnostic)))
    };
    if release.format.value != RELEASE_FORMAT {
        let message = format!(
            "format {} is not supported; this version of kmembuild reads format {RELEASE_FORMAT}",
            release.format.value
        );
        return refuse(place(release.format.referenced), message);
    }
    if release.targets.is_empty() {
        return refuse((0, 0), "the release has no targets".to_owned());
    }
    if release.jobs == Some(0) {
        return refuse((0, 0), "`jobs` must be at least 1".to_owned());
    }
    Ok(release)
}

/// The JSON schema of release files.
pub fn json_schema() -> serde_json::Value {
    let schema = schemars::schema_for!(Release);
    schema.to_value()
}
