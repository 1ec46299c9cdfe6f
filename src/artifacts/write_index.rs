//! Writes the index of a release and the checksums of its files.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::Path;

use super::checksums::{checksum_file, read_checksum_file};
use super::error::ArtifactError;
use super::index::{INDEX, INDEX_FORMAT, Index, IndexFile, IndexResult, IndexTarget};
use super::replace_file::replace_file;
use crate::checksum::{sha256_hex, sha256_of};
use crate::plan::canonical_json;
use crate::recipe::SHA256SUMS;

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

/// Writes [`SHA256SUMS`] of all other files in `folder`, which must not contain directories.
///
/// # Errors
/// [`ArtifactError::Unaccounted`] if there is anything other than files, [`ArtifactError::Unwritable`].
pub fn write_checksums(folder: &Path) -> Result<(), ArtifactError> {
    let mut sums = BTreeMap::new();
    for name in file_names(folder)? {
        if name != SHA256SUMS {
            let sha256 = digest(&folder.join(&name))?;
            sums.insert(name, sha256);
        }
    }
    write(&folder.join(SHA256SUMS), &checksum_file(&sums))
}

/// The files of one result according to its checksums, including the checksums.
fn published_files(folder: &Path) -> Result<Vec<IndexFile>, ArtifactError> {
    let path = folder.join(SHA256SUMS);
    let unaccounted = |path: &Path, problem: String| ArtifactError::Unaccounted {
        path: path.to_owned(),
        problem,
    };
    let text = fs::read_to_string(&path)
        .map_err(|error| unaccounted(&path, format!("could not read it: {error}")))?;
    let mut sums = read_checksum_file(&text)
        .map_err(|(line, problem)| unaccounted(&path, format!("line {line}: {problem}")))?;
    sums.insert(SHA256SUMS.to_owned(), sha256_hex(text.as_bytes()));
    let there = file_names(folder)?;
    if let Some(name) = there.iter().find(|name| !sums.contains_key(*name)) {
        let problem = format!("not listed in the {SHA256SUMS} next to it");
        return Err(unaccounted(&folder.join(name), problem));
    }
    sums.into_iter()
        .map(|(name, sha256)| {
            let path = folder.join(&name);
            let size = fs::metadata(&path)
                .map_err(|error| unaccounted(&path, error.to_string()))?
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
    let unaccounted = |path: &Path, problem: String| ArtifactError::Unaccounted {
        path: path.to_owned(),
        problem,
    };
    let unreadable = |error: io::Error| unaccounted(folder, error.to_string());
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        if !entry.file_type().map_err(unreadable)?.is_file() {
            return Err(unaccounted(&entry.path(), "not a regular file".to_owned()));
        }
        let name = entry.file_name().into_string().ok();
        let name = name.filter(|name| !name.contains(|c: char| c.is_control() || c == '\\'));
        names.push(name.ok_or_else(|| {
            unaccounted(
                &entry.path(),
                "its name cannot be written in a list of checksums".to_owned(),
            )
        })?);
    }
    names.sort();
    Ok(names)
}

fn digest(path: &Path) -> Result<String, ArtifactError> {
    File::open(path)
        .and_then(sha256_of)
        .map(|(_, sha256)| sha256)
        .map_err(|error| ArtifactError::Unaccounted {
            path: path.to_owned(),
            problem: error.to_string(),
        })
}

/// The index of the release directory `root`; `None` if there is none, or none in a format that this version reads.
pub fn read_index(root: &Path) -> Option<Index> {
    let index: Index = serde_json::from_slice(&fs::read(root.join(INDEX)).ok()?).ok()?;
    (index.format == INDEX_FORMAT).then_some(index)
}

fn write(path: &Path, text: &str) -> Result<(), ArtifactError> {
    replace_file(path, text.as_bytes(), 0o644).map_err(ArtifactError::unwritable(path))
}

#[cfg(test)]
mod tests {
    use super::{write_checksums, write_index};
    use crate::artifacts::{ArtifactError, INDEX, IndexResult, IndexTarget, SHA256SUMS};
    use std::fs;
    use std::os::unix::fs::MetadataExt as _;
    use std::process::Command;

    fn target(version: &str, result: IndexResult) -> IndexTarget {
        IndexTarget {
            recipe: "runc".to_owned(),
            version: version.to_owned(),
            platform: "linux-amd64".to_owned(),
            variant: None,
            result,
        }
    }

    fn targets() -> Vec<IndexTarget> {
        vec![
            target(
                "v1",
                IndexResult::Published {
                    folder: "runc/v1/linux-amd64".to_owned(),
                    files: Vec::new(),
                },
            ),
            target(
                "v2",
                IndexResult::Failed {
                    exit_code: 14,
                    message: "make".to_owned(),
                },
            ),
        ]
    }

    #[test]
    fn an_index_has_every_file_and_is_not_written_twice() {
        let root = tempfile::tempdir().expect("a folder");
        let root = root.path();
        let result = root.join("runc/v1/linux-amd64");
        let failed = root.join("runc/v2/linux-amd64.failed");
        for folder in [&result, &failed] {
            fs::create_dir_all(folder).expect("made");
            fs::write(folder.join("build.log"), "said\n").expect("written");
        }
        let error = write_index(root, "kmembuild 1", targets()).expect_err("no checksums");
        assert!(error.to_string().contains(SHA256SUMS), "{error}");
        write_checksums(&result).expect("written");
        let index = write_index(root, "kmembuild 1", targets()).expect("written");
        let IndexResult::Published { files, .. } = &index.targets[0].result else {
            panic!("{index:?}");
        };
        let names: Vec<_> = files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(names, [SHA256SUMS, "build.log"]);
        assert_eq!(files[1].size, 5);
        let checked = Command::new("sha256sum")
            .args(["--check", "--strict", SHA256SUMS])
            .current_dir(root)
            .output()
            .expect("sha256sum starts");
        assert!(checked.status.success(), "{checked:?}");
        assert_eq!(checked.stdout.split(|byte| *byte == b'\n').count(), 5);

        let inode = |name: &str| fs::metadata(root.join(name)).expect("a file").ino();
        let before = [INDEX, SHA256SUMS].map(inode);
        write_index(root, "kmembuild 1", targets()).expect("written");
        assert_eq!([INDEX, SHA256SUMS].map(inode), before);

        fs::write(result.join("more"), "").expect("written");
        assert!(matches!(
            write_index(root, "kmembuild 1", targets()),
            Err(ArtifactError::Unaccounted { path, .. }) if path.ends_with("more")
        ));
    }
}
