//! Indexes of releases, as a release makes them.

use std::path::Path;

use kmembuild::artifacts::{
    ArtifactError, INDEX_FORMAT, Index, IndexResult, IndexTarget, list_files, write_index,
};

/// A target of which only the result is told.
pub fn target(recipe: &str, version: &str, platform: &str, result: IndexResult) -> IndexTarget {
    IndexTarget {
        recipe: recipe.to_owned(),
        version: version.to_owned(),
        platform: platform.to_owned(),
        variant: None,
        how: None,
        stages: Vec::new(),
        changes: Vec::new(),
        result,
    }
}

/// A result in the directory of its target, of which the files are not listed yet.
pub fn published(folder: &str) -> IndexResult {
    IndexResult::Published {
        folder: folder.to_owned(),
        files: Vec::new(),
        build: None,
    }
}

/// An index of these targets that tells of no run.
pub fn index(targets: Vec<IndexTarget>) -> Index {
    Index {
        repositories: Vec::new(),
        format: INDEX_FORMAT,
        tool: "kmembuild 0.1.0".to_owned(),
        run: None,
        signed_by: None,
        part: None,
        removed: Vec::new(),
        targets,
    }
}

/// Lists the files of the targets, and writes all that is at the top of a release.
pub fn write(root: &Path, targets: Vec<IndexTarget>) -> Result<Index, ArtifactError> {
    let mut index = index(targets);
    list_files(root, &mut index)?;
    write_index(root, &index, "<!DOCTYPE html><title>A release</title>\n")?;
    Ok(index)
}
