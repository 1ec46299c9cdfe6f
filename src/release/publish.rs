//! The files at the top of a release.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::ReleaseError;
use super::file::ReleaseFile;
use super::outcome::{ExitCodeOf, FinishedTarget, Outcome};
use super::progress::ReleaseSink;
use super::target::Target;
use crate::artifacts::{
    ArtifactError, CHECKSUMS_MINISIG, CHECKSUMS_SIG, Index, IndexResult, IndexTarget, SHA256SUMS,
    TOOL, leftovers, read_index, replace_file, write_index,
};
use crate::attestation::{SigningKey, audit, checksums_signature_name, sign_checksums};
use crate::events::{Note, Warning};
use crate::recipe::{Name, bare};

/// Writes the index and the checksums of what is published. Targets that were not chosen keep what an earlier run
/// wrote of them.
pub(super) fn write_release(
    file: &ReleaseFile,
    finished: &[FinishedTarget<'_>],
    progress: &dyn ReleaseSink,
    exit_code: ExitCodeOf,
) -> Result<(), ReleaseError> {
    let root = &file.output;
    let earlier = read_index(root);
    let earlier = Earlier::of(earlier.as_ref());
    let is_whole = is_whole(file, finished);
    let mut targets = Vec::new();
    // They finish in the order of the file.
    let mut finished = finished.iter().peekable();
    for target in &file.targets {
        match finished.next_if(|finished| std::ptr::eq(finished.target, target)) {
            Some(finished) => targets.extend(entry(finished, exit_code)),
            None => targets.extend(earlier.entries_of(target).into_iter().cloned()),
        }
    }
    if targets.is_empty() {
        return Ok(());
    }
    std::fs::create_dir_all(root).map_err(ArtifactError::unwritable(root))?;
    let index = write_index(root, TOOL, targets)?;
    let is_gone = write_signature(root, file.signing.as_deref())?;
    if is_gone {
        progress.tell(&Warning::NoLongerSigned.into());
    }
    for leftover in leftovers(root, &index) {
        let path = root.join(&leftover.folder);
        if file.prune && is_whole {
            leftover
                .remove(root)
                .map_err(ArtifactError::unwritable(&path))?;
            progress.tell(&Note::Pruned(path).into());
        } else if leftover.is_failure {
            progress.tell(&Warning::ForeignFailure(path).into());
        } else {
            progress.tell(&Warning::ForeignResult(path).into());
        }
    }
    Ok(())
}

/// Whether every target of the file is published or needs no build. Of one that failed, was skipped or was not chosen, the
/// earlier result may have a place that is not known now.
fn is_whole(file: &ReleaseFile, finished: &[FinishedTarget<'_>]) -> bool {
    let is_well = |target: &FinishedTarget<'_>| match target.outcome {
        Outcome::Published(_) | Outcome::NotNeeded(_) => true,
        Outcome::Failed(_) | Outcome::Skipped => false,
    };
    finished.len() == file.targets.len() && finished.iter().all(is_well)
}

/// Refuses to sign what an earlier run published and this one leaves alone, unless the same key signed it and it is what
/// was signed: the signature at the top is for all files below it.
///
/// # Errors
/// [`ReleaseError::Unsigned`], [`ReleaseError::Audit`].
pub fn refuse_unsigned(file: &ReleaseFile) -> Result<(), ReleaseError> {
    let Some(key) = &file.signing else {
        return Ok(());
    };
    let (earlier, keys) = (read_index(&file.output), [key.public()]);
    let earlier = Earlier::of(earlier.as_ref());
    for target in file.left_out() {
        for entry in earlier.entries_of(target) {
            if !matches!(entry.result, IndexResult::Published { .. }) {
                continue;
            }
            let folder = file.output.join(entry.folder());
            let audit = audit(&folder, &keys)?;
            if let Some(problem) = audit.problems.into_iter().next() {
                return Err(ReleaseError::Unsigned {
                    directory: folder,
                    file: problem.file,
                    problem: problem.message,
                });
            }
        }
    }
    Ok(())
}

/// What an earlier index has, by recipe, variant and version.
struct Earlier<'a>(BTreeMap<(&'a str, Option<&'a str>), Versions<'a>>);

/// Entries by version.
type Versions<'a> = BTreeMap<&'a str, Vec<&'a IndexTarget>>;

impl<'a> Earlier<'a> {
    fn of(index: Option<&'a Index>) -> Self {
        let mut found = BTreeMap::<_, BTreeMap<_, Vec<_>>>::new();
        for entry in index.into_iter().flat_map(|index| &index.targets) {
            let of_recipe = found.entry((entry.recipe.as_str(), entry.variant.as_deref()));
            let of_version = of_recipe.or_default().entry(bare(&entry.version));
            of_version.or_default().push(entry);
        }
        Self(found)
    }

    /// What it has of a target.
    fn entries_of<'b>(&'b self, target: &'b Target) -> Vec<&'b IndexTarget> {
        let variant = target.variant.as_ref().map(Name::as_str);
        let Some(versions) = self.0.get(&(target.recipe.as_str(), variant)) else {
            return Vec::new();
        };
        let entries: Vec<_> = match target.version.as_deref().map(bare) {
            Some(version) => versions.get(version).into_iter().flatten().collect(),
            None => versions.values().flatten().collect(),
        };
        let arch = target.arch.as_ref().map(|arch| format!("linux-{arch}"));
        let is_meant =
            |entry: &&IndexTarget| arch.as_ref().is_none_or(|arch| *arch == entry.platform);
        entries.into_iter().copied().filter(is_meant).collect()
    }
}

/// Signs the checksums of the release in `root`. A signature that is not by `key` is removed. Returns whether there was a
/// signature and is none now, because there is no key.
fn write_signature(root: &Path, key: Option<&SigningKey>) -> Result<bool, ArtifactError> {
    let mut is_gone = false;
    let wanted = key.map(|key| (key, checksums_signature_name(key.public().kind())));
    for name in [CHECKSUMS_MINISIG, CHECKSUMS_SIG] {
        let path = root.join(name);
        match wanted.filter(|(_, wanted)| *wanted == name) {
            Some((key, _)) => {
                let sums = root.join(SHA256SUMS);
                let text = std::fs::read(&sums).map_err(ArtifactError::unwritable(&sums))?;
                replace_file(&path, sign_checksums(&text, key).as_bytes(), 0o644)
                    .map_err(ArtifactError::unwritable(&path))?;
            }
            None => match std::fs::remove_file(&path) {
                Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                    return Err(ArtifactError::Unwritable { path, source });
                }
                Ok(()) if key.is_none() => is_gone = true,
                _ => {}
            },
        }
    }
    Ok(is_gone)
}

/// What the index says of a target; nothing where it was not tried.
fn entry(finished: &FinishedTarget<'_>, exit_code: ExitCodeOf) -> Option<IndexTarget> {
    let place = &finished.place;
    let mut entry = IndexTarget {
        recipe: finished.target.recipe.to_string(),
        version: place.version.clone(),
        platform: place.platform.clone(),
        variant: finished.target.variant.as_ref().map(Name::to_string),
        result: IndexResult::NotNeeded {
            reason: String::new(),
        },
    };
    entry.result = match &finished.outcome {
        Outcome::Published(_) => IndexResult::Published {
            folder: entry.folder(),
            files: Vec::new(),
        },
        Outcome::NotNeeded(reason) => IndexResult::NotNeeded {
            reason: reason.clone(),
        },
        Outcome::Failed(error) => IndexResult::Failed {
            exit_code: exit_code(error),
            message: error.to_string(),
        },
        Outcome::Skipped => return None,
    };
    Some(entry)
}
