//! Carries the plan out again and compares what comes of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::folder::Folder;
use super::image::{Wanted, from_archive, provide};
use super::inputs::Inputs;
use super::published::Published;
use crate::artifacts::{ArtifactError, BUILD_LOG, BuildLog, CollectedFile};
use crate::cli::args::ReproduceArguments;
use crate::cli::commands::produce::{Means, context, sweep_dead_runs};
use crate::cli::commands::{Invocation, explain};
use crate::compare::differences;
use crate::events::{Sink, Tee};
use crate::execute::{Built, Context, Run, execute};
use crate::failure::{Failure, FailureKind};
use crate::plan::canonical_json;
use crate::report::{
    FileIdentity, JSON_FORMAT, REPRODUCTION, ReproducedFile, ReproducedImage, Reproduction,
};

/// Builds into `folder` and compares.
pub(super) async fn rebuild(
    invocation: &Invocation<'_>,
    published: &Published,
    inputs: &Inputs,
    arguments: &ReproduceArguments,
    folder: Folder,
    sink: &dyn Sink,
) -> Result<Reproduction, Failure> {
    let log = BuildLog::create(&folder.path().join(BUILD_LOG)).map_err(explain::artifact)?;
    let tee = Tee(vec![sink, &log]);
    let built = build(
        invocation,
        published,
        inputs,
        arguments,
        folder.path(),
        &tee,
    )
    .await;
    let written = log.finish().map_err(explain::artifact);
    let (built, image) = match built {
        Ok(built) => built,
        // An input that is another one says all that there is to say; only work that failed has a log worth keeping.
        Err(failure)
            if matches!(
                failure.kind,
                FailureKind::Interrupted | FailureKind::Integrity
            ) || log.is_empty() =>
        {
            return Err(failure);
        }
        Err(failure) => {
            let log = folder.keep().join(BUILD_LOG);
            return Err(failure.hint(format!("the whole log is {}", log.display())));
        }
    };
    written?;
    let reproduction = compare(published, inputs, &built, image)?;
    if arguments.output.is_some() {
        let path = folder.path().join(REPRODUCTION);
        fs::write(&path, canonical_json(&reproduction))
            .map_err(|source| explain::artifact(ArtifactError::Unwritable { path, source }))?;
    }
    Ok(reproduction)
}

async fn build(
    invocation: &Invocation<'_>,
    published: &Published,
    inputs: &Inputs,
    arguments: &ReproduceArguments,
    staging: &Path,
    sink: &dyn Sink,
) -> Result<(Built, ReproducedImage), Failure> {
    let prepared = &inputs.prepared;
    let runs = invocation.cache_folder("runs");
    let run = Run::begin(&runs).map_err(|error| {
        let text = format!("{} cannot be written to: {error}", runs.display());
        Failure::new(FailureKind::Usage, text)
    })?;
    sweep_dead_runs(invocation, prepared.connected.engine.as_ref(), sink).await?;
    let mut plan = prepared.plan.clone();
    from_archive(&mut plan, arguments.image_archive.as_deref())?;
    let wanted = Wanted::new(published, &plan);
    let means = Means {
        image_archive: arguments.image_archive.as_deref(),
        debian_mirror: arguments.debian_mirror.as_deref(),
        offline: arguments.offline,
        keep: arguments.keep,
        stall_timeout: arguments.stall_timeout,
    };
    let locks = invocation.cache_folder("locks");
    let context = Context {
        locked_images: &wanted.by_name,
        locked_by: "the manifest",
        ..context(invocation, prepared, &means, (&run, &locks), sink)
    };
    let provided = provide(invocation, &plan, &wanted, arguments.any_image, &context).await;
    let (used, image) = provided?;
    let info = &prepared.connected.info;
    let executed = execute(&plan, info, used, &context, staging).await;
    let keeps_script = arguments.keep && plan.build.script.is_some() && run.has_notes();
    let kept = executed.as_ref().err();
    let kept = kept.is_some_and(|error| error.kept_container().is_some());
    if kept || keeps_script {
        run.end_and_keep();
    }
    let saves_memory = plan.build.needs.could_save_memory;
    let built = executed.map_err(|error| explain::execute(error, saves_memory))?;
    Ok((built, image))
}

/// Holds every file of the one against that of the other.
fn compare(
    published: &Published,
    inputs: &Inputs,
    built: &Built,
    image: ReproducedImage,
) -> Result<Reproduction, Failure> {
    let manifest = &published.manifest;
    let rebuilt = built.files.iter().map(|(file, _)| (&*file.name, file));
    let mut rebuilt: BTreeMap<&str, &CollectedFile> = rebuilt.collect();
    let mut files = Vec::new();
    for file in &manifest.files {
        let now = rebuilt.remove(file.name.as_str());
        let equal = now.is_some_and(|now| now.sha256 == file.sha256);
        let differences = match now {
            Some(now) if !equal => {
                let first = bytes(&published.folder.join(&file.name))?;
                differences(&first, &bytes(&now.path)?)
            }
            _ => Vec::new(),
        };
        files.push(ReproducedFile {
            name: file.name.clone(),
            equal,
            published: Some(FileIdentity {
                size: file.size,
                sha256: file.sha256.clone(),
            }),
            rebuilt: now.map(identity),
            differences,
        });
    }
    files.extend(rebuilt.into_values().map(|file| ReproducedFile {
        name: file.name.clone(),
        equal: false,
        published: None,
        rebuilt: Some(identity(file)),
        differences: Vec::new(),
    }));
    Ok(Reproduction {
        format: JSON_FORMAT,
        reproduced: files.iter().all(|file| file.equal),
        folder: published.folder.display().to_string(),
        recipe: manifest.recipe.name.clone(),
        same_recipe: inputs.same_recipe,
        version: manifest.version.clone(),
        platform: manifest.platform.clone(),
        plan_sha256: manifest.plan_sha256.clone(),
        image,
        files,
    })
}

fn identity(file: &CollectedFile) -> FileIdentity {
    FileIdentity {
        size: file.size,
        sha256: file.sha256.clone(),
    }
}

fn bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| {
        let text = format!("{} cannot be read: {error}", path.display());
        Failure::new(FailureKind::Output, text)
    })
}
