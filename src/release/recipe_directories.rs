//! Where the recipes of a release are.

use std::path::{Path, PathBuf};

use super::error::ReleaseError;
use super::parse::{parse_release, read_release};
use super::schema::Release;
use crate::recipe::{Document, RecipeError};

/// Directory of recipes beside a release file, which is used where the file names none.
const BESIDE: &str = "recipes";

/// The directories of recipes of the release in `file`: those that it names, or `recipes` beside it, if there is one.
///
/// # Errors
/// [`ReleaseError::File`], [`ReleaseError::Invalid`] also for a directory that is not there.
pub fn recipe_directories(file: &Path) -> Result<Vec<PathBuf>, ReleaseError> {
    let (name, text) = read_release(file)?;
    let release = parse_release(&name, &text)?;
    let beside = file.parent().unwrap_or(Path::new(""));
    let document = Document {
        file: &name,
        text: &text,
    };
    Ok(directories(&release, beside, document)?)
}

/// The same for a release file that was read already, in the directory `beside`.
///
/// # Errors
/// [`RecipeError::Invalid`] for a directory that is not there.
pub fn directories(
    release: &Release,
    beside: &Path,
    document: Document<'_>,
) -> Result<Vec<PathBuf>, RecipeError> {
    let Some(named) = &release.recipes else {
        let usual = beside.join(BESIDE);
        return Ok(if usual.is_dir() {
            vec![usual]
        } else {
            Vec::new()
        });
    };
    let named = named.iter().map(|named| {
        let directory = beside.join(&named.value);
        if directory.is_dir() {
            return Ok(directory);
        }
        let message = format!("{} is not a directory", directory.display());
        Err(document.refuse(named.referenced, message))
    });
    named.collect()
}
