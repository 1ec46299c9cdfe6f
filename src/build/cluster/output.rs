//! What a pod made, out of the registry: judged by its content. Of its manifest, only what somebody has to have been there for is
//! believed: how long steps took, which packages the image has, what a program printed, what could not be enforced.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::document::{FORMAT, LARGEST, OUTPUT_TYPE, PodFailure, RESULT, WorkResult};
use super::error::ClusterBuildError;
use crate::artifacts::{
    BUILD_LOG, BuildLog, COMPANION_FILES, CollectedFile, Manifest, ManifestFile, ManifestSource,
    StepRecord, Toolchain, read_manifest,
};
use crate::build::prepared::Prepared;
use crate::engine::ClusterReport;
use crate::events::{Event, Sink};
use crate::execute::{Built, UsedImage, accepted};
use crate::failure::with_causes;
use crate::harmless::harmless;
use crate::inside::inside;
use crate::plan::PlannedSource;
use crate::source::Patch;
use crate::transport::{
    ArtifactName, Content, Descriptor, Place, Repository, TITLE, TransportError,
};
use crate::verify::{Check, CheckName, Expectations};

/// Most bytes of a result.
const LARGEST_RESULT: u64 = 16 << 30;
/// Longest text of a pod that is shown, in characters.
const LONGEST: usize = 4000;
/// Longest line of its log in bytes.
const LONGEST_LINE: u64 = 1 << 20;

/// What came out of the registry, compared with the plan and not judged yet.
pub(super) struct Taken {
    pub(super) built: Built,
    /// What the outputs printed about their version where they were built, by file name.
    pub(super) versions: BTreeMap<String, Check>,
    /// The node that it was built on.
    pub(super) node: Option<String>,
}

/// A result on its way out of the registry.
pub(super) struct Outputs<'a> {
    pub(super) title: &'a str,
    pub(super) prepared: &'a Prepared,
    pub(super) image: &'a UsedImage,
    pub(super) report: &'a ClusterReport,
    pub(super) place: &'a Place,
}

impl Outputs<'_> {
    /// Brings it into `spool`, and then its outputs into the directory `staging` and its log into `log`.
    pub(super) async fn take(
        &self,
        at: &Repository<'_>,
        spool: &Path,
        staging: &Path,
        log: &BuildLog,
    ) -> Result<Taken, ClusterBuildError> {
        let failed = |source| ClusterBuildError::Result {
            title: self.title.to_owned(),
            place: self.place.to_string(),
            source,
        };
        let name = ArtifactName::Digest(self.report.output.clone());
        let document = at.document(&name).await.map_err(failed)?;
        let layers = match document.content {
            Content::Manifest(manifest)
                if document.descriptor.artifact_type.as_deref() == Some(OUTPUT_TYPE) =>
            {
                manifest.layers
            }
            _ => return Err(self.not_used("it is an artifact of another type".to_owned())),
        };
        let sizes = layers.iter().map(|layer| layer.size);
        if sizes.fold(0, u64::saturating_add) > LARGEST_RESULT {
            return Err(self.not_used("it is too large".to_owned()));
        }
        let files = self.named(&layers)?;
        let result = self.result(at, &files).await?;
        for (name, layer) in &files {
            let path = inside(spool, name).map_err(|_| self.not_used("a file name".to_owned()))?;
            at.fetch_file(layer, &path).await.map_err(failed)?;
        }
        // Whatever came of it: the whole log is in the result.
        if files.contains_key(BUILD_LOG) {
            copy_log(&spool.join(BUILD_LOG), log)?;
        }
        if let Some(failure) = result.failure {
            let failure = shown(failure);
            return Err(ClusterBuildError::InPod { failure });
        }
        self.prove(spool, staging)
    }

    /// The layers by their file names, which lead nowhere else.
    fn named<'l>(
        &self,
        layers: &'l [Descriptor],
    ) -> Result<BTreeMap<&'l str, &'l Descriptor>, ClusterBuildError> {
        let mut files = BTreeMap::new();
        for layer in layers {
            let name = layer.annotations.get(TITLE).map_or("", String::as_str);
            let is_plain = !name.is_empty()
                && name.len() <= 255
                && !name.contains(['/', '\\'])
                && !name.starts_with('.')
                && !name.contains(char::is_control);
            if !is_plain || files.insert(name, layer).is_some() {
                let name: String = name.chars().take(80).collect();
                return Err(self.not_used(format!("the file name {:?}", harmless(&name))));
            }
        }
        Ok(files)
    }

    async fn result(
        &self,
        at: &Repository<'_>,
        files: &BTreeMap<&str, &Descriptor>,
    ) -> Result<WorkResult, ClusterBuildError> {
        let Some(layer) = files.get(RESULT) else {
            return Err(self.not_used(format!("it has no {RESULT}")));
        };
        let text = at.fetch_bytes(layer, LARGEST).await;
        let text = text.map_err(|source: TransportError| ClusterBuildError::Result {
            title: self.title.to_owned(),
            place: self.place.to_string(),
            source,
        })?;
        let result: WorkResult = serde_json::from_slice(&text)
            .map_err(|error| self.not_used(format!("{RESULT}: {error}")))?;
        if result.format != FORMAT {
            return Err(self.not_used(format!("{RESULT} has format {}", result.format)));
        }
        let plan = &self.prepared.plan;
        let key = plan.content_key(&self.image.image.content);
        if result.key != key {
            return Err(self.not_used(format!(
                "it is of the content key {}, not {key}",
                harmless(&result.key)
            )));
        }
        Ok(result)
    }

    /// Compares what came with the plan, and puts the outputs into the directory `staging`.
    fn prove(&self, spool: &Path, staging: &Path) -> Result<Taken, ClusterBuildError> {
        let of_pod = read_manifest(spool).map_err(|error| self.not_used(with_causes(&error)))?;
        let plan = &self.prepared.plan;
        self.compare(&of_pod)?;
        for output in &plan.outputs {
            if !of_pod.files.iter().any(|file| file.name == output.name) {
                return Err(self.not_used(format!("it has no {}", output.name)));
            }
        }
        let (mut files, mut versions) = (Vec::new(), BTreeMap::new());
        for said in &of_pod.files {
            let (file, expectations) = self.output(said, spool, staging)?;
            let mut checks = said.checks.iter();
            match checks.find(|check| check.name == CheckName::Version) {
                Some(version) => drop(versions.insert(said.name.clone(), version.clone())),
                None if expectations.version.is_some() => {
                    return Err(
                        self.not_used(format!("{}: its version was not checked", said.name))
                    );
                }
                None => {}
            }
            files.push((file, expectations));
        }
        let patched_tree = self.patched_tree()?;
        let toolchain = self.toolchain(&of_pod)?;
        let steps = self.steps(&of_pod)?;
        Ok(Taken {
            built: Built {
                image: self.image.clone(),
                patched_tree,
                packages: of_pod.image.packages,
                toolchain,
                steps,
                files,
                version_runs: BTreeMap::new(),
                not_enforced: of_pod.not_enforced,
            },
            versions,
            node: self.report.node.clone(),
        })
    }

    /// What the manifest says of its inputs is what they were.
    fn compare(&self, of_pod: &Manifest) -> Result<(), ClusterBuildError> {
        let plan = &self.prepared.plan;
        let other = |what: &str| Err(self.not_used(format!("its manifest names another {what}")));
        if of_pod.recipe.name != plan.recipe.name || of_pod.recipe.sha256 != plan.recipe.sha256 {
            return other("recipe");
        }
        if of_pod.version != plan.version || of_pod.platform != plan.platform {
            return other("version");
        }
        if of_pod.image.content != self.image.image.content {
            return other("image");
        }
        match (&of_pod.source, &self.prepared.git) {
            (ManifestSource::Git { commit, tree, .. }, Some(git))
                if *commit == git.served.commit && *tree == git.served.tree =>
            {
                Ok(())
            }
            (ManifestSource::Directory { .. }, None) => Ok(()),
            _ => other("source"),
        }
    }

    /// Puts an output into the directory `staging`.
    fn output(
        &self,
        said: &ManifestFile,
        spool: &Path,
        staging: &Path,
    ) -> Result<(CollectedFile, Expectations), ClusterBuildError> {
        let refused = |reason: &str| self.not_used(format!("{}: {reason}", said.name));
        let plan = &self.prepared.plan;
        let output = plan.outputs.iter().find(|output| output.name == said.name);
        if output.is_none() && plan.further_outputs.is_empty() {
            return Err(refused("the plan has no such output"));
        }
        if COMPANION_FILES.contains(&said.name.as_str()) || said.name == RESULT {
            return Err(refused("no output has this name"));
        }
        let from = inside(spool, &said.name).map_err(|error| refused(&error.to_string()))?;
        let path = staging.join(&said.name);
        let is_program = said.permissions().is_some_and(|mode| mode & 0o111 != 0);
        let mode = if is_program { 0o755 } else { 0o644 };
        let moved = fs::rename(&from, &path)
            .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(mode)))
            .and_then(|()| fs::metadata(&path));
        let size = moved.map_err(|source| ClusterBuildError::File {
            path: path.clone(),
            source,
        })?;
        let file = CollectedFile {
            name: said.name.clone(),
            path,
            size: size.len(),
            // Compared with the file by whoever writes the manifest.
            sha256: said.sha256.clone(),
            mode,
        };
        let expectations = output.map(|output| output.expectations.clone());
        Ok((file, expectations.unwrap_or_default()))
    }

    /// The tree that the plan's patches make, if they change it.
    fn patched_tree(&self) -> Result<Option<String>, ClusterBuildError> {
        let Prepared {
            loaded, git, plan, ..
        } = self.prepared;
        let (PlannedSource::Git { tree, patches, .. }, Some(git)) = (&plan.source, git) else {
            return Ok(None);
        };
        let texts = patches.iter().map(|patch| Patch {
            name: patch.file.clone(),
            text: loaded.patches.get(&patch.file).cloned().unwrap_or_default(),
        });
        let patched = git.store.patch(tree, &texts.collect::<Vec<_>>());
        let patched = patched.map_err(|error| self.not_used(with_causes(&error)))?;
        Ok((patched != *tree).then_some(patched))
    }

    /// The toolchain, whose version only somebody who was there can know.
    fn toolchain(&self, of_pod: &Manifest) -> Result<Option<Toolchain>, ClusterBuildError> {
        let other = || self.not_used("its toolchain is not the planned one");
        match (&self.prepared.plan.build.toolchain, &of_pod.toolchain) {
            (None, _) => Ok(None),
            (Some(planned), Some(said)) => {
                accepted(planned, &said.version).map(Some).ok_or_else(other)
            }
            (Some(_), None) => Err(other()),
        }
    }

    /// The steps of the plan, with how long each took.
    fn steps(&self, of_pod: &Manifest) -> Result<Vec<StepRecord>, ClusterBuildError> {
        let (planned, said) = (&self.prepared.plan.build.steps, &of_pod.commands);
        if planned.len() != said.len() {
            return Err(self.not_used("its manifest has another number of steps"));
        }
        let steps = planned.iter().zip(said).map(|(step, said)| StepRecord {
            name: step.name.clone(),
            command: step.command.clone(),
            environment: step.environment.clone(),
            milliseconds: said.milliseconds,
        });
        Ok(steps.collect())
    }

    fn not_used(&self, reason: impl Into<String>) -> ClusterBuildError {
        let reason: String = reason.into().chars().take(LONGEST).collect();
        ClusterBuildError::NotUsed {
            title: self.title.to_owned(),
            reason: harmless(&reason).replace('\n', " "),
        }
    }
}

/// What a pod says of a failure, as text that does no harm and has an end.
fn shown(failure: PodFailure) -> PodFailure {
    let text = |text: String| {
        let short: String = text.chars().take(LONGEST).collect();
        harmless(&short).into_owned()
    };
    let texts = |texts: Vec<String>| texts.into_iter().take(20).map(text).collect();
    PodFailure {
        exit_code: failure.exit_code,
        message: text(failure.message),
        causes: texts(failure.causes),
        hints: texts(failure.hints),
    }
}

/// Copies the log of a pod, line by line, into that of this machine.
fn copy_log(path: &Path, log: &BuildLog) -> Result<(), ClusterBuildError> {
    let unreadable = |source| ClusterBuildError::File {
        path: path.to_owned(),
        source,
    };
    let mut lines = BufReader::new(File::open(path).map_err(unreadable)?);
    loop {
        let mut line = Vec::new();
        let mut limited = lines.by_ref().take(LONGEST_LINE);
        let read = limited.read_until(b'\n', &mut line).map_err(unreadable)?;
        if read == 0 {
            return Ok(());
        }
        let line = String::from_utf8_lossy(&line);
        log.event(&Event::Output {
            step: "job".to_owned(),
            line: line.trim_end_matches('\n').to_owned(),
        });
    }
}
