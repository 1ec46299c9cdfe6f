//! Publishes the result of a plan.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::super::manifest::write_manifest;
use super::super::prepare::Prepared;
use super::super::{Invocation, beside, explain, trial};
use super::kept::read_manifest;
use super::means::{Means, context};
use super::order::{Order, Trial, is_current, known_key};
use super::publish::{record, replace};
use super::result::{How, NotProduced, Produced, checked};
use super::sweep::sweep_dead_runs;
use crate::artifacts::{
    ArtifactError, BUILD_LOG, BuildLog, MANIFEST, Manifest, PLAN, SBOM, Target,
};
use crate::events::{Event, Sink, Tee};
use crate::execute::{Run, execute, provide_image};
use crate::failure::{Failure, FailureKind};
use crate::plan::canonical_json;
use crate::report::CheckedFile;

/// Publishes the result of a plan.
pub(in super::super) async fn produce(
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
        if let Some(mut manifest) = making.take(&entry, &target)? {
            making
                .try_out(&mut manifest, target.staging(), sink)
                .await?;
            let files: Vec<_> = manifest.files.iter().map(checked).collect();
            if !files.iter().all(CheckedFile::passed) {
                making.forget(key);
                return Err(NotProduced {
                    failure: unproven(&files),
                    unproven: files,
                });
            }
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
pub(super) struct Making<'a> {
    pub(super) invocation: &'a Invocation<'a>,
    pub(super) prepared: &'a Prepared,
    pub(super) order: &'a Order<'a>,
    pub(super) run: &'a Run,
    pub(super) sink: &'a dyn Sink,
}

impl Making<'_> {
    pub(super) fn warn(&self, text: String) {
        self.sink.event(&Event::Warning { text });
    }

    pub(super) fn locks(&self) -> PathBuf {
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
            Ok(Made::Proven(manifest, how, key)) => {
                let published = self.publish(target, *manifest, how, key.as_deref());
                published.map_err(NotProduced::from)
            }
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
            && let Some(mut manifest) = self.take_instead(&entry, target, log)?
        {
            self.try_out(&mut manifest, target.staging(), self.sink)
                .await?;
            if !manifest.files.iter().map(checked).all(|file| file.passed()) {
                self.forget(key);
                return Ok(Made::Unproven(Box::new(manifest)));
            }
            let key = Some(key.clone());
            return Ok(Made::Proven(Box::new(manifest), How::Cached, key));
        }
        let executed = execute(plan, info, image, &context, target.staging()).await;
        // Noted in the run's registration, for `clean` to find.
        let keeps_script = arguments.keep && plan.build.script.is_some();
        let built = match executed {
            Ok(built) => built,
            Err(error) => {
                *keep = error.kept_container().is_some() || (keeps_script && self.run.has_notes());
                return Err(explain::execute(error, saves_memory));
            }
        };
        if keeps_script {
            *keep = true;
            let text =
                "what upstream's script made is kept on the engine; `kmembuild clean` removes it";
            self.sink.event(&Event::Note {
                text: text.to_owned(),
            });
        }
        let mut manifest = write_manifest(prepared, &built, started)?;
        if manifest.files.iter().map(checked).all(|file| file.passed()) {
            self.try_out(&mut manifest, target.staging(), &sink).await?;
        }
        log.finish().map_err(explain::artifact)?;
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

    /// Whether the result is for other processors than the engine's: there is nothing to try.
    pub(super) fn is_foreign(&self) -> bool {
        self.prepared.plan.architecture != self.prepared.connected.info.architecture
    }

    /// Judges the staged result by running it, where that is asked for; what comes of it goes into its manifest.
    async fn try_out(
        &self,
        manifest: &mut Manifest,
        staging: &Path,
        sink: &dyn Sink,
    ) -> Result<(), Failure> {
        if self.order.trial == Trial::No || self.is_foreign() {
            return Ok(());
        }
        let locks = self.locks();
        let means = Means::from(self.order.arguments);
        let run = (self.run, locks.as_path());
        let context = context(self.invocation, self.prepared, &means, run, sink);
        let engine = &self.prepared.connected.info;
        let strict = self.order.trial == Trial::Yes;
        trial::of_result(manifest, staging, engine, &context, strict).await?;
        replace(staging, MANIFEST, &canonical_json(manifest))
    }

    /// Keeps other runs from building the same; waits while one does.
    async fn alone(&self, key: &str) -> Result<File, Failure> {
        let path = self.invocation.results().lock_file(key);
        let plan = &self.prepared.plan;
        let purpose = format!("builds the same {} {}", plan.recipe.name, plan.version);
        let locking = crate::file_lock::acquire(&path, self.run.id(), &purpose, self.sink);
        tokio::select! {
            locked = locking => locked
                .map_err(|source| explain::artifact(ArtifactError::Lock { path: path.clone(), source })),
            () = self.invocation.cancel.cancelled() => Err(explain::interrupted()),
        }
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
