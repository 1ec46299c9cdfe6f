//! What a lock file means to a release, and how it is made.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use super::error::ReleaseError;
use super::file::ReleaseFile;
use super::plan::{PlannedRelease, TargetState};
use super::progress::{Phase, ReleaseSink, TargetSink};
use crate::artifacts::{ArtifactError, replace_file};
use crate::build::{BuildError, BuildOrder, Prepared, Workspace};
use crate::engine::Image;
use crate::events::Sink;
use crate::execute::{Context, Run, image_name, provide_image};
use crate::lockfile::{Drift, LockedImage, Lockfile, parse_lockfile, render_lockfile};
use crate::plan::{Plan, PlannedImage};
use crate::recipe::nearest;
use crate::regular_file;

/// Largest lock file in bytes; one of a thousand targets has a few hundred thousand.
const LARGEST: u64 = 64 << 20;

/// The lock file at `path`; none where there is none.
///
/// # Errors
/// [`ReleaseError::Lockfile`], [`ReleaseError::InvalidLockfile`].
pub fn read_lockfile(path: &Path) -> Result<Option<Lockfile>, ReleaseError> {
    let name = path.display().to_string();
    match regular_file::read_text(path, LARGEST) {
        Ok(text) => match parse_lockfile(&name, &text) {
            Ok(lockfile) => Ok(Some(lockfile)),
            Err(reason) => Err(ReleaseError::InvalidLockfile(reason)),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(ReleaseError::Lockfile {
            path: path.to_path_buf(),
            source,
        }),
    }
}

/// The lock file at `path`, which must be there; `by_ci` says that a CI system is why.
///
/// # Errors
/// As [`read_lockfile`], and [`ReleaseError::NoLockfile`].
pub fn require_lockfile(path: &Path, by_ci: bool) -> Result<Lockfile, ReleaseError> {
    read_lockfile(path)?.ok_or_else(|| ReleaseError::NoLockfile {
        path: path.to_path_buf(),
        by_ci,
    })
}

/// Writes the lock file, in one step.
///
/// # Errors
/// [`ReleaseError::RenderLockfile`], [`ReleaseError::Artifact`].
pub fn write_lockfile(path: &Path, lockfile: &Lockfile) -> Result<(), ReleaseError> {
    let text =
        render_lockfile(lockfile).map_err(|reason| ReleaseError::RenderLockfile { reason })?;
    Ok(replace_file(path, text.as_bytes(), 0o644).map_err(ArtifactError::unwritable(path))?)
}

/// Refuses a release whose inputs do not match the lock file in force. Images are checked when they are provided: another
/// place may have the right one.
///
/// # Errors
/// [`ReleaseError::Drift`] with what moved.
pub fn refuse_drift(
    planned: &PlannedRelease<'_>,
    workspace: &Workspace,
) -> Result<(), ReleaseError> {
    let Some(lockfile) = workspace.lockfile() else {
        return Ok(());
    };
    let mut found = Lockfile::default();
    let mut moved: Vec<String> = Vec::new();
    for target in &planned.targets {
        match &target.state {
            TargetState::Wanted(wanted) => {
                add(&mut found, &wanted.prepared);
                moved.extend(not_locked(lockfile, &wanted.prepared.plan));
            }
            TargetState::Failed(error) if error.is_mismatch() => {
                moved.push(format!("{}\n    {error}", target.label));
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
    Err(ReleaseError::Drift { moved })
}

/// The inputs of a release as they are now: fetches every source and gets every image onto the engine. With names in
/// `only` the others stay as `earlier` has them.
///
/// # Errors
/// [`ReleaseError`].
pub async fn lock_inputs(
    file: &ReleaseFile,
    earlier: Option<&Lockfile>,
    only: &[String],
    workspace: &Workspace,
    progress: &dyn ReleaseSink,
) -> Result<Lockfile, ReleaseError> {
    let found = look(file, workspace, progress).await?;
    if only.is_empty() {
        return Ok(found);
    }
    let mut lockfile = earlier.cloned().unwrap_or_default();
    for name in only {
        let updated = lockfile.updated(name, &found);
        lockfile = updated.ok_or_else(|| ReleaseError::UnknownInput {
            name: name.clone(),
            nearest: nearest(name, found.names()),
        })?;
    }
    Ok(lockfile)
}

async fn look(
    file: &ReleaseFile,
    workspace: &Workspace,
    progress: &dyn ReleaseSink,
) -> Result<Lockfile, ReleaseError> {
    let planned = PlannedRelease::make(file, workspace, progress).await?;
    let engine = workspace.engine().await?.as_ref();
    let run = workspace.begin_run(engine)?;
    let mut found = Lockfile::default();
    let mut seen = BTreeSet::new();
    for target in planned.targets {
        let prepared = match target.state {
            TargetState::NotNeeded(_) => continue,
            TargetState::Failed(error) => {
                let target = target.label;
                return Err(ReleaseError::Unplanned { target, error });
            }
            TargetState::Wanted(wanted) => wanted.prepared,
        };
        add(&mut found, &prepared);
        if !seen.insert(image_name(&prepared.plan)) {
            continue;
        }
        let sink = TargetSink {
            progress,
            target: &target.label,
            phase: Phase::Building,
        };
        found
            .images
            .extend(images(target.order, &prepared, workspace, &run, &sink).await?);
    }
    Ok(found)
}

/// The images of a plan as they are now, by name.
async fn images(
    order: &BuildOrder,
    prepared: &Prepared,
    workspace: &Workspace,
    run: &Run,
    sink: &dyn Sink,
) -> Result<BTreeMap<String, LockedImage>, BuildError> {
    let (locks, nothing) = (workspace.locks(), BTreeMap::new());
    let context = Context {
        locked_images: &nothing,
        ..order.context(workspace, prepared, run, &locks, sink)
    };
    let plan = &prepared.plan;
    provide_image(plan, prepared.engine.describe(), &context).await?;
    let mut images = BTreeMap::new();
    for name in lockable_images(plan) {
        let image = prepared.engine.image(&name);
        if let Some(image) = workspace.unless_stopped(image).await? {
            images.insert(name, locked_image(image));
        }
    }
    Ok(images)
}

fn add(found: &mut Lockfile, prepared: &Prepared) {
    let urls = prepared.git.as_ref();
    let urls = urls.map(|fetched| fetched.served.urls.as_slice());
    found.add(&prepared.plan, urls.unwrap_or_default());
}

/// Images of a plan that the lock file does not know.
fn not_locked(lockfile: &Lockfile, plan: &Plan) -> Vec<String> {
    let names = lockable_images(plan).into_iter();
    names
        .filter(|name| !lockfile.images.contains_key(name))
        .map(|name| format!("image {name}\n    not locked"))
        .collect()
}

/// Names of a plan's images that a lock file has: what is pulled or bootstrapped, not what is built from it.
fn lockable_images(plan: &Plan) -> Vec<String> {
    match &plan.image {
        PlannedImage::Dockerfile { bases, .. } => {
            bases.iter().map(|base| base.name.clone()).collect()
        }
        // It is there, and nothing pulls another one.
        PlannedImage::Container { .. } => Vec::new(),
        _ => vec![image_name(plan)],
    }
}

fn locked_image(image: Image) -> LockedImage {
    LockedImage {
        config: image.id,
        content: image.content,
        manifests: image.repo_digests,
    }
}
