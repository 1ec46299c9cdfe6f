//! A result goes to its place, or the log of its failure beside that.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

use super::attempt::Attempt;
use super::companions;
use super::current::{RunCheckResult, identity};
use super::error::{BuildError, FailedBuild, FailureLog};
use super::manifest::known_holes;
use super::order::RunCheck;
use super::result::{BuildResult, CacheOutcome};
use super::run_check::was_run;
use super::staging::stage;
use crate::artifacts::cache::file_sha256;
use crate::artifacts::{
    ArtifactError, BUILD_LOG, BuildLog, MANIFEST, Manifest, SHA256SUMS, Target, checksum_file,
};
use crate::events::{Note, Stage, Warning};
use crate::number_of::number_of;
use crate::plan::canonical_json;

/// Name of the file with the checks of outputs that did not pass them, beside the log.
const FINDINGS: &str = "findings.json";

impl Attempt<'_> {
    /// Puts the staged result in its place.
    pub(super) fn publish(
        &self,
        target: Target,
        mut manifest: Manifest,
        outcome: CacheOutcome,
        key: Option<&str>,
    ) -> Result<BuildResult, BuildError> {
        let staging = target.staging();
        let formats = self.order.destination.packages.iter();
        let formats: Vec<_> = formats.map(|format| format.as_str()).collect();
        let detail = match formats.as_slice() {
            [] => "no packages".to_owned(),
            formats => format!("packages: {}", formats.join(", ")),
        };
        let publishing = Stage::begin(self.sink, "publish", detail);
        // Whatever the result was built for first, this is what it is published for now.
        let known_holes = known_holes(&self.prepared.plan, &manifest);
        if manifest.like != self.prepared.like || manifest.known_holes != known_holes {
            manifest.like.clone_from(&self.prepared.like);
            manifest.known_holes = known_holes;
            stage(staging, MANIFEST, &canonical_json(&manifest))?;
        }
        let (name, text) =
            companions::complete(self.prepared, &manifest, staging, &self.order.destination)?;
        stage(staging, name, &text)?;
        let sums = sums(staging, &manifest).map_err(|source| {
            let path = staging.to_path_buf();
            ArtifactError::Unwritable { path, source }
        })?;
        stage(staging, SHA256SUMS, &checksum_file(&sums))?;
        let directory = target.publish()?;
        publishing.end(number_of(sums.len() + 1, "file"));
        if let Some(key) = key {
            let run_check = self.run_check_result(&manifest);
            let identity = identity(key, self.prepared, self.order, run_check);
            if let Err(error) = self.workspace.stamps().note(&directory, &identity) {
                self.warn(Warning::NotNoted(error.to_string()));
            }
        }
        if outcome == CacheOutcome::Cached {
            let note = Note::Cached(manifest.built_at.clone());
            self.sink.event(&note.into());
        }
        Ok(BuildResult {
            directory,
            manifest,
            outcome,
            key: key.map(str::to_owned),
        })
    }

    fn run_check_result(&self, manifest: &Manifest) -> RunCheckResult {
        if self.order.checks.run == RunCheck::Skipped {
            RunCheckResult::Skipped
        } else if self.is_foreign() || was_run(manifest) {
            RunCheckResult::Passed
        } else {
            RunCheckResult::NotShown
        }
    }

    /// Keeps the log of a failed build, and what its checks found.
    pub(super) fn record(&self, error: BuildError, target: Target, log: &BuildLog) -> FailedBuild {
        let mut failed = FailedBuild::from(error);
        failed.could_save_memory = self.prepared.plan.build.needs.could_save_memory;
        if failed.error.is_interruption() || log.is_empty() {
            return failed;
        }
        let findings = match &failed.error {
            BuildError::Unproven { files } => vec![(FINDINGS, canonical_json(files))],
            _ => Vec::new(),
        };
        let kept = log
            .finish()
            .and_then(|()| target.keep_record_of_failure(&findings));
        failed.log = match kept {
            Ok(directory) => FailureLog::Kept(directory.join(BUILD_LOG)),
            Err(error) => FailureLog::Lost(error),
        };
        failed
    }
}

/// Sha256 of each file in a directory, by name; those of the manifest are known.
fn sums(directory: &Path, manifest: &Manifest) -> io::Result<BTreeMap<String, String>> {
    let outputs = manifest.files.iter();
    let known = outputs.map(|file| (file.name.clone(), file.sha256.clone()));
    let mut sums: BTreeMap<_, _> = known.collect();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name != SHA256SUMS && !sums.contains_key(&name) {
            sums.insert(name, file_sha256(&entry.path())?);
        }
    }
    Ok(sums)
}
