//! The files at the top of a release.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::ReleaseError;
use super::file::ReleaseFile;
use super::outcome::{FinishedTarget, Outcome, Presentation};
use super::part::Part;
use super::progress::ReleaseSink;
use super::repositories::write_repositories;
use super::target::Target;
use super::timeline::Timeline;
use crate::artifacts::{
    ArtifactError, CHECKSUMS_MINISIG, CHECKSUMS_SIG, INDEX, INDEX_FORMAT, Index, IndexBuild,
    IndexHow, IndexKey, IndexPart, IndexResult, IndexRun, IndexTarget, LeftoverKind, SHA256SUMS,
    TOOL, leftovers, list_files, read_checksum_file, read_index, read_manifest, replace_file,
    write_index,
};
use crate::attestation::{SigningKey, audit, checksums_signature_name, sign_checksums};
use crate::checksum::sha256_hex;
use crate::events::{Note, Warning};
use crate::recipe::{Name, bare};
use crate::regular_file;

/// Largest list of checksums in bytes.
const LARGEST: u64 = 64 << 20;

/// Writes the index, its page and the checksums of what is published. Targets that were not chosen keep what an earlier run
/// wrote of them.
pub(super) fn write_release(
    file: &ReleaseFile,
    finished: &[FinishedTarget<'_>],
    timeline: &Timeline<'_>,
    presentation: Presentation,
) -> Result<(), ReleaseError> {
    let root = &file.output;
    let before = read_index(root);
    let part = file.part.clone();
    let earlier = Earlier::of(before.as_ref());
    let is_whole = is_whole(file, finished);
    let mut targets = Vec::new();
    // They finish in the order of the file.
    let mut finished = finished.iter().peekable();
    for target in &file.targets {
        match finished.next_if(|finished| std::ptr::eq(finished.target, target)) {
            Some(finished) => targets.extend(entry(finished, timeline, presentation)),
            None => targets.extend(
                earlier
                    .entries_of(target)
                    .into_iter()
                    .map(|entry| kept(root, entry)),
            ),
        }
    }
    if targets.is_empty() {
        return Ok(());
    }
    let index = NewIndex {
        run: timeline.run(),
        part,
        targets,
    };
    let prune = file.prune && is_whole;
    write_top(file, index, before, prune, timeline, presentation)
}

/// What a run makes of an index.
pub(super) struct NewIndex {
    pub(super) run: IndexRun,
    pub(super) part: Option<IndexPart>,
    pub(super) targets: Vec<IndexTarget>,
}

/// Writes the files at the top of the release whose results are in their places, where `before` was the index, and says
/// what is there that no target has, or removes it.
pub(super) fn write_top(
    file: &ReleaseFile,
    new: NewIndex,
    before: Option<Index>,
    prune: bool,
    progress: &dyn ReleaseSink,
    presentation: Presentation,
) -> Result<(), ReleaseError> {
    let root = &file.output;
    std::fs::create_dir_all(root).map_err(ArtifactError::unwritable(root))?;
    let key = file.signing.as_deref();
    let mut index = Index {
        format: INDEX_FORMAT,
        tool: TOOL.to_owned(),
        run: Some(new.run),
        signed_by: key.map(|key| IndexKey {
            id: key.public().id(),
            signature: checksums_signature_name(key.public().kind()).to_owned(),
        }),
        part: new.part,
        removed: Vec::new(),
        repositories: Vec::new(),
        targets: new.targets,
    };
    list_files(root, &mut index)?;
    // Those of a release have the packages of all parts.
    if let (Some(repositories), None) = (&file.repositories, &index.part) {
        let key = file.package_key.as_deref();
        let key = key.ok_or(ReleaseError::NoPackageKey)?;
        index.repositories = write_repositories(root, &index, repositories, key)?;
    }
    if let Some(before) = before {
        index.follow(before, |text| is_signed(root, text, key));
    }
    let sums = write_index(root, &index, &(presentation.page)(&index))?;
    let is_gone = write_signature(root, &sums, key)?;
    if is_gone {
        progress.tell(&Warning::NoLongerSigned.into());
    }
    for leftover in leftovers(root, &index) {
        let path = root.join(&leftover.folder);
        if prune {
            leftover
                .remove(root)
                .map_err(ArtifactError::unwritable(&path))?;
            progress.tell(&Note::Pruned(path).into());
        } else {
            let warning = match leftover.kind {
                LeftoverKind::Failure => Warning::ForeignFailure(path),
                LeftoverKind::Result => Warning::ForeignResult(path),
                LeftoverKind::Repository => Warning::ForeignRepository(path),
            };
            progress.tell(&warning.into());
        }
    }
    Ok(())
}

/// An entry of an earlier index, of a target that was not chosen this time. What it was made from is read from its manifest:
/// that is signed, where the index of before may be anybody's.
fn kept(root: &Path, entry: &IndexTarget) -> IndexTarget {
    let mut entry = IndexTarget {
        how: None,
        stages: Vec::new(),
        changes: Vec::new(),
        ..entry.clone()
    };
    let folder = root.join(entry.folder());
    if let IndexResult::Published { build, .. } = &mut entry.result {
        let manifest = read_manifest(&folder).ok();
        *build = manifest.map(|manifest| Box::new(IndexBuild::of(&manifest)));
        entry.how = Some(IndexHow::Unchanged);
    }
    entry
}

/// Whether the index with that text is the one that `key` signed; without a key nothing is signed.
fn is_signed(root: &Path, index: &str, key: Option<&SigningKey>) -> bool {
    let Some(key) = key else {
        return true;
    };
    let read = |name: &str| regular_file::read_text(&root.join(name), LARGEST).ok();
    let signature = checksums_signature_name(key.public().kind());
    let (Some(sums), Some(signature)) = (read(SHA256SUMS), read(signature)) else {
        return false;
    };
    let listed = read_checksum_file(&sums).unwrap_or_default();
    // A key signs the same text in the same way every time.
    signature == sign_checksums(sums.as_bytes(), key)
        && listed.get(INDEX) == Some(&sha256_hex(index.as_bytes()))
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

/// Refuses to make a part where another one is, or a release: what is in a part is told apart by its directory.
///
/// # Errors
/// [`ReleaseError::OtherPart`].
pub fn refuse_other_part(file: &ReleaseFile) -> Result<(), ReleaseError> {
    let Some(part) = &file.part else {
        return Ok(());
    };
    let Some(there) = read_index(&file.output) else {
        return Ok(());
    };
    let there = match &there.part {
        Some(there) if there == part => return Ok(()),
        Some(there) if (there.number, there.of) == (part.number, part.of) => {
            "the same part of other targets, or made by other durations".to_owned()
        }
        Some(there) => format!("part {}/{}", there.number, there.of),
        None => "a release".to_owned(),
    };
    Err(ReleaseError::OtherPart {
        output: file.output.clone(),
        there,
        part: Part {
            number: part.number,
            of: part.of,
        },
    })
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

/// Signs `sums`, the checksums of the release in `root`. A signature that is not by `key` is removed. Returns whether there was
/// a signature and is none now, because there is no key.
fn write_signature(
    root: &Path,
    sums: &str,
    key: Option<&SigningKey>,
) -> Result<bool, ArtifactError> {
    let mut is_gone = false;
    let wanted = key.map(|key| (key, checksums_signature_name(key.public().kind())));
    for name in [CHECKSUMS_MINISIG, CHECKSUMS_SIG] {
        let path = root.join(name);
        match wanted.filter(|(_, wanted)| *wanted == name) {
            Some((key, _)) => {
                let signature = sign_checksums(sums.as_bytes(), key);
                replace_file(&path, signature.as_bytes(), 0o644)
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
fn entry(
    finished: &FinishedTarget<'_>,
    timeline: &Timeline<'_>,
    presentation: Presentation,
) -> Option<IndexTarget> {
    let (place, how) = (&finished.place, &finished.outcome);
    let mut entry = IndexTarget {
        recipe: finished.target.recipe.to_string(),
        version: place.version.clone(),
        platform: place.platform.clone(),
        variant: finished.target.variant.as_ref().map(Name::to_string),
        how: match how {
            Outcome::Published(built) => Some(built.outcome.into()),
            _ => None,
        },
        stages: timeline.stages_of(&finished.label),
        changes: Vec::new(),
        result: IndexResult::NotNeeded {
            reason: String::new(),
        },
    };
    entry.result = match how {
        Outcome::Published(built) => IndexResult::Published {
            folder: entry.folder(),
            files: Vec::new(),
            build: Some(Box::new(IndexBuild::of(&built.manifest))),
        },
        Outcome::NotNeeded(reason) => IndexResult::NotNeeded {
            reason: reason.clone(),
        },
        Outcome::Failed(error) => IndexResult::Failed {
            exit_code: (presentation.exit_code)(error),
            message: error.to_string(),
        },
        Outcome::Skipped => return None,
    };
    Some(entry)
}
