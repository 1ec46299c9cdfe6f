//! From a plan to a published result: out of the cache where it was built before, otherwise built, proven and kept.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use jiff::Timestamp;

use super::beside::{self, Beside};
use super::manifest::write_manifest;
use super::prepare::{Prepared, stall};
use super::{Invocation, explain};
use crate::artifacts::cache::{ENTRY_FORMAT, Entry, Limits, TakeError, file_sha256};
use crate::artifacts::{
    ArtifactError, BUILD_LOG, BuildLog, MANIFEST, Manifest, ManifestFile, PLAN, SBOM, SHA256SUMS,
    Target, checksum_file,
};
use crate::cli::args::BuildArguments;
use crate::engine::DockerEngine;
use crate::events::{Event, Sink, Tee};
use crate::execute::{Context, Run, Sweep, execute, provide_image, sweep, with_causes};
use crate::failure::{Failure, FailureKind};
use crate::plan::{Plan, canonical_json};
use crate::recipe::Span;
use crate::report::CheckedFile;

/// A published result.
pub(super) struct Produced {
    /// Where it is.
    pub(super) folder: PathBuf,
    /// What it is.
    pub(super) manifest: Manifest,
    /// How it came there.
    pub(super) how: How,
}

/// How a result came to be where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum How {
    /// It was built.
    Built,
    /// It was built before, and published again.
    Cached,
    /// It was there already.
    Unchanged,
}

/// A result that could not be published.
pub(super) struct NotProduced {
    /// Why.
    pub(super) failure: Failure,
    /// The files and their checks, where one did not pass.
    pub(super) unproven: Vec<CheckedFile>,
}

impl From<Failure> for NotProduced {
    fn from(failure: Failure) -> Self {
        Self {
            failure,
            unproven: Vec::new(),
        }
    }
}

/// Where results of the command go, and what is published beside them.
pub(super) struct Order<'a> {
    /// What the command line asks of the build.
    pub(super) arguments: &'a BuildArguments,
    /// Name of the result's folder below those of the recipe and the version.
    pub(super) folder: String,
    /// What is published beside the binaries.
    pub(super) beside: Beside<'a>,
}

impl Order<'_> {
    /// Folder that the result of `plan` is published to.
    pub(super) fn destination(&self, plan: &Plan) -> PathBuf {
        let recipe = self.arguments.output.join(&plan.recipe.name);
        recipe.join(&plan.version).join(&self.folder)
    }
}

/// Tells one content of the published folder from another.
fn identity(key: &str, prepared: &Prepared, order: &Order<'_>) -> String {
    let like = prepared.like.as_ref().map(canonical_json);
    let beside = beside::identity(&order.beside);
    format!("{key} {beside} {}", like.unwrap_or_default())
}

pub(super) fn checked(file: &ManifestFile) -> CheckedFile {
    CheckedFile {
        file: file.name.clone(),
        findings: file.findings.clone(),
        checks: file.checks.clone(),
    }
}

/// The content key of a plan, where its image is known already.
pub(super) async fn known_key(
    invocation: &Invocation<'_>,
    plan: &Plan,
) -> Result<Option<String>, Failure> {
    let content = invocation.image_content(plan).await?;
    Ok(content.map(|content| plan.content_key(&content)))
}

/// Whether the published folder holds the result of that key already.
pub(super) fn is_current(
    invocation: &Invocation<'_>,
    prepared: &Prepared,
    order: &Order<'_>,
    key: &str,
) -> bool {
    let identity = identity(key, prepared, order);
    let folder = order.destination(&prepared.plan);
    invocation.stamps().is_current(&folder, &identity)
}

/// Publishes the result of a plan.
pub(super) async fn produce(
    invocation: &Invocation<'_>,
    prepared: &Prepared,
    order: &Order<'_>,
    sink: &dyn Sink,
) -> Result<Produced, NotProduced> {
    let started = Timestamp::now();
    let plan = &prepared.plan;
    let use_cache = !order.arguments.caches.no_cache;
    let known = if use_cache {
        known_key(invocation, plan).await?
    } else {
        None
    };
    if let Some(key) = &known
        && is_current(invocation, prepared, order, key)
        && let Some(manifest) = read_manifest(&order.destination(plan))
    {
        let folder = order.destination(plan);
        let how = How::Unchanged;
        invocation.results().note_use(key);
        let text = "nothing to do: the result is there as it was published".to_owned();
        sink.event(&Event::Note { text });
        return Ok(Produced {
            folder: fs::canonicalize(&folder).unwrap_or(folder),
            manifest,
            how,
        });
    }
    let cache = &invocation.environment.cache_dir;
    let run = Run::begin(&cache.join("runs")).map_err(|error| {
        let text = format!("{} cannot be written to: {error}", cache.display());
        Failure::new(FailureKind::Usage, text)
    })?;
    let making = Making {
        invocation,
        prepared,
        order,
        run: &run,
        sink,
    };
    if let Some(key) = &known
        && let Some(entry) = making.look_up(key)
    {
        let target = making.claim().await?;
        let _held = invocation.results().hold(key);
        if let Some(manifest) = making.take(&entry, &target)? {
            return Ok(making.publish(target, manifest, How::Cached, Some(key))?);
        }
    }
    sweep_dead_runs(invocation, &prepared.connected.engine, sink).await?;
    let (result, keep) = making.build(started, use_cache).await;
    if keep {
        run.end_and_keep();
    }
    result
}

/// One result on its way.
struct Making<'a> {
    invocation: &'a Invocation<'a>,
    prepared: &'a Prepared,
    order: &'a Order<'a>,
    run: &'a Run,
    sink: &'a dyn Sink,
}

impl Making<'_> {
    fn warn(&self, text: String) {
        self.sink.event(&Event::Warning { text });
    }

    fn locks(&self) -> PathBuf {
        self.invocation.cache_folder("locks")
    }

    async fn claim(&self) -> Result<Target, Failure> {
        let plan = &self.prepared.plan;
        let locks = self.locks();
        let claim = Target::claim(
            &self.order.arguments.output,
            [&plan.recipe.name, &plan.version, &self.order.folder],
            self.run.id(),
            &locks,
            self.sink,
            self.invocation.cancel,
        );
        claim.await.map_err(explain::artifact)
    }

    /// The entry of the cache, as far as its list goes; one that cannot be used is removed.
    fn look_up(&self, key: &str) -> Option<Entry> {
        match self.invocation.results().look_up(key) {
            Ok(entry) => entry,
            Err(damage) => {
                self.discard(key, &damage.to_string());
                None
            }
        }
    }

    fn discard(&self, key: &str, damage: &str) {
        self.warn(format!(
            "the result in the cache is damaged and removed, and is built again: {damage}"
        ));
        if let Err(error) = self.invocation.results().discard(key) {
            self.warn(format!("it could not be removed: {error}"));
        }
    }

    /// Takes a result out of the cache; none when it is not what was stored.
    fn take(&self, entry: &Entry, target: &Target) -> Result<Option<Manifest>, Failure> {
        let taken = self.invocation.results().take(entry, target.staging());
        let damage = match taken {
            Ok(()) => match (read_manifest(target.staging()), read_plan(target.staging())) {
                (Some(manifest), Some(_)) => return Ok(Some(manifest)),
                _ => "its manifest or its plan is of another version of this tool".to_owned(),
            },
            Err(TakeError::Damaged(damage)) => damage.to_string(),
            Err(TakeError::Unwritable { path, source }) => {
                return Err(explain::artifact(ArtifactError::Unwritable {
                    path,
                    source,
                }));
            }
        };
        self.discard(&entry.key, &damage);
        // A part of it may have been put there.
        for file in &entry.files {
            let _ = fs::remove_file(target.staging().join(&file.name));
        }
        Ok(None)
    }

    /// Builds and publishes; also tells whether the run leaves something that is to be kept.
    async fn build(
        &self,
        started: Timestamp,
        use_cache: bool,
    ) -> (Result<Produced, NotProduced>, bool) {
        let target = match self.claim().await {
            Ok(target) => target,
            Err(failure) => return (Err(failure.into()), false),
        };
        let log = match BuildLog::create(&target.staging().join(BUILD_LOG)) {
            Ok(log) => log,
            Err(error) => return (Err(explain::artifact(error).into()), false),
        };
        let mut keep = false;
        let built = self.build_into(&target, &log, started, use_cache, &mut keep);
        let result = match built.await {
            Ok(Made::Proven(manifest, how, key)) => self
                .publish(target, *manifest, how, key.as_deref())
                .map_err(NotProduced::from),
            Ok(Made::Unproven(manifest)) => {
                let files: Vec<_> = manifest.files.iter().map(checked).collect();
                let findings = ("findings.json", canonical_json(&manifest.files));
                let failure = record(unproven(&files), target, &log, &[findings]);
                Err(NotProduced {
                    failure,
                    unproven: files,
                })
            }
            Err(failure) => Err(record(failure, target, &log, &[]).into()),
        };
        (result, keep)
    }

    async fn build_into(
        &self,
        target: &Target,
        log: &BuildLog,
        started: Timestamp,
        use_cache: bool,
        keep: &mut bool,
    ) -> Result<Made, Failure> {
        let (invocation, prepared) = (self.invocation, self.prepared);
        let (plan, arguments) = (&prepared.plan, self.order.arguments);
        replace(target.staging(), PLAN, &canonical_json(plan))?;
        let sink = Tee(vec![self.sink, log]);
        for warning in &plan.warnings {
            let text = warning.clone();
            sink.event(&Event::Warning { text });
        }
        let locks = self.locks();
        let means = Means::from(arguments);
        let context = context(invocation, prepared, &means, (self.run, &locks), &sink);
        let saves_memory = plan.build.needs.could_save_memory;
        let info = &prepared.connected.info;
        let image = provide_image(plan, info, &context).await;
        let image = image.map_err(|error| explain::execute(error, saves_memory))?;
        let key = image.content().map(|content| plan.content_key(&content));
        let _alone = match &key {
            Some(key) => Some(self.alone(key).await?),
            None => None,
        };
        if use_cache
            && let Some(key) = &key
            && let Some(entry) = self.look_up(key)
            && let Some(manifest) = self.take_instead(&entry, target, log)?
        {
            let key = Some(key.clone());
            return Ok(Made::Proven(Box::new(manifest), How::Cached, key));
        }
        let executed = execute(plan, info, image, &context, target.staging()).await;
        let written = log.finish().map_err(explain::artifact);
        // Noted in the run's registration, for `clean` to find.
        let keeps_script = arguments.keep && plan.build.script.is_some();
        let built = match executed {
            Ok(built) => built,
            Err(error) => {
                *keep = error.kept_container().is_some() || (keeps_script && self.run.has_notes());
                return Err(explain::execute(error, saves_memory));
            }
        };
        written?;
        if keeps_script {
            *keep = true;
            let text =
                "what upstream's script made is kept on the engine; `kmembuild clean` removes it";
            self.sink.event(&Event::Note {
                text: text.to_owned(),
            });
        }
        let manifest = write_manifest(prepared, &built, started)?;
        if !manifest.files.iter().map(checked).all(|file| file.passed()) {
            return Ok(Made::Unproven(Box::new(manifest)));
        }
        replace(target.staging(), MANIFEST, &canonical_json(&manifest))?;
        let materials = beside::materials(prepared, &manifest, target.staging(), self.sink)?;
        replace(target.staging(), SBOM, &materials)?;
        if let Some(key) = &key {
            self.store(key, &manifest, target.staging());
        }
        Ok(Made::Proven(Box::new(manifest), How::Built, key))
    }

    /// Keeps other runs from building the same; waits while one does.
    async fn alone(&self, key: &str) -> Result<File, Failure> {
        let path = self.invocation.results().lock_file(key);
        let plan = &self.prepared.plan;
        let purpose = format!("builds the same {} {}", plan.recipe.name, plan.version);
        let locking = crate::lock::lock(&path, self.run.id(), &purpose, self.sink);
        tokio::select! {
            locked = locking => locked
                .map_err(|source| explain::artifact(ArtifactError::Lock { path: path.clone(), source })),
            () = self.invocation.cancel.cancelled() => Err(explain::interrupted()),
        }
    }

    /// Takes a result that another run built meanwhile, in the place of the log and the plan of this one.
    fn take_instead(
        &self,
        entry: &Entry,
        target: &Target,
        log: &BuildLog,
    ) -> Result<Option<Manifest>, Failure> {
        log.finish().map_err(explain::artifact)?;
        let aside = target.staging().join(".aside");
        let unwritable = |path: &Path, source| {
            let path = path.to_path_buf();
            explain::artifact(ArtifactError::Unwritable { path, source })
        };
        fs::create_dir(&aside).map_err(|source| unwritable(&aside, source))?;
        let move_all = |from: &Path, to: &Path| {
            [BUILD_LOG, PLAN]
                .into_iter()
                .try_for_each(|name| fs::rename(from.join(name), to.join(name)))
                .map_err(|source| unwritable(to, source))
        };
        move_all(target.staging(), &aside)?;
        let taken = self.take(entry, target)?;
        if taken.is_none() {
            move_all(&aside, target.staging())?;
        }
        fs::remove_dir_all(&aside).map_err(|source| unwritable(&aside, source))?;
        Ok(taken)
    }

    /// Keeps a proven result; one that cannot be kept is published all the same.
    fn store(&self, key: &str, manifest: &Manifest, staging: &Path) {
        let outputs = manifest.files.iter().map(|file| file.name.clone());
        let beside = [MANIFEST, PLAN, BUILD_LOG, SBOM].map(str::to_owned);
        let names: Vec<_> = outputs.chain(beside).collect();
        let entry = Entry {
            format: ENTRY_FORMAT,
            key: key.to_owned(),
            recipe: manifest.recipe.name.clone(),
            version: manifest.version.clone(),
            platform: manifest.platform.clone(),
            files: Vec::new(),
        };
        let results = self.invocation.results();
        if let Err(error) = results.store(entry, staging, &names, self.run.id()) {
            self.warn(format!(
                "the result could not be kept in the cache, and would be built again: {error}"
            ));
        }
        let limits = Limits {
            size: Some(self.invocation.config.cache_size()),
            own: Some(key),
            ..Limits::default()
        };
        if let Err(error) = results.prune(limits, SystemTime::now()) {
            self.warn(format!(
                "the cache could not be kept in its limits: {error}"
            ));
        }
    }

    /// Puts the staged result in its place.
    fn publish(
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
            let identity = identity(key, self.prepared, self.order);
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

/// What the command line says of how a plan is carried out, beside the plan.
pub(super) struct Means<'a> {
    pub(super) image_archive: Option<&'a Path>,
    pub(super) debian_mirror: Option<&'a str>,
    pub(super) offline: bool,
    pub(super) keep: bool,
    pub(super) stall_timeout: Option<Span>,
}

impl<'a> From<&'a BuildArguments> for Means<'a> {
    fn from(arguments: &'a BuildArguments) -> Self {
        Self {
            image_archive: arguments.image_archive.as_deref(),
            debian_mirror: arguments.debian_mirror.as_deref(),
            offline: arguments.caches.offline,
            keep: arguments.keep,
            stall_timeout: arguments.stall_timeout,
        }
    }
}

/// What a plan is carried out with; `run` comes with its folder for lock files.
pub(super) fn context<'a>(
    invocation: &'a Invocation<'_>,
    prepared: &'a Prepared,
    means: &Means<'a>,
    (run, locks): (&'a Run, &'a Path),
    sink: &'a dyn Sink,
) -> Context<'a> {
    Context {
        engine: &prepared.connected.engine,
        store: prepared.store.as_ref(),
        patches: &prepared.loaded.patches,
        image_archive: means.image_archive,
        debian_mirror: means
            .debian_mirror
            .or(invocation.config.debian_mirror.as_deref()),
        environment: &invocation.environment.for_others,
        run,
        locks,
        offline: means.offline,
        locked_images: &invocation.locked_images,
        locked_by: "the lock file",
        keep: means.keep,
        stall: stall(invocation, means.stall_timeout),
        sink,
        cancel: invocation.cancel,
    }
}

/// What a build came to.
enum Made {
    /// A result that is to be published, and its content key, where that is known.
    Proven(Box<Manifest>, How, Option<String>),
    /// A result that does not pass its checks.
    Unproven(Box<Manifest>),
}

/// The failure of a result that does not pass its checks.
fn unproven(files: &[CheckedFile]) -> Failure {
    let failed = files.iter().filter(|file| !file.passed());
    let names: Vec<_> = failed.map(|file| file.file.as_str()).collect();
    let text = format!(
        "what was built does not pass its checks, and is not published: {}",
        names.join(", ")
    );
    Failure::new(FailureKind::Verification, text)
}

fn read_manifest(folder: &Path) -> Option<Manifest> {
    serde_json::from_slice(&fs::read(folder.join(MANIFEST)).ok()?).ok()
}

fn read_plan(folder: &Path) -> Option<Plan> {
    serde_json::from_slice(&fs::read(folder.join(PLAN)).ok()?).ok()
}

/// Removes what dead runs left. What cannot be removed does not stop a build that does not need it gone.
pub(super) async fn sweep_dead_runs(
    invocation: &Invocation<'_>,
    engine: &DockerEngine,
    sink: &dyn Sink,
) -> Result<(), Failure> {
    let runs = invocation.cache_folder("runs");
    let swept = invocation.unless_stopped(sweep(engine, &runs, Sweep::DEAD_RUNS));
    match swept.await {
        Err(failure) if failure.kind != FailureKind::Interrupted => {
            let causes = failure.causes();
            let reason: String = causes.iter().map(|cause| format!(": {cause}")).collect();
            sink.event(&Event::Warning {
                text: format!(
                    "what an earlier run left on the engine is still there: {}{reason}",
                    failure.source
                ),
            });
            Ok(())
        }
        Err(interrupted) => Err(interrupted),
        Ok(swept) => {
            for (name, error) in swept.failed {
                sink.event(&Event::Warning {
                    text: format!(
                        "{name} of an earlier run is still on the engine: {}",
                        with_causes(&error)
                    ),
                });
            }
            Ok(())
        }
    }
}

/// Writes a file of its own: the one that is there may be the cache's as well.
fn replace(folder: &Path, name: &str, text: &str) -> Result<(), Failure> {
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
fn record(
    mut failure: Failure,
    target: Target,
    log: &BuildLog,
    further: &[(&str, String)],
) -> Failure {
    if failure.kind == FailureKind::Interrupted || log.is_empty() {
        return failure;
    }
    match target.keep_record_of_failure(further) {
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
