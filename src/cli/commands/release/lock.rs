//! `kmembuild lock`, and what a lock file means to a release.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::super::prepare::Prepared;
use super::super::produce::{Means, context};
use super::super::{Invocation, explain, print};
use super::file::ReleaseFile;
use super::plan::{Planned, State};
use crate::artifacts::{ArtifactError, replace_file};
use crate::cli::args::{LockArguments, ReleaseArguments};
use crate::engine::{Engine, EngineImage};
use crate::execute::{Context, Run, provide_image};
use crate::failure::{Failure, FailureKind};
use crate::lockfile::{Drift, LockedImage, Lockfile, parse_lockfile, render_lockfile};
use crate::plan::{Plan, PlannedImage};
use crate::recipe::nearest;
use crate::report::ReleaseProgress;

/// Puts the lock file into force where the command line, or the CI system, wants that; tells whether it is.
pub(super) fn load(
    invocation: &mut Invocation<'_>,
    arguments: &ReleaseArguments,
    file: &ReleaseFile,
) -> Result<bool, Failure> {
    let wanted = arguments.locked || (invocation.environment.ci && !arguments.unlocked);
    if !wanted {
        return Ok(false);
    }
    let path = &file.lockfile;
    let Some(lockfile) = read(path)? else {
        let why = if arguments.locked {
            "--locked wants it"
        } else {
            "CI is set, where it is wanted unless --unlocked is given"
        };
        let text = format!("there is no lock file {}; {why}", path.display());
        return Err(Failure::new(FailureKind::Integrity, text)
            .hint("`kmembuild lock` writes it; keep it under version control"));
    };
    let images = lockfile.images.iter();
    invocation.locked_images = images
        .map(|(name, image)| (name.clone(), image.content()))
        .collect();
    invocation.lockfile = Some(lockfile);
    Ok(true)
}

fn read(path: &Path) -> Result<Option<Lockfile>, Failure> {
    let name = path.display().to_string();
    match std::fs::read_to_string(path) {
        Ok(text) => parse_lockfile(&name, &text)
            .map(Some)
            .map_err(|error| Failure::new(FailureKind::Recipe, error)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            let text = format!("the lock file {name} could not be read: {error}");
            Err(Failure::new(FailureKind::Recipe, text))
        }
    }
}

/// Refuses a release whose inputs are not those of the lock file, with what moved. Images are held against it when
/// they are had: another place may have the right one.
pub(super) fn refuse_drift(
    invocation: &Invocation<'_>,
    planned: &Planned<'_>,
) -> Result<(), Failure> {
    let Some(lockfile) = &invocation.lockfile else {
        return Ok(());
    };
    let mut found = Lockfile::default();
    let mut moved: Vec<String> = Vec::new();
    for target in &planned.targets {
        match &target.state {
            State::Wanted(wanted) => {
                add(&mut found, &wanted.prepared);
                moved.extend(not_locked(lockfile, &wanted.prepared.plan));
            }
            State::Failed(failure) if failure.kind == FailureKind::Integrity => {
                moved.push(format!("{}\n    {}", target.label, failure.source));
            }
            _ => {}
        }
    }
    moved.extend(lockfile.drift(&found).iter().map(Drift::to_string));
    moved.sort();
    moved.dedup();
    if moved.is_empty() {
        return Ok(());
    }
    let lines: String = moved.iter().map(|text| format!("\n  {text}")).collect();
    let text = format!("the inputs are not those of the lock file:{lines}");
    Err(Failure::new(FailureKind::Integrity, text).hint(
        "when that is as it should be, `kmembuild lock` writes them down anew, and `kmembuild lock --update NAME` one of them",
    ))
}

fn add(found: &mut Lockfile, prepared: &Prepared) {
    let urls = prepared
        .served
        .as_ref()
        .map(|served| served.urls.as_slice());
    found.add(&prepared.plan, urls.unwrap_or_default());
}

/// Images of a plan that the lock file does not know.
fn not_locked(lockfile: &Lockfile, plan: &Plan) -> Vec<String> {
    let names = lockable_images(plan).into_iter();
    names
        .filter(|name| !lockfile.images.contains_key(name))
        .map(|name| format!("the image {name}\n    not locked"))
        .collect()
}

/// Names of a plan's images that a lock file names: what is pulled or bootstrapped, not what is built of it.
fn lockable_images(plan: &Plan) -> Vec<String> {
    match &plan.image {
        PlannedImage::Dockerfile { bases, .. } => {
            bases.iter().map(|base| base.name.clone()).collect()
        }
        _ => vec![crate::execute::image_name(plan)],
    }
}

/// Runs `kmembuild lock`.
pub(in super::super) async fn run(
    invocation: &Invocation<'_>,
    arguments: &LockArguments,
) -> Result<(), Failure> {
    let file = ReleaseFile::read(invocation, &arguments.as_release())?;
    let earlier = read(&file.lockfile)?;
    let terminal = invocation.environment.progress_terminal;
    let progress = ReleaseProgress::new(false, terminal, invocation.verbosity(), false);
    let found = look(invocation, &file, &progress).await;
    progress.finish();
    let found = found?;
    let lockfile = if arguments.update.is_empty() {
        found
    } else {
        update(
            earlier.clone().unwrap_or_default(),
            &found,
            &arguments.update,
        )?
    };
    let moved = earlier.map(|earlier| earlier.drift(&lockfile));
    let text =
        render_lockfile(&lockfile).map_err(|reason| Failure::new(FailureKind::Internal, reason))?;
    let path = &file.lockfile;
    replace_file(path, text.as_bytes(), 0o644)
        .map_err(ArtifactError::unwritable(path))
        .map_err(explain::artifact)?;
    for drift in moved.into_iter().flatten() {
        print(&format!("{drift}\n"))?;
    }
    print(&format!("{}\n", path.display()))
}

fn update(earlier: Lockfile, found: &Lockfile, names: &[String]) -> Result<Lockfile, Failure> {
    let mut lockfile = earlier;
    for name in names {
        lockfile = lockfile.updated(name, found).ok_or_else(|| {
            let text = format!("neither the lock file nor the release knows an input {name}");
            let failure = Failure::new(FailureKind::Usage, text);
            match nearest(name, found.names()) {
                Some(near) => failure.hint(format!("did you mean {near}?")),
                None => failure.hint("it is the name of a recipe, a version, a patch or an image, as the lock file has it"),
            }
        })?;
    }
    Ok(lockfile)
}

/// The inputs as they are: fetches every source and gets every image onto the engine.
async fn look(
    invocation: &Invocation<'_>,
    file: &ReleaseFile,
    progress: &ReleaseProgress,
) -> Result<Lockfile, Failure> {
    let planned = Planned::make(invocation, file, progress).await?;
    let runs = invocation.cache_folder("runs");
    let run = Run::begin(&runs).map_err(|error| {
        let text = format!("{} cannot be written to: {error}", runs.display());
        Failure::new(FailureKind::Usage, text)
    })?;
    let mut found = Lockfile::default();
    let mut seen = BTreeSet::new();
    for target in planned.targets {
        let wanted = match target.state {
            State::NotNeeded(_) => continue,
            State::Failed(failure) => return Err(failure),
            State::Wanted(wanted) => wanted,
        };
        let prepared = &wanted.prepared;
        add(&mut found, prepared);
        let plan = &prepared.plan;
        if !seen.insert(crate::execute::image_name(plan)) {
            continue;
        }
        let sink = progress.target(&target.label);
        let (locks, nothing) = (invocation.cache_folder("locks"), BTreeMap::new());
        let context = Context {
            locked_images: &nothing,
            ..context(
                invocation,
                prepared,
                &Means::from(target.arguments),
                (&run, &locks),
                &sink,
            )
        };
        let image = provide_image(plan, &prepared.connected.info, &context).await;
        image.map_err(|error| explain::execute(error, false))?;
        for name in lockable_images(plan) {
            let engine = &prepared.connected.engine;
            let image = invocation.unless_stopped(engine.image(&name)).await?;
            if let Some(image) = image {
                found.images.insert(name, locked_image(image));
            }
        }
    }
    Ok(found)
}

fn locked_image(image: EngineImage) -> LockedImage {
    LockedImage {
        config: image.id,
        layers: image.layers,
        environment: image.environment,
        architecture: image.architecture,
        manifests: image.repo_digests,
    }
}
