//! Carries the plan of a published result out again and compares what comes of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::directory::Directory;
use super::error::{FailedImage, ReproduceError};
use super::image::{WantedImage, from_archive, provide};
use super::order::ReproduceOrder;
use super::outcome::{FileIdentity, ReproducedFile, ReproducedImage, Reproduction};
use crate::artifacts::{
    ArtifactError, BUILD_LOG, BuildLog, CollectedFile, PublishedResult, REPRODUCTION,
};
use crate::build::{
    BuildError, BuildOrder, FailedBuild, FailureLog, Prepared, Workspace, prepare, sweep_dead_runs,
};
use crate::compare::differences;
use crate::events::{JSON_FORMAT, Sink, Tee, Warning};
use crate::execute::{Built, Context, execute};
use crate::inside::inside;
use crate::plan::canonical_json;

/// A published result of which everything is known that building it again needs.
pub struct PlannedReproduction {
    /// The result.
    pub published: Arc<PublishedResult>,
    /// Its plan, prepared for this machine.
    pub prepared: Prepared,
    build_order: BuildOrder,
    same_recipe: bool,
}

/// Reads a published result, checks its plan, and gets the source: everything that [`reproduce()`] does before it builds.
///
/// # Errors
/// [`ReproduceError`].
pub async fn plan_reproduction(
    order: &ReproduceOrder,
    workspace: &Workspace,
    sink: &dyn Sink,
) -> Result<PlannedReproduction, ReproduceError> {
    let is_stopped = || workspace.cancel.is_cancelled();
    let published = PublishedResult::read(&order.published, &is_stopped);
    if is_stopped() {
        return Err(BuildError::Interrupted.into());
    }
    let published = Arc::new(published?);
    if published.plan.build.script.is_some() && !order.engine_access {
        let directory = published.directory.clone();
        return Err(ReproduceError::EngineAccess { directory });
    }
    let build_order = order.build_order(Arc::clone(&published));
    let prepared = prepare(&build_order, workspace, sink).await?;
    let same_recipe = prepared.loaded.sha256 == published.plan.recipe.sha256;
    if !same_recipe {
        let warning = Warning::OtherRecipe(build_order.recipe.clone());
        sink.event(&warning.into());
    }
    Ok(PlannedReproduction {
        published,
        prepared,
        build_order,
        same_recipe,
    })
}

/// Builds a published result again and compares. A difference is part of the answer.
///
/// # Errors
/// [`ReproduceError`].
pub async fn reproduce(
    order: &ReproduceOrder,
    workspace: &Workspace,
    sink: &dyn Sink,
) -> Result<Reproduction, ReproduceError> {
    let PlannedReproduction {
        published,
        prepared,
        build_order,
        same_recipe,
    } = plan_reproduction(order, workspace, sink).await?;
    let directory = Directory::open(order.output.as_deref())?;
    let log = BuildLog::create(&directory.path().join(BUILD_LOG))?;
    let tee = Tee(vec![sink, &log]);
    let rebuild = Rebuild {
        order,
        build_order: &build_order,
        published: &published,
        prepared: &prepared,
        workspace,
    };
    let built = rebuild.build(directory.path(), &tee).await;
    let written = log.finish();
    let (built, image) = match built {
        Ok(built) => built,
        Err(ReproduceError::Build(failed)) if is_work(&failed.error) && !log.is_empty() => {
            let log = FailureLog::Kept(directory.keep().join(BUILD_LOG));
            return Err(FailedBuild { log, ..failed }.into());
        }
        Err(ReproduceError::Image(failed)) if failed.error.is_work() && !log.is_empty() => {
            let log = FailureLog::Kept(directory.keep().join(BUILD_LOG));
            return Err(FailedImage { log, ..failed }.into());
        }
        Err(error) => return Err(error),
    };
    written?;
    let reproduction = rebuild.compare(&built, image, same_recipe)?;
    if order.output.is_some() {
        let path = directory.path().join(REPRODUCTION);
        fs::write(&path, canonical_json(&reproduction))
            .map_err(ArtifactError::unwritable(&path))?;
    }
    Ok(reproduction)
}

/// Whether work failed, so that its log is worth keeping: an input that differs says all there is to say.
fn is_work(error: &BuildError) -> bool {
    !error.is_interruption() && !error.is_mismatch()
}

/// A result that is built again.
struct Rebuild<'a> {
    order: &'a ReproduceOrder,
    build_order: &'a BuildOrder,
    published: &'a PublishedResult,
    prepared: &'a Prepared,
    workspace: &'a Workspace,
}

impl Rebuild<'_> {
    async fn build(
        &self,
        staging: &Path,
        sink: &dyn Sink,
    ) -> Result<(Built, ReproducedImage), ReproduceError> {
        let (prepared, workspace) = (self.prepared, self.workspace);
        let run = workspace.begin_run(prepared.engine.as_ref())?;
        sweep_dead_runs(workspace, prepared.engine.as_ref(), sink).await?;
        let mut plan = prepared.plan.clone();
        from_archive(&mut plan, self.order.image.archive.as_deref())?;
        let wanted = WantedImage::new(self.published, &plan);
        let locks = workspace.locks();
        let context = Context {
            bundle: None,
            locked_images: &wanted.by_name,
            locked_by: "the manifest",
            ..self
                .build_order
                .context(workspace, prepared, &run, &locks, sink)
        };
        let info = prepared.engine.describe();
        let any_image = self.order.any_image;
        let (used, image) = provide(workspace, &plan, &wanted, any_image, info, &context).await?;
        let executed = execute(&plan, info, used, &context, staging).await;
        let keeps_script = self.order.keep && plan.build.script.is_some() && run.has_notes();
        let kept = executed.as_ref().err();
        let kept = kept.is_some_and(|error| error.kept_container().is_some());
        if kept || keeps_script {
            run.end_and_keep();
        }
        let built = executed.map_err(|error| FailedBuild {
            error: error.into(),
            log: FailureLog::None,
            could_save_memory: plan.build.needs.could_save_memory,
        })?;
        Ok((built, image))
    }

    /// Compares every file of the one with that of the other.
    fn compare(
        &self,
        built: &Built,
        image: ReproducedImage,
        same_recipe: bool,
    ) -> Result<Reproduction, ReproduceError> {
        let manifest = &self.published.manifest;
        let rebuilt = built.files.iter().map(|(file, _)| (&*file.name, file));
        let mut rebuilt: BTreeMap<&str, &CollectedFile> = rebuilt.collect();
        let mut files = Vec::new();
        for file in &manifest.files {
            let now = rebuilt.remove(file.name.as_str());
            let equal = now.is_some_and(|now| now.sha256 == file.sha256);
            let differences = match now {
                Some(now) if !equal => {
                    let directory = &self.published.directory;
                    let first = inside(directory, &file.name).map_err(|source| {
                        ReproduceError::Unreadable {
                            path: directory.join(&file.name),
                            source,
                        }
                    })?;
                    let first = bytes(&first)?;
                    differences(&first, &bytes(&now.path)?)
                }
                _ => Vec::new(),
            };
            files.push(ReproducedFile {
                name: file.name.clone(),
                equal,
                published: Some(identity(file.size, &file.sha256)),
                rebuilt: now.map(|now| identity(now.size, &now.sha256)),
                differences,
            });
        }
        files.extend(rebuilt.into_values().map(|file| ReproducedFile {
            name: file.name.clone(),
            equal: false,
            published: None,
            rebuilt: Some(identity(file.size, &file.sha256)),
            differences: Vec::new(),
        }));
        Ok(Reproduction {
            format: JSON_FORMAT,
            reproduced: files.iter().all(|file| file.equal),
            folder: self.published.directory.display().to_string(),
            recipe: manifest.recipe.name.clone(),
            same_recipe,
            version: manifest.version.clone(),
            platform: manifest.platform.clone(),
            plan_sha256: manifest.plan_sha256.clone(),
            image,
            files,
        })
    }
}

fn identity(size: u64, sha256: &str) -> FileIdentity {
    let sha256 = sha256.to_owned();
    FileIdentity { size, sha256 }
}

fn bytes(path: &Path) -> Result<Vec<u8>, ReproduceError> {
    fs::read(path).map_err(|source| ReproduceError::Unreadable {
        path: path.to_path_buf(),
        source,
    })
}
