//! One result on its way from a plan to its place.

use std::fs::File;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::companions;
use super::error::{BuildError, FailedBuild};
use super::manifest::write_manifest;
use super::order::{BuildOrder, RunCheck, Subject};
use super::prepared::{Prepared, stall};
use super::result::{BuildResult, CacheOutcome};
use super::run_check;
use super::staging::stage;
use super::workspace::Workspace;
use crate::artifacts::{
    ArtifactError, BUILD_LOG, BuildLog, MANIFEST, Manifest, ManifestFile, PLAN, SBOM, Target,
};
use crate::events::{Event, Note, Sink, Stage, Tee, Warning};
use crate::execute::{Context, Run, execute, image_name, provide_image};
use crate::number_of::number_of;
use crate::plan::canonical_json;

/// One result on its way.
pub(super) struct Attempt<'a> {
    pub(super) order: &'a BuildOrder,
    pub(super) prepared: &'a Prepared,
    pub(super) workspace: &'a Workspace,
    pub(super) run: &'a Run,
    pub(super) sink: &'a dyn Sink,
}

/// A result that passed its checks.
struct Proven {
    manifest: Box<Manifest>,
    outcome: CacheOutcome,
    /// Content key, where it is known.
    key: Option<String>,
}

impl Attempt<'_> {
    pub(super) fn warn(&self, warning: Warning) {
        self.sink.event(&warning.into());
    }

    /// What the plan is carried out with. Events go to `sink`.
    fn context<'b>(&'b self, locks: &'b Path, sink: &'b dyn Sink) -> Context<'b> {
        self.order
            .context(self.workspace, self.prepared, self.run, locks, sink)
    }

    /// Claims the directory of the result.
    pub(super) async fn claim(&self) -> Result<Target, BuildError> {
        let plan = &self.prepared.plan;
        let (locks, platform) = (self.workspace.locks(), self.order.platform_directory(plan));
        let claim = Target::claim(
            &self.order.destination.output,
            [&plan.recipe.name, &plan.version, &platform],
            self.run.id(),
            &locks,
            self.sink,
            &self.workspace.cancel,
        );
        Ok(claim.await?)
    }

    /// Builds and publishes; also says whether the run leaves something that is to be kept.
    pub(super) async fn build(
        &self,
        started: Timestamp,
    ) -> (Result<BuildResult, FailedBuild>, bool) {
        let mut keep = false;
        let result = self.build_and_keep(started, &mut keep).await;
        (result, keep)
    }

    async fn build_and_keep(
        &self,
        started: Timestamp,
        keep: &mut bool,
    ) -> Result<BuildResult, FailedBuild> {
        let target = self.claim().await?;
        let log = BuildLog::create(&target.staging().join(BUILD_LOG)).map_err(BuildError::from)?;
        match self.build_into(&target, &log, started, keep).await {
            Ok(proven) => {
                let key = proven.key.as_deref();
                let published = self.publish(target, *proven.manifest, proven.outcome, key);
                published.map_err(FailedBuild::from)
            }
            Err(error) => Err(self.record(error, target, &log)),
        }
    }

    async fn build_into(
        &self,
        target: &Target,
        log: &BuildLog,
        started: Timestamp,
        keep: &mut bool,
    ) -> Result<Proven, BuildError> {
        let plan = &self.prepared.plan;
        let staging = target.staging();
        stage(staging, PLAN, &canonical_json(plan))?;
        let sink = Tee(vec![self.sink, log]);
        for remark in &plan.remarks {
            sink.event(&Note::Remark(remark.clone()).into());
        }
        for warning in &plan.warnings {
            sink.event(&Event::Warning(Warning::Planned(warning.clone())));
        }
        let locks = self.workspace.locks();
        let results = self.workspace.results();
        let past = results.past_builds();
        let last = past.last(&plan.recipe.name, &plan.version, &plan.platform);
        let context = Context {
            last: last.as_ref(),
            ..self.context(&locks, &sink)
        };
        let info = self.prepared.engine.describe();
        let image = provide_image(plan, info, &context).await?;
        // One that was made by somebody else's plan has a name of its own.
        if image.name == image_name(plan) {
            self.workspace.note_image(plan, &image.image);
        }
        let key = image.content().map(|content| plan.content_key(content));
        let _alone = match &key {
            Some(key) => Some(self.build_alone(key).await?),
            None => None,
        };
        if let Some(key) = &key {
            self.bring_shared_alone(key).await?;
        }
        if let Some(key) = &key
            && let Some(manifest) = self.take_instead(key, target, log).await?
        {
            return Ok(Proven {
                manifest: Box::new(manifest),
                outcome: CacheOutcome::Cached,
                key: Some(key.clone()),
            });
        }
        if let Some(cluster) = self.prepared.engine.as_cluster() {
            let building = self.build_on_cluster(cluster, &image, (staging, log), &sink, started);
            let manifest = building.await?;
            return self.finish(manifest, staging, log, key);
        }
        let executed = execute(plan, info, image, &context, staging).await;
        // Noted in the run's registration, for the next clean-up to find.
        let keeps_script = self.order.keep && plan.build.script.is_some();
        let built = executed.inspect_err(|error| {
            *keep = error.kept_container().is_some() || (keeps_script && self.run.has_notes());
        })?;
        if keeps_script {
            *keep = true;
            self.sink.event(&Event::Note(Note::Kept));
        }
        let files = built.files.len();
        let checking = Stage::begin(&sink, "check", number_of(files, "file"));
        let mut manifest = write_manifest(self.prepared, &built, started)?;
        checking.end(number_of(files, "file"));
        if passes(&manifest) {
            self.check_by_running(&mut manifest, staging, &sink).await?;
        }
        self.finish(manifest, staging, log, key)
    }

    /// Refuses what does not pass its checks, and keeps what does.
    fn finish(
        &self,
        manifest: Manifest,
        staging: &Path,
        log: &BuildLog,
        key: Option<String>,
    ) -> Result<Proven, BuildError> {
        log.finish()?;
        proven(&manifest)?;
        stage(staging, MANIFEST, &canonical_json(&manifest))?;
        let materials = companions::materials(self.prepared, &manifest, staging, self.sink)?;
        stage(staging, SBOM, &materials)?;
        // What was made with less care than its plan demands is for whoever asked for it, and for nobody else.
        let key = key.filter(|_| manifest.not_enforced.is_empty());
        if let Some(key) = &key {
            self.store(key, &manifest, staging);
        }
        Ok(Proven {
            manifest: Box::new(manifest),
            outcome: CacheOutcome::Built,
            key,
        })
    }

    /// Whether the result is for another architecture than the engine's: there is nothing to run.
    pub(super) fn is_foreign(&self) -> bool {
        self.prepared.plan.architecture != self.prepared.engine.describe().architecture
    }

    /// Judges the staged result by running it, where the order asks for that; what was found goes into its manifest.
    pub(super) async fn check_by_running(
        &self,
        manifest: &mut Manifest,
        staging: &Path,
        sink: &dyn Sink,
    ) -> Result<(), BuildError> {
        // On a cluster it takes a session, which that has none of: only who insists is told so.
        let cannot = self.prepared.engine.as_cluster().is_some()
            && self.order.checks.run == RunCheck::WherePossible;
        if self.order.checks.run == RunCheck::Skipped || self.is_foreign() || cannot {
            return Ok(());
        }
        let locks = self.workspace.locks();
        let context = self.context(&locks, sink);
        let engine = self.prepared.engine.describe();
        let required = self.order.checks.run == RunCheck::Required;
        let detail = "running what was built, to see what it writes".to_owned();
        let running = Stage::begin(sink, "run-check", detail);
        run_check::check_result(manifest, staging, engine, &context, required).await?;
        running.end("done".to_owned());
        Ok(stage(staging, MANIFEST, &canonical_json(manifest))?)
    }

    /// Keeps other runs from building the same; waits while one does.
    pub(super) async fn build_alone(&self, key: &str) -> Result<File, BuildError> {
        let path: PathBuf = self.workspace.results().lock_file(key);
        let plan = &self.prepared.plan;
        let purpose = format!("builds the same {} {}", plan.recipe.name, plan.version);
        let locking = crate::file_lock::acquire(&path, self.run.id(), &purpose, self.sink);
        tokio::select! {
            locked = locking => locked.map_err(|source| {
                ArtifactError::Lock { path: path.clone(), source }.into()
            }),
            () = self.workspace.cancel.cancelled() => Err(BuildError::Interrupted),
        }
    }
}

impl BuildOrder {
    /// What a plan is carried out with, for the order and where it leaves things open by the workspace's configuration.
    pub(crate) fn context<'a>(
        &'a self,
        workspace: &'a Workspace,
        prepared: &'a Prepared,
        run: &'a Run,
        locks: &'a Path,
        sink: &'a dyn Sink,
    ) -> Context<'a> {
        let debian_mirror = self.image.debian_mirror.as_ref();
        Context {
            engine: prepared.engine.as_ref(),
            store: prepared.git.as_ref().map(|fetched| &fetched.store),
            patches: &prepared.loaded.patches,
            image_archive: self.image.archive.as_deref(),
            debian_mirror: debian_mirror.or(workspace.configuration.debian_mirror.as_ref()),
            run,
            locks,
            offline: self.cache.offline,
            bundle: workspace.bundle.as_deref(),
            locked_images: workspace.locked_images(),
            locked_by: "the lock file",
            own_images: matches!(self.subject, Subject::Published(_)),
            require_no_network: self.checks.no_network
                || workspace.configuration.require_no_network,
            require_limits: self.checks.limits || workspace.configuration.require_limits,
            keep: self.keep,
            last: None,
            stall: stall(self, workspace),
            sink,
            cancel: &workspace.cancel,
        }
    }
}

/// Whether every check of every output passes.
pub(super) fn passes(manifest: &Manifest) -> bool {
    manifest.files.iter().all(ManifestFile::passed)
}

/// Refuses a result that does not pass its checks.
pub(super) fn proven(manifest: &Manifest) -> Result<(), BuildError> {
    if passes(manifest) {
        return Ok(());
    }
    let files = manifest.files.clone();
    Err(BuildError::Unproven { files })
}
