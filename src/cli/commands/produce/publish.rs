//! A result goes to its place, or the log of its failure beside that.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::super::trial::was_tried;
use super::super::{beside, explain};
use super::make::Making;
use super::order::{Trial, Tried, identity};
use super::result::{How, Produced};
use crate::artifacts::cache::file_sha256;
use crate::artifacts::{
    ArtifactError, BUILD_LOG, BuildLog, MANIFEST, Manifest, SHA256SUMS, Target, checksum_file,
};
use crate::events::Event;
use crate::failure::{Failure, FailureKind};
use crate::plan::canonical_json;

impl Making<'_> {
    /// Puts the staged result in its place.
    pub(super) fn publish(
        &self,
        target: Target,
        mut manifest: Manifest,
        how: How,
        key: Option<&str>,
    ) -> Result<Produced, Failure> {
        let staging = target.staging();
        // Whatever the result was built for first, this is what it is published for now.
        if manifest.like != self.prepared.like {
            manifest.like.clone_from(&self.prepared.like);
            replace(staging, MANIFEST, &canonical_json(&manifest))?;
        }
        let (name, text) = beside::complete(self.prepared, &manifest, staging, &self.order.beside)?;
        replace(staging, name, &text)?;
        let sums = sums(staging, &manifest).map_err(|source| {
            let path = staging.to_path_buf();
            explain::artifact(ArtifactError::Unwritable { path, source })
        })?;
        replace(staging, SHA256SUMS, &checksum_file(&sums))?;
        let folder = target.publish().map_err(explain::artifact)?;
        if let Some(key) = key {
            let tried = self.tried(&manifest);
            let identity = identity(key, self.prepared, self.order, tried);
            if let Err(error) = self.invocation.stamps().note(&folder, &identity) {
                self.warn(format!("what was published could not be noted: {error}"));
            }
        }
        if how == How::Cached {
            let text = format!(
                "it was built at {} and is taken from the cache; --no-cache builds it again",
                manifest.built_at
            );
            self.sink.event(&Event::Note { text });
        }
        Ok(Produced {
            folder,
            manifest,
            how,
        })
    }
}

impl Making<'_> {
    /// What became of the trial of the result.
    fn tried(&self, manifest: &Manifest) -> Tried {
        if self.order.trial == Trial::No {
            Tried::No
        } else if self.is_foreign() || was_tried(manifest) {
            Tried::Passed
        } else {
            Tried::NotShown
        }
    }
}

/// Writes a file of its own: the one that is there may be the cache's as well.
pub(super) fn replace(folder: &Path, name: &str, text: &str) -> Result<(), Failure> {
    let path = folder.join(name);
    let removed = match fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    };
    removed
        .and_then(|()| fs::write(&path, text))
        .map_err(|source| explain::artifact(ArtifactError::Unwritable { path, source }))
}

/// Sha256 of each file in a folder, by name; those of the manifest are known.
fn sums(folder: &Path, manifest: &Manifest) -> std::io::Result<BTreeMap<String, String>> {
    let outputs = manifest.files.iter();
    let known = outputs.map(|file| (file.name.clone(), file.sha256.clone()));
    let mut sums: BTreeMap<_, _> = known.collect();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name != SHA256SUMS && !sums.contains_key(&name) {
            sums.insert(name, file_sha256(&entry.path())?);
        }
    }
    Ok(sums)
}

/// Keeps the log of a failed run and tells where it is.
pub(super) fn record(
    mut failure: Failure,
    target: Target,
    log: &BuildLog,
    further: &[(&str, String)],
) -> Failure {
    if failure.kind == FailureKind::Interrupted || log.is_empty() {
        return failure;
    }
    let kept = log
        .finish()
        .and_then(|()| target.keep_record_of_failure(further));
    match kept {
        Ok(folder) => failure.hints.push(format!(
            "the whole log is {}",
            folder.join(BUILD_LOG).display()
        )),
        Err(error) => failure
            .hints
            .push(format!("the log could not be kept: {error}")),
    }
    failure
}
