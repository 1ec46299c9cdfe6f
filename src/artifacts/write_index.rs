//! Writes the index of a release and the checksums of its files.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::checksums::{checksum_file, read_checksum_file};
use super::error::ArtifactError;
use super::index::{INDEX, INDEX_FORMAT, INDEX_PAGE, Index, IndexFile, IndexResult};
use super::replace_file::replace_file;
use crate::checksum::{sha256_hex, sha256_of};
use crate::inside::inside;
use crate::plan::canonical_json;
use crate::recipe::SHA256SUMS;
use crate::regular_file;

/// Largest index and list of checksums in bytes.
const LARGEST: u64 = 64 << 20;

/// Fills in the files of each published target of the release directory `root`: those listed in the [`SHA256SUMS`] in its
/// directory. They are not read again, so that a release with nothing to do takes no time.
///
/// # Errors
/// [`ArtifactError::Unaccounted`] if the files of a result are not those of its checksums.
pub fn list_files(root: &Path, index: &mut Index) -> Result<(), ArtifactError> {
    for target in &mut index.targets {
        let published = target.folder();
        if let IndexResult::Published { folder, files, .. } = &mut target.result {
            *folder = published;
            *files = published_files(&below(root, folder)?)?;
        }
    }
    Ok(())
}

/// Writes an index, its page for people and the checksums of all files into the release directory `root`; returns the
/// checksums. They cover the records of failures in [`super::IndexTarget::failed_folder`] too. Each file is replaced in one
/// step, or left alone if it is unchanged.
///
/// # Errors
/// [`ArtifactError::Unaccounted`] if a record of a failure cannot be read, [`ArtifactError::Unwritable`].
pub fn write_index(root: &Path, index: &Index, page: &str) -> Result<String, ArtifactError> {
    let mut sums = BTreeMap::new();
    for target in &index.targets {
        let failed = target.failed_folder();
        match &target.result {
            IndexResult::Published { folder, files, .. } => {
                for file in files {
                    sums.insert(format!("{folder}/{}", file.path), file.sha256.clone());
                }
            }
            IndexResult::Failed { .. } if below(root, &failed)?.is_dir() => {
                for name in file_names(&root.join(&failed))? {
                    let path = format!("{failed}/{name}");
                    sums.insert(path.clone(), digest(&root.join(path))?);
                }
            }
            IndexResult::Failed { .. } | IndexResult::NotNeeded { .. } => {}
        }
    }
    for repository in &index.repositories {
        for file in &repository.files {
            let path = format!("{}/{}", repository.folder, file.path);
            sums.insert(path, file.sha256.clone());
        }
    }
    let text = canonical_json(index);
    for (name, text) in [(INDEX, text.as_str()), (INDEX_PAGE, page)] {
        sums.insert(name.to_owned(), sha256_hex(text.as_bytes()));
        write(&root.join(name), text)?;
    }
    let sums = checksum_file(&sums);
    write(&root.join(SHA256SUMS), &sums)?;
    Ok(sums)
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
            let path = below(folder, &name)?;
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

/// The path of `name` below `folder`.
fn below(folder: &Path, name: &str) -> Result<PathBuf, ArtifactError> {
    inside(folder, name)
        .map_err(|error| ArtifactError::unaccounted(&folder.join(name), error.to_string()))
}

/// The index of the release directory `root`; `None` if there is none, or none in a format that this version reads, or one
/// with a target outside of it.
pub fn read_index(root: &Path) -> Option<Index> {
    read_index_file(&root.join(INDEX)).ok()
}

/// The index in a file.
///
/// # Errors
/// The system's error, or what is wrong with the text, as one of its kind.
pub fn read_index_file(path: &Path) -> io::Result<Index> {
    let text = regular_file::read(path, LARGEST)?;
    let index: Index = serde_json::from_slice(&text).map_err(io::Error::other)?;
    if !(1..=INDEX_FORMAT).contains(&index.format) {
        let reason = format!(
            "format {}; this version reads 1 to {INDEX_FORMAT}",
            index.format
        );
        return Err(io::Error::other(reason));
    }
    let root = path.parent().unwrap_or(Path::new(""));
    for target in &index.targets {
        inside(root, target.folder())?;
    }
    for repository in &index.repositories {
        inside(root, &repository.folder)?;
    }
    Ok(index)
}

fn write(path: &Path, text: &str) -> Result<(), ArtifactError> {
    replace_file(path, text.as_bytes(), 0o644).map_err(ArtifactError::unwritable(path))
}
