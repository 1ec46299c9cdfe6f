//! What a pod made, out of the registry: judged by its content. Of its manifest, only what somebody has to have been there for is
//! believed: how long steps took, which packages the image has, what a program printed, what could not be enforced.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use super::document::{FORMAT, LARGEST, OUTPUT_TYPE, PodFailure, RESULT, WorkResult};
use super::error::ClusterBuildError;
use crate::artifacts::{
    BUILD_LOG, BuildLog, MANIFEST, Manifest, ManifestFile, ManifestSource, TOOL, read_manifest,
};
use crate::build::prepared::Prepared;
use crate::engine::ClusterReport;
use crate::events::{Event, Sink};
use crate::execute::UsedImage;
use crate::failure::with_causes;
use crate::harmless::harmless;
use crate::inside::inside;
use crate::plan::Plan;
use crate::transport::{
    ArtifactName, Content, Descriptor, Place, Repository, TITLE, TransportError,
};
use crate::verify::{CheckName, Expectations, inspect, judge};

/// Most bytes of a result.
const LARGEST_RESULT: u64 = 16 << 30;
/// Longest text of a pod that is shown, in characters.
const LONGEST: usize = 4000;
/// Longest line of its log in bytes.
const LONGEST_LINE: u64 = 1 << 20;

/// A result on its way out of the registry.
pub(super) struct Outputs<'a> {
    pub(super) title: &'a str,
    pub(super) prepared: &'a Prepared,
    pub(super) image: &'a UsedImage,
    pub(super) report: &'a ClusterReport,
    pub(super) place: &'a Place,
}

impl Outputs<'_> {
    /// Brings it into `spool`, and then its outputs into the directory `staging` and its log into `log`. Returns the manifest
    /// with this machine's own judgement.
    pub(super) async fn take(
        &self,
        at: &Repository<'_>,
        spool: &Path,
        staging: &Path,
        log: &BuildLog,
    ) -> Result<Manifest, ClusterBuildError> {
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

    /// Judges what came, and puts the outputs into the directory `staging`.
    fn prove(&self, spool: &Path, staging: &Path) -> Result<Manifest, ClusterBuildError> {
        let of_pod = read_manifest(spool).map_err(|error| self.not_used(with_causes(&error)))?;
        let plan = &self.prepared.plan;
        self.compare(&of_pod)?;
        for output in &plan.outputs {
            if !of_pod.files.iter().any(|file| file.name == output.name) {
                return Err(self.not_used(format!("it has no {}", output.name)));
            }
        }
        let mut files = Vec::new();
        for said in &of_pod.files {
            files.push(self.judge(plan, said, spool)?);
            let (from, to) = (spool.join(&said.name), staging.join(&said.name));
            let moved = fs::rename(&from, &to).and_then(|()| set_mode(&to, said));
            moved.map_err(|source| ClusterBuildError::File { path: to, source })?;
        }
        Ok(self.manifest(of_pod, files))
    }

    /// What the manifest says of its inputs is what they were.
    fn compare(&self, of_pod: &Manifest) -> Result<(), ClusterBuildError> {
        let plan = &self.prepared.plan;
        let other = |what: &str| Err(self.not_used(format!("its manifest names another {what}")));
        if of_pod.plan_sha256 != plan.digest() {
            return other("plan");
        }
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

    /// Judges a file by its own content. That a program reported its version, and what it did when it was run, was seen where it
    /// was built.
    fn judge(
        &self,
        plan: &Plan,
        said: &ManifestFile,
        spool: &Path,
    ) -> Result<ManifestFile, ClusterBuildError> {
        let refused = |reason: String| self.not_used(format!("{}: {reason}", said.name));
        let is_further = !plan.further_outputs.is_empty();
        let output = plan.outputs.iter().find(|output| output.name == said.name);
        if output.is_none() && !is_further {
            return Err(refused("the plan has no such output".to_owned()));
        }
        if said.name == MANIFEST || said.name == RESULT || said.name == BUILD_LOG {
            return Err(refused("no output has this name".to_owned()));
        }
        let path = inside(spool, &said.name).map_err(|error| refused(error.to_string()))?;
        let findings = inspect(&path).map_err(|error| refused(with_causes(&error)))?;
        if findings.sha256 != said.sha256 {
            return Err(refused("it is not the one of its manifest".to_owned()));
        }
        let expectations =
            output.map_or_else(Expectations::default, |output| output.expectations.clone());
        let mut checks = judge(&findings, None, &expectations);
        for check in &mut checks {
            let mut seen = said.checks.iter();
            let seen = seen.find(|seen| seen.name == check.name);
            match (check.name, seen) {
                (CheckName::Version, Some(seen)) => check.clone_from(seen),
                (_, None) => return Err(refused(format!("it was not checked ({})", check.name))),
                _ => {}
            }
        }
        let known: Vec<_> = checks.iter().map(|check| check.name).collect();
        let further = said.checks.iter();
        checks.extend(
            further
                .filter(|check| !known.contains(&check.name))
                .cloned(),
        );
        Ok(ManifestFile {
            size: findings.size,
            findings,
            checks,
            ..said.clone()
        })
    }

    /// The manifest, with what this machine knows better in its place.
    fn manifest(&self, of_pod: Manifest, files: Vec<ManifestFile>) -> Manifest {
        let Prepared {
            loaded,
            engine,
            git,
            plan,
            like,
        } = self.prepared;
        let mut source = of_pod.source;
        if let (ManifestSource::Git { url, unpinned, .. }, Some(git)) = (&mut source, git) {
            url.clone_from(&git.served.url);
            *unpinned = git.served.unpinned;
        }
        let mut image = of_pod.image;
        image.name.clone_from(&self.image.name);
        image.id.clone_from(&self.image.image.id);
        image
            .repo_digests
            .clone_from(&self.image.image.repo_digests);
        image.pulled.clone_from(&self.image.pulled);
        image.remarks.clone_from(&self.image.remarks);
        let node = self.report.node.as_deref().unwrap_or("(unknown)");
        Manifest {
            tool: TOOL.to_owned(),
            recipe_origin: loaded.origin.to_string(),
            class: plan.class.clone(),
            like: like.clone(),
            source,
            image,
            targets: plan.targets.clone(),
            engine: format!("{}, node {node}", engine.describe().version),
            warnings: plan.warnings.clone(),
            known_holes: None,
            files,
            ..of_pod
        }
    }

    fn not_used(&self, reason: impl Into<String>) -> ClusterBuildError {
        let reason: String = reason.into().chars().take(LONGEST).collect();
        ClusterBuildError::NotUsed {
            title: self.title.to_owned(),
            reason: harmless(&reason).replace('\n', " "),
        }
    }
}

fn set_mode(path: &Path, said: &ManifestFile) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let is_program = said.permissions().is_some_and(|mode| mode & 0o111 != 0);
    let mode = if is_program { 0o755 } else { 0o644 };
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
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
