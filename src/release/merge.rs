//! Makes one release of the parts that several machines have made.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::error::ReleaseError;
use super::file::ReleaseFile;
use super::merge_error::MergeError;
use super::outcome::Presentation;
use super::part::Part;
use super::progress::ReleaseSink;
use super::publish::{NewIndex, write_top};
use super::run_times::RunTimes;
use crate::artifacts::cache::{file_sha256, place_file};
use crate::artifacts::{
    ENVELOPE, INDEX, Index, IndexFile, IndexPart, IndexResult, IndexTarget, PROVENANCE, SHA256SUMS,
    Target, checksum_file, read_checksum_file, read_index, read_index_file,
};
use crate::attestation::{SigningKey, audit, sign_statement};
use crate::build::Workspace;
use crate::checksum::sha256_hex;
use crate::events::Silent;
use crate::inside::inside;
use crate::regular_file;

/// Largest statement and list of checksums in bytes.
const LARGEST: u64 = 64 << 20;

/// What came of merging.
#[derive(Debug)]
pub struct MergedRelease {
    /// How many parts it was made of.
    pub parts: usize,
    /// Its targets, in the order of the release file.
    pub targets: Vec<IndexTarget>,
}

/// A part with its index.
struct Made<'a> {
    directory: &'a Path,
    index: Index,
    part: IndexPart,
}

/// Makes one release of the parts in `directories`: every part once, each as it was published, none missing. Nothing is
/// published unless all of that holds. Neither an engine nor a network is asked.
///
/// # Errors
/// [`ReleaseError::Merge`]; [`ReleaseError::Artifact`] where the files at the top could not be written.
pub async fn merge_parts(
    file: &ReleaseFile,
    directories: &[PathBuf],
    workspace: &Workspace,
    progress: &dyn ReleaseSink,
    presentation: Presentation,
) -> Result<MergedRelease, ReleaseError> {
    let names = file.names(workspace);
    let parts = directories.iter();
    let parts: Vec<_> = parts
        .map(|directory| read(directory, &names))
        .collect::<Result<_, _>>()?;
    refuse_incomplete(&parts)?;
    let in_order = in_order(&parts, &names)?;
    for part in &parts {
        examine(part, file.signing.as_deref())?;
    }
    let before = read_index(&file.output);
    for (part, target) in &in_order {
        take(file, part, target, workspace).await?;
    }
    let times = RunTimes::of(parts.iter().map(|part| &part.index));
    let targets: Vec<_> = in_order
        .iter()
        .map(|(part, target)| times.shifted(&part.index, target))
        .collect();
    let index = NewIndex {
        run: times.run(),
        part: None,
        targets: targets.clone(),
    };
    let is_whole = |target: &IndexTarget| !matches!(target.result, IndexResult::Failed { .. });
    let prune = file.prune && targets.iter().all(is_whole);
    write_top(file, index, before, prune, progress, presentation)?;
    Ok(MergedRelease {
        parts: parts.len(),
        targets,
    })
}

fn read<'a>(directory: &'a Path, names: &[String]) -> Result<Made<'a>, MergeError> {
    let mut index =
        read_index_file(&directory.join(INDEX)).map_err(|source| MergeError::Index {
            directory: directory.to_owned(),
            source,
        })?;
    let directory_of = || directory.to_owned();
    let Some(part) = index.part.take() else {
        return Err(MergeError::Whole {
            directory: directory_of(),
        });
    };
    // Numbers that somebody wrote: as many parts as they say would be looked for.
    let numbers: Result<Part, String> = format!("{}/{}", part.number, part.of).parse();
    numbers.map_err(|reason| MergeError::Index {
        directory: directory_of(),
        source: io::Error::other(reason),
    })?;
    if part.all != names {
        return Err(MergeError::OtherTargets {
            directory: directory_of(),
            difference: difference(&part.all, names),
        });
    }
    if index.targets.len() != part.own.len() {
        return Err(MergeError::Unfinished {
            directory: directory_of(),
            tried: index.targets.len(),
            own: part.own.len(),
        });
    }
    Ok(Made {
        directory,
        index,
        part,
    })
}

/// The first difference between the targets of a part and those of the release file.
fn difference(of_part: &[String], of_file: &[String]) -> String {
    let further = of_part.iter().find(|name| !of_file.contains(name));
    let missing = of_file.iter().find(|name| !of_part.contains(name));
    match (further, missing) {
        (Some(name), _) => format!("which has no {name}"),
        (None, Some(name)) => format!("which also has {name}"),
        (None, None) => "which has them in another order".to_owned(),
    }
}

/// Refuses parts that are not each part of a number once.
fn refuse_incomplete(parts: &[Made<'_>]) -> Result<(), MergeError> {
    let mut numbers = BTreeMap::new();
    for made in parts {
        let first = &parts[0];
        let of = made.part.of;
        if of != first.part.of {
            return Err(MergeError::OtherNumber {
                directory: made.directory.to_owned(),
                of,
                other: first.directory.to_owned(),
                others: first.part.of,
            });
        }
        if let Some(first) = numbers.insert(made.part.number, made.directory) {
            return Err(MergeError::DoubledPart {
                number: made.part.number,
                first: first.to_owned(),
                second: made.directory.to_owned(),
            });
        }
    }
    let of = parts.first().map_or(0, |made| made.part.of);
    let missing: Vec<_> = (1..=of)
        .filter(|number| !numbers.contains_key(number))
        .collect();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(MergeError::MissingParts { of, missing })
    }
}

/// Every target with its part, in the order of the release file.
fn in_order<'a>(
    parts: &'a [Made<'a>],
    names: &[String],
) -> Result<Vec<(&'a Made<'a>, &'a IndexTarget)>, MergeError> {
    let mut rest: Vec<_> = parts
        .iter()
        .map(|made| {
            (
                made,
                made.part.own.iter().zip(&made.index.targets).peekable(),
            )
        })
        .collect();
    let mut found: Vec<(&Made<'_>, &IndexTarget)> = Vec::new();
    let mut places = BTreeMap::new();
    for name in names {
        let mut of_name = None;
        for (made, targets) in &mut rest {
            let Some((_, target)) = targets.next_if(|(own, _)| *own == name) else {
                continue;
            };
            if let Some((first, _)) = of_name {
                let first: &Made<'_> = first;
                return Err(MergeError::DoubledTarget {
                    target: name.clone(),
                    first: first.directory.to_owned(),
                    second: made.directory.to_owned(),
                });
            }
            of_name = Some((*made, target));
        }
        let Some((made, target)) = of_name else {
            return Err(MergeError::MissingTarget {
                target: name.clone(),
            });
        };
        let folder = target.folder();
        if let Some(first) = places.insert(folder.clone(), made.directory) {
            return Err(MergeError::SamePlace {
                folder,
                first: first.to_owned(),
                second: made.directory.to_owned(),
            });
        }
        found.push((made, target));
    }
    Ok(found)
}

/// Compares everything in a part with what was recorded, and judges its programs by their content.
fn examine(made: &Made<'_>, key: Option<&SigningKey>) -> Result<(), MergeError> {
    // What is not signed yet is signed when it is merged.
    let keys = key.filter(|_| made.index.signed_by.is_some());
    let keys: Vec<_> = keys.map(SigningKey::public).into_iter().collect();
    let audit = audit(made.directory, &keys).map_err(|source| MergeError::Audit {
        directory: made.directory.to_owned(),
        source,
    })?;
    match audit.problems.into_iter().next() {
        None => Ok(()),
        Some(problem) => Err(MergeError::Differs {
            directory: made.directory.to_owned(),
            file: problem.file,
            problem: problem.message,
        }),
    }
}

/// Puts the result of a target, or the record of its failure, in its place in the release.
async fn take(
    file: &ReleaseFile,
    made: &Made<'_>,
    target: &IndexTarget,
    workspace: &Workspace,
) -> Result<(), MergeError> {
    let folder = target.folder();
    let mut names = folder.split('/');
    let (Some(recipe), Some(version), Some(platform), None) =
        (names.next(), names.next(), names.next(), names.next())
    else {
        return Err(MergeError::Differs {
            directory: made.directory.to_owned(),
            file: INDEX.to_owned(),
            problem: format!("{folder} is no directory of a result"),
        });
    };
    let claim = |run| async move {
        let locks = workspace.locks();
        let names = [recipe, version, platform];
        // Nobody is told that a directory is waited for.
        Target::claim(&file.output, names, run, &locks, &Silent, &workspace.cancel).await
    };
    let run = format!("merge-{}", std::process::id());
    match &target.result {
        IndexResult::Published { files, .. } => {
            let place = claim(&run).await?;
            let from = inside(made.directory, &folder).map_err(copying(made.directory))?;
            for published in files {
                copy(&from, published, made, place.staging())?;
            }
            if let Some(key) = &file.signing {
                sign_result(place.staging(), key)?;
            }
            place.publish()?;
        }
        IndexResult::Failed { .. } => {
            let from = made.directory.join(target.failed_folder());
            if from.is_dir() {
                let place = claim(&run).await?;
                for name in names_in(&from)? {
                    let to = place.staging().join(&name);
                    place_file(&from.join(&name), &to, 0o644).map_err(copying(&to))?;
                }
                place.keep_whole_record_of_failure()?;
            }
        }
        IndexResult::NotNeeded { .. } => {}
    }
    Ok(())
}

/// Copies a file of a result, and compares the copy with the index.
fn copy(
    from: &Path,
    published: &IndexFile,
    made: &Made<'_>,
    staging: &Path,
) -> Result<(), MergeError> {
    let source = inside(from, &published.path).map_err(copying(from))?;
    let to = inside(staging, &published.path).map_err(copying(staging))?;
    let metadata = fs::symlink_metadata(&source).map_err(copying(&source))?;
    let is_program = metadata.permissions().mode() & 0o100 != 0;
    let permissions = if is_program { 0o755 } else { 0o644 };
    place_file(&source, &to, permissions).map_err(copying(&source))?;
    let sha256 = file_sha256(&to).map_err(copying(&to))?;
    if sha256 == published.sha256 {
        return Ok(());
    }
    Err(MergeError::Differs {
        directory: made.directory.to_owned(),
        file: source.display().to_string(),
        problem: format!("sha256 {sha256} instead of {}", published.sha256),
    })
}

/// Signs the statement of a result that is not signed yet.
fn sign_result(staging: &Path, key: &SigningKey) -> Result<(), MergeError> {
    let unsigned = staging.join(PROVENANCE);
    let statement = match regular_file::read_text(&unsigned, LARGEST) {
        Ok(statement) => statement,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(copying(&unsigned)(source)),
    };
    let signed = sign_statement(&statement, key);
    let (envelope, sums) = (staging.join(ENVELOPE), staging.join(SHA256SUMS));
    fs::write(&envelope, &signed).map_err(copying(&envelope))?;
    fs::remove_file(&unsigned).map_err(copying(&unsigned))?;
    let text = regular_file::read_text(&sums, LARGEST).map_err(copying(&sums))?;
    let mut listed = read_checksum_file(&text).map_err(|(line, problem)| {
        copying(&sums)(io::Error::other(format!("line {line}: {problem}")))
    })?;
    listed.remove(PROVENANCE);
    listed.insert(ENVELOPE.to_owned(), sha256_hex(signed.as_bytes()));
    fs::write(&sums, checksum_file(&listed)).map_err(copying(&sums))
}

fn names_in(directory: &Path) -> Result<Vec<std::ffi::OsString>, MergeError> {
    let entries = fs::read_dir(directory).map_err(copying(directory))?;
    let names = entries.map(|entry| entry.map(|entry| entry.file_name()));
    names.collect::<io::Result<_>>().map_err(copying(directory))
}

fn copying(path: &Path) -> impl Fn(io::Error) -> MergeError {
    let path = path.to_owned();
    move |source| MergeError::Copy {
        path: path.clone(),
        source,
    }
}
