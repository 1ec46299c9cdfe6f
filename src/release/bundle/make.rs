//! Collects what a locked release needs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

use super::super::error::ReleaseError;
use super::super::file::ReleaseFile;
use super::super::lock::refuse_drift;
use super::super::plan::{PlannedRelease, TargetState};
use super::super::progress::{Phase, ReleaseSink, TargetSink};
use super::files::{LOCKFILE, RELEASE, put_files};
use super::images::{index_entry, put_image};
use crate::build::{BuildError, BuildOrder, Prepared, Workspace};
use crate::bundle::{
    BundleDocument, BundleError, BundleWriter, BundledImage, BundledSource, Bundles, PACK_TYPE,
    PARTIAL, Written, pack_gzip, spool,
};
use crate::execute::{Context, image_name};
use crate::library::LoadedRecipe;
use crate::lockfile::Lockfile;
use crate::plan::{PlannedImage, PlannedSource};
use crate::source::{SourceError, Store};
use crate::transport::{Descriptor, Transport};

/// Which bundle to make.
#[derive(Debug, Clone)]
pub struct BundleOrder {
    /// The release file.
    pub file: PathBuf,
    /// The bundle.
    pub output: PathBuf,
    /// Most bytes of a part, where it is to be split.
    pub split: Option<u64>,
    /// An earlier bundle, whose blobs are left out.
    pub since: Option<PathBuf>,
    /// The program of the tool itself.
    pub tool: PathBuf,
}

/// A target of which everything is known.
pub(super) struct Target<'a> {
    pub(super) label: String,
    order: &'a BuildOrder,
    pub(super) prepared: Prepared,
}

/// Puts everything that the release needs into one file. The workspace has the lock file of the release in force.
///
/// # Errors
/// [`ReleaseError`]; nothing is left of a bundle that could not be finished.
pub async fn make_bundle(
    order: &BundleOrder,
    file: &ReleaseFile,
    workspace: &Workspace,
    transport: &Transport,
    progress: &dyn ReleaseSink,
) -> Result<Written, ReleaseError> {
    let Some(lockfile) = workspace.lockfile() else {
        return Err(ReleaseError::NoLockfile {
            path: file.lockfile().to_owned(),
            by_ci: false,
        });
    };
    let since = order.since.as_deref().map(Bundles::earlier).transpose()?;
    let planned = PlannedRelease::make(file, workspace, progress).await?;
    refuse_drift(&planned, workspace)?;
    let targets = carried(planned)?;
    let mut writer = BundleWriter::create(&order.output, order.split, since)?;
    let spool = tempfile::Builder::new()
        .prefix(PARTIAL)
        .tempdir_in(writer.directory());
    let spool = spool.map_err(|source| BundleError::Unwritable {
        path: writer.directory().to_owned(),
        source,
    })?;
    let tool = put_tool(&order.tool, &mut writer, &spool).await?;
    let recipes: BTreeMap<String, Arc<LoadedRecipe>> = targets
        .iter()
        .map(|target| &target.prepared.loaded)
        .map(|loaded| (loaded.recipe.name.to_string(), Arc::clone(loaded)))
        .collect();
    let files = put_files(&mut writer, &order.file, file.lockfile(), &recipes)?;
    let sources = put_sources(&targets, workspace, &mut writer, &spool).await?;
    let making = Making {
        workspace,
        lockfile,
        transport,
        progress,
    };
    let images = making.put_images(&targets, &mut writer, &spool).await?;
    let entries = images.iter().map(|image| {
        let content = &lockfile.images[&image.name].content;
        index_entry(image, &content.architecture)
    });
    let entries = entries.collect();
    let document = BundleDocument {
        format: 1,
        release: RELEASE.to_owned(),
        lockfile: LOCKFILE.to_owned(),
        tool,
        files,
        sources,
        images,
        since: Vec::new(),
    };
    Ok(writer.finish(document, entries)?)
}

/// The targets, if a bundle can carry all of them.
pub(super) fn carried(planned: PlannedRelease<'_>) -> Result<Vec<Target<'_>>, ReleaseError> {
    let mut targets = Vec::new();
    for target in planned.targets {
        let not_carried = |reason: String| ReleaseError::NotCarried {
            what: target.label.clone(),
            reason,
        };
        let prepared = match target.state {
            TargetState::Wanted(wanted) => wanted.prepared,
            TargetState::NotNeeded(reason) => {
                let reason = format!("this version needs no such build: {reason}");
                return Err(not_carried(reason));
            }
            TargetState::Failed(error) => {
                let target = target.label;
                return Err(ReleaseError::Unplanned { target, error });
            }
        };
        let reason = match &prepared.plan.image {
            _ if prepared.plan.build.script.is_some() => {
                Some("upstream's own script gets images by itself")
            }
            PlannedImage::Registry(_) | PlannedImage::Debian(_) => None,
            PlannedImage::Dockerfile { .. } => {
                Some("its image is built from a Dockerfile, whose steps use the network")
            }
            PlannedImage::Archive { .. } => Some("its image is in an archive of your own"),
            PlannedImage::Container { .. } => Some("its image is the container that is there"),
        };
        if let Some(reason) = reason {
            return Err(not_carried(reason.to_owned()));
        }
        targets.push(Target {
            label: target.label,
            order: target.order,
            prepared,
        });
    }
    Ok(targets)
}

async fn put_tool(
    program: &Path,
    writer: &mut BundleWriter,
    spool: &TempDir,
) -> Result<Descriptor, ReleaseError> {
    let (program, path) = (program.to_owned(), spool.path().join("tool"));
    let to = path.clone();
    let packed = blocking(move || {
        let content = crate::regular_file::open(&program);
        let content = content.map_err(|source| BundleError::Unreadable {
            path: program.clone(),
            source,
        })?;
        pack_gzip("the program of the tool itself", content, &to)
    });
    let packed = packed.await?;
    put_and_remove(writer, &packed, path)?;
    Ok(packed)
}

fn put_and_remove(
    writer: &mut BundleWriter,
    blob: &Descriptor,
    path: PathBuf,
) -> Result<(), BundleError> {
    writer.put_file(blob, &path)?;
    std::fs::remove_file(&path).map_err(|source| BundleError::Unwritable { path, source })
}

async fn put_sources(
    targets: &[Target<'_>],
    workspace: &Workspace,
    writer: &mut BundleWriter,
    spool: &TempDir,
) -> Result<Vec<BundledSource>, ReleaseError> {
    let mut commits: BTreeMap<(String, String), Store> = BTreeMap::new();
    for target in targets {
        let plan = &target.prepared.plan;
        if let (PlannedSource::Git { commit, .. }, Some(git)) = (&plan.source, &target.prepared.git)
        {
            let key = (plan.recipe.name.clone(), commit.clone());
            commits.insert(key, git.store.clone());
        }
    }
    let mut sources: Vec<BundledSource> = Vec::new();
    for ((recipe, commit), store) in commits {
        if workspace.cancel.is_cancelled() {
            return Err(BuildError::Interrupted.into());
        }
        let known = writer
            .since()
            .into_iter()
            .flat_map(|since| &since.document().sources);
        let mut known = known.chain(&sources).filter(|known| known.commit == commit);
        let pack = if let Some(known) = known.next() {
            let pack = known.pack.clone();
            writer.takes(&pack);
            pack
        } else {
            let path = spool.path().join("pack");
            let (to, of) = (path.clone(), commit.clone());
            let pack = blocking(move || write_pack(&store, &of, &to)).await?;
            put_and_remove(writer, &pack, path)?;
            pack
        };
        sources.push(BundledSource {
            recipe,
            commit,
            pack,
        });
    }
    Ok(sources)
}

fn write_pack(store: &Store, commit: &str, path: &Path) -> Result<Descriptor, ReleaseError> {
    spool(PACK_TYPE, path, |out| {
        let written = store.write_pack(commit, out);
        written.map_err(|error: SourceError| BuildError::from(error).into())
    })
}

/// What images are put into a bundle with.
struct Making<'a> {
    workspace: &'a Workspace,
    lockfile: &'a Lockfile,
    transport: &'a Transport,
    progress: &'a dyn ReleaseSink,
}

impl Making<'_> {
    async fn put_images(
        &self,
        targets: &[Target<'_>],
        writer: &mut BundleWriter,
        spool: &TempDir,
    ) -> Result<Vec<BundledImage>, ReleaseError> {
        let engine = self.workspace.engine().await?.as_ref();
        let run = self.workspace.begin_run(engine)?;
        let (locks, mut seen) = (self.workspace.locks(), BTreeSet::new());
        let mut images = Vec::new();
        for target in targets {
            let plan = &target.prepared.plan;
            let name = image_name(plan);
            // What is not locked was refused before.
            let Some(locked) = self.lockfile.images.get(&name) else {
                continue;
            };
            if !seen.insert(name) {
                continue;
            }
            let sink = TargetSink {
                progress: self.progress,
                target: &target.label,
                phase: Phase::Building,
            };
            let context: Context<'_> =
                target
                    .order
                    .context(self.workspace, &target.prepared, &run, &locks, &sink);
            let path = spool.path();
            let putting = put_image(plan, locked, &context, self.transport, writer, path);
            let image = tokio::select! {
                image = putting => image?,
                () = self.workspace.cancel.cancelled() => return Err(BuildError::Interrupted.into()),
            };
            images.push(image);
        }
        Ok(images)
    }
}

async fn blocking<T: Send + 'static, E: Send + 'static>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, E> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
}
