//! Writes the index of a release and the checksums of its files.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use super::checksums::{checksum_file, read_checksum_file};
use super::error::ArtifactError;
use super::index::{INDEX, INDEX_FORMAT, Index, IndexFile, IndexResult, IndexTarget};
use super::replace_file::replace_file;
use crate::checksum::{sha256_hex, sha256_of};
use crate::plan::canonical_json;
use crate::recipe::SHA256SUMS;
use crate::regular_file;

/// Largest index and list of checksums in bytes.
const LARGEST: u64 = 64 << 20;

/// Writes the index and the top checksums of the release directory `root`, made by `tool`, and returns the index.
///
/// The files of a published target are those listed in the [`SHA256SUMS`] in its directory; the caller need not list them in
/// [`IndexResult::Published`], because they are replaced. They are not read again, so that a release with nothing to do
/// takes no time. The checksums also cover a record of a failure in [`IndexTarget::failed_folder`]. Each file is replaced
/// in one step, or left alone if it is unchanged.
///
/// # Errors
/// [`ArtifactError::Unaccounted`] if the files of a result are not those of its checksums,
/// [`ArtifactError::Unwritable`].
pub fn write_index(
    root: &Path,
    tool: &str,
    mut targets: Vec<IndexTarget>,
) -> Result<Index, ArtifactError> {
    let mut sums = BTreeMap::new();
    for target in &mut targets {
        let (published, failed) = (target.folder(), target.failed_folder());
        match &mut target.result {
            IndexResult::Published { folder, files } => {
                *folder = published;
                *files = published_files(&root.join(&*folder))?;
                for file in files {
                    sums.insert(format!("{folder}/{}", file.path), file.sha256.clone());
                }
            }
            IndexResult::Failed { .. } if root.join(&failed).is_dir() => {
                for name in file_names(&root.join(&failed))? {
                    let path = format!("{failed}/{name}");
                    sums.insert(path.clone(), digest(&root.join(path))?);
                }
            }
            IndexResult::Failed { .. } | IndexResult::NotNeeded { .. } => {}
        }
    }
    let index = Index {
        format: INDEX_FORMAT,
        tool: tool.to_owned(),
        targets,
    };
    let text = canonical_json(&index);
    sums.insert(INDEX.to_owned(), sha256_hex(text.as_bytes()));
    write(&root.join(INDEX), &text)?;
    write(&root.join(SHA256SUMS), &checksum_file(&sums))?;
    Ok(index)
}

/// The files of one result according to its checksums, including the checksums.
fn published_files(folder: &Path) -> Result<Vec<IndexFile>, ArtifactError> {
    let path = folder.join(SHA256SUMS);
    let text = regular_file::read_text(&path, LARGEST).map_err(|error| {
        ArtifactError::unaccounted(&path, format!("could not read it: {error}"))
    })?;
    let mut sums = read_checksum_file(&text).map_err(|(line, problem)| {
        ArtifactError::unaccounted(&path, format!("line {line}: {problem}"))
    })?;
    sums.insert(SHA256SUMS.to_owned(), sha256_hex(text.as_bytes()));
    let there = file_names(folder)?;
    if let Some(name) = there.iter().find(|name| !sums.contains_key(*name)) {
        let problem = format!("not listed in the {SHA256SUMS} next to it");
        return Err(ArtifactError::unaccounted(&folder.join(name), problem));
    }
    sums.into_iter()
        .map(|(name, sha256)| {
            let path = folder.join(&name);
            let size = fs::metadata(&path)
                .map_err(|error| ArtifactError::unaccounted(&path, error.to_string()))?
                .len();
            Ok(IndexFile {
                path: name,
                size,
                sha256,
            })
        })
        .collect()
}

/// Names of the files in a directory, sorted.
fn file_names(folder: &Path) -> Result<Vec<String>, ArtifactError> {
    let unreadable = |error: io::Error| ArtifactError::unaccounted(folder, error.to_string());
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        if !entry.file_type().map_err(unreadable)?.is_file() {
            return Err(ArtifactError::unaccounted(
                &entry.path(),
                "not a regular file",
            ));
        }
        let name = entry.file_name().into_string().ok();
        let name = name.filter(|name| !name.contains(|c: char| c.is_control() || c == '\\'));
        names.push(name.ok_or_else(|| {
            ArtifactError::unaccounted(
                &entry.path(),
                "its name cannot be written in a list of checksums",
            )
        })?);
    }
    names.sort();
    Ok(names)
}

fn digest(path: &Path) -> Result<String, ArtifactError> {
    regular_file::open(path)
        .and_then(sha256_of)
        .map(|(_, sha256)| sha256)
        .map_err(|error| ArtifactError::unaccounted(path, error.to_string()))
}

/// The index of the release directory `root`; `None` if there is none, or none in a format that this version reads.
pub fn read_index(root: &Path) -> Option<Index> {
    let index: Index =
        serde_json::from_slice(&regular_file::read(&root.join(INDEX), LARGEST).ok()?).ok()?;
    (index.format == INDEX_FORMAT).then_some(index)
}

fn write(path: &Path, text: &str) -> Result<(), ArtifactError> {
    replace_file(path, text.as_bytes(), 0o644).map_err(ArtifactError::unwritable(path))
}
