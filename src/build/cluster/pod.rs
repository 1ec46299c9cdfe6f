//! In the pod: takes the inputs out of the registry, builds, and puts what came of it there.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt as _;
use tokio_util::sync::CancellationToken;

use super::document::{
    FILE_TYPE, FORMAT, INPUT_TYPE, LARGEST, OUTPUT_DOCUMENT, OUTPUT_TYPE, PACK, PodFailure,
    RECIPES, RESULT, WORK, WorkInput, WorkResult, WorkSource,
};
use super::error::ClusterBuildError;
use crate::artifacts::{BUILD_LOG, MANIFEST, PLAN, TOOL, read_plan};
use crate::build::prepared::{Fetched, Prepared};
use crate::build::{
    BuildError, BuildOrder, BuildResult, FailedBuild, FailureLog, Subject, Workspace, carry_out,
};
use crate::checksum::sha256_of;
use crate::engine::{HeldContainer, LocalSettings, connect_local};
use crate::events::{Sink, Stage};
use crate::inside::inside;
use crate::library::Library;
use crate::plan::{Plan, canonical_json};
use crate::regular_file;
use crate::source::{Pinned, Store};
use crate::transport::{
    Access, ArtifactName, BlobSource, ClientSettings, Content, Descriptor, Digest, Document, EMPTY,
    EMPTY_TYPE, Manifest, Reference, Repository, TITLE, Transport, TransportError,
};

/// Most bytes of an input.
const LARGEST_INPUT: u64 = 16 << 30;
/// Where programs are looked for, unless the image says otherwise.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What the pod's side works with.
pub struct PodWork<'a> {
    /// The input, by its digest.
    pub input: &'a Reference,
    /// Name of the node, for records.
    pub node: Option<&'a str>,
    /// An empty directory, or one that does not exist.
    pub directory: &'a Path,
    /// The program that supervises steps.
    pub supervisor: PathBuf,
    /// Credentials and proxies for the registry.
    pub client: ClientSettings,
    /// How a failure is put for those who read it.
    pub explain: &'a (dyn Fn(&FailedBuild) -> PodFailure + Sync),
    /// Cancelled when the work is to stop.
    pub cancel: CancellationToken,
}

/// Does the work. Returns the digest of what is in the registry then, and the failure if the build failed: that is a result
/// as well.
///
/// # Errors
/// [`BuildError`]; nothing is in the registry then.
pub async fn work_in_pod(
    work: &PodWork<'_>,
    sink: &dyn Sink,
) -> Result<(Digest, Option<PodFailure>), BuildError> {
    let transport = Transport {
        settings: work.client.clone(),
        ..Transport::default()
    };
    let place = &work.input.place;
    let inputs = work.directory.join("inputs");
    let title = work.input.to_string();
    let moved = |source| ClusterBuildError::Inputs {
        title: title.clone(),
        place: place.to_string(),
        source,
    };
    let stage = Stage::begin(sink, "inputs", format!("from {place}"));
    let opened = transport.open(place, Access::Write, sink).await;
    let at = opened.map_err(moved)?;
    let fetching = fetch(work.input, &at, &inputs);
    let fetched = tokio::select! {
        fetched = fetching => fetched?,
        () = work.cancel.cancelled() => return Err(BuildError::Interrupted),
    };
    stage.end(format!("{fetched} files"));
    let input: WorkInput = read_input(&inputs)?;
    let plan = read_plan(&inputs).map_err(|error| other(&crate::failure::with_causes(&error)))?;
    if plan.content_key(&input.image.content) != input.key {
        return Err(other("its plan and its image have another content key"));
    }
    let key = input.key.clone();
    let built = build(work, input, plan, &inputs, sink).await;
    let outcome = match built {
        Err(failed) if failed.error.is_interruption() => return Err(failed.error),
        Err(failed) => Outcome::failed(failed, work),
        Ok(result) => Outcome::built(&result),
    };
    let failure = outcome.failure.clone();
    let stage = Stage::begin(sink, "result", format!("to {place}"));
    let putting = outcome.put(&key, &at);
    let digest = tokio::select! {
        put = putting => put.map_err(|source| ClusterBuildError::Result {
            title: title.clone(),
            place: place.to_string(),
            source,
        })?,
        () = work.cancel.cancelled() => return Err(BuildError::Interrupted),
    };
    stage.end(digest.to_string());
    Ok((digest, failure))
}

fn other(reason: &str) -> BuildError {
    let reason = crate::harmless::harmless(reason).into_owned();
    ClusterBuildError::OtherInput { reason }.into()
}

/// Brings every file of the input into a new directory, and returns their number.
async fn fetch(
    input: &Reference,
    at: &Repository<'_>,
    directory: &Path,
) -> Result<usize, BuildError> {
    let failed = |source| ClusterBuildError::Inputs {
        title: input.to_string(),
        place: input.place.to_string(),
        source,
    };
    let unwritable = |path: &Path| {
        let path = path.to_owned();
        move |source| ClusterBuildError::File { path, source }
    };
    let Some(name @ ArtifactName::Digest(_)) = &input.name else {
        return Err(other("it is not named by a digest"));
    };
    let document = at.document(name).await.map_err(failed)?;
    let Content::Manifest(manifest) = document.content else {
        return Err(other("it is an index"));
    };
    if document.descriptor.artifact_type.as_deref() != Some(INPUT_TYPE) {
        return Err(other("it is an artifact of another type"));
    }
    let sizes = manifest.layers.iter().map(|layer| layer.size);
    if sizes.fold(0, u64::saturating_add) > LARGEST_INPUT {
        return Err(other("it is too large"));
    }
    fs::create_dir_all(directory).map_err(unwritable(directory))?;
    for layer in &manifest.layers {
        let name = layer.annotations.get(TITLE).map_or("", String::as_str);
        let path = inside(directory, name).map_err(|error| other(&error.to_string()))?;
        let parent = path.parent().unwrap_or(directory);
        fs::create_dir_all(parent).map_err(unwritable(parent))?;
        at.fetch_file(layer, &path).await.map_err(failed)?;
    }
    Ok(manifest.layers.len())
}

fn read_input(directory: &Path) -> Result<WorkInput, BuildError> {
    let path = directory.join(WORK);
    let text = regular_file::read(&path, LARGEST);
    let text = text.map_err(|source| ClusterBuildError::File { path, source })?;
    let input: WorkInput =
        serde_json::from_slice(&text).map_err(|error| other(&error.to_string()))?;
    if input.format != FORMAT {
        return Err(other(&format!("it has format {}", input.format)));
    }
    Ok(input)
}

async fn build(
    work: &PodWork<'_>,
    input: WorkInput,
    plan: Plan,
    inputs: &Path,
    sink: &dyn Sink,
) -> Result<BuildResult, FailedBuild> {
    let library = Library::new(vec![inputs.join(RECIPES)]);
    let loaded = library.load(&input.recipe).map_err(BuildError::from)?;
    if loaded.sha256 != plan.recipe.sha256 || input.recipe != plan.recipe.name {
        return Err(other("its recipe is not the one of its plan").into());
    }
    let cache = work.directory.join("cache");
    let settings = local_settings(work, &input, &cache);
    let connect = Box::new(move || connect_local(settings.clone()).boxed());
    let mut workspace = Workspace::new(library, cache, connect);
    workspace.cancel = work.cancel.clone();
    let loaded = Arc::new(loaded);
    workspace.know(&input.recipe, Arc::clone(&loaded));
    let git = match &input.source {
        Some(source) => Some(take_source(source, inputs, &workspace, &input.recipe)?),
        None => None,
    };
    let mut order = BuildOrder::new(
        input.recipe.clone(),
        Subject::Only,
        work.directory.join("result"),
    );
    order.checks.no_network = input.checks.no_network;
    let engine = Arc::clone(workspace.engine().await?);
    let prepared = Prepared {
        loaded,
        engine,
        git,
        plan,
        like: None,
    };
    Box::pin(carry_out(&order, &prepared, &workspace, sink)).await
}

/// The engine in the pod: the container is the image of the plan, whose limits the cluster keeps.
fn local_settings(work: &PodWork<'_>, input: &WorkInput, cache: &Path) -> LocalSettings {
    let usual = [("PATH", PATH), ("HOME", "/root")];
    let usual = usual.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let of_image = input.image.content.environment.iter();
    let of_image = of_image.filter_map(|variable| {
        let (name, value) = variable.split_once('=')?;
        Some((name.to_owned(), value.to_owned()))
    });
    let environment: BTreeMap<_, _> = usual.into_iter().chain(of_image).collect();
    let node = work.node.map(|node| format!(", node {node}"));
    LocalSettings {
        directory: cache.join("local"),
        supervisor: work.supervisor.clone(),
        environment,
        instead_of: None,
        held: Some(HeldContainer {
            name: input.image.name.clone(),
            image: input.image.image(),
            version: format!("{}{}", input.engine, node.unwrap_or_default()),
        }),
    }
}

/// The commit, out of its pack into the store.
fn take_source(
    source: &WorkSource,
    inputs: &Path,
    workspace: &Workspace,
    recipe: &str,
) -> Result<Fetched, BuildError> {
    let store: Store = workspace.store(recipe)?;
    let wanted = source.tag.clone().unwrap_or_else(|| source.commit.clone());
    let pinned = Pinned {
        commit: source.commit.clone(),
        tree: source.tree.clone(),
        urls: source.urls.clone(),
    };
    let pinned = BTreeMap::from([(wanted.clone(), pinned)]);
    let served = store.take_pinned(&wanted, &pinned, |_| {
        Ok(BufReader::new(regular_file::open(&inputs.join(PACK))?))
    })?;
    Ok(Fetched { store, served })
}

/// What is put into the registry.
struct Outcome {
    failure: Option<PodFailure>,
    /// Names and paths.
    files: Vec<(String, PathBuf)>,
}

impl Outcome {
    fn built(result: &BuildResult) -> Self {
        let outputs = result.manifest.files.iter().map(|file| file.name.clone());
        let names = outputs.chain([MANIFEST, PLAN, BUILD_LOG].map(str::to_owned));
        Self {
            failure: None,
            files: names
                .map(|name| (name.clone(), result.directory.join(name)))
                .collect(),
        }
    }

    fn failed(mut failed: FailedBuild, work: &PodWork<'_>) -> Self {
        // Where it is in the pod is of no use to anybody: it is part of the result.
        let log = match std::mem::replace(&mut failed.log, FailureLog::None) {
            FailureLog::Kept(path) => Some((BUILD_LOG.to_owned(), path)),
            FailureLog::None | FailureLog::Lost(_) => None,
        };
        Self {
            failure: Some((work.explain)(&failed)),
            files: log.into_iter().collect(),
        }
    }

    async fn put(self, key: &str, at: &Repository<'_>) -> Result<Digest, TransportError> {
        let result = WorkResult {
            format: FORMAT,
            key: key.to_owned(),
            tool: TOOL.to_owned(),
            failure: self.failure,
        };
        let text = Bytes::from(canonical_json(&result));
        let document = Descriptor::of(OUTPUT_DOCUMENT, &text).annotated(TITLE, RESULT);
        at.put(&document, &BlobSource::Bytes(text), None).await?;
        let mut layers = vec![document];
        for (name, path) in self.files {
            let layer = describe(&path).map_err(|source| TransportError::Unwritable {
                path: path.clone(),
                source,
            })?;
            let layer = layer.annotated(TITLE, name);
            at.put(&layer, &BlobSource::File(path), None).await?;
            layers.push(layer);
        }
        let empty = Descriptor::of(EMPTY_TYPE, EMPTY);
        let nothing = BlobSource::Bytes(Bytes::from_static(EMPTY));
        at.put(&empty, &nothing, None).await?;
        let manifest: Document = Manifest::of_artifact(OUTPUT_TYPE, layers).into();
        at.put_document(&manifest, None).await?;
        Ok(manifest.descriptor.digest)
    }
}

fn describe(path: &Path) -> io::Result<Descriptor> {
    let (size, sha256) = sha256_of(regular_file::open(path)?)?;
    // What `sha256_of` wrote is a digest.
    let digest = Digest::from_hex(&sha256).unwrap_or_else(|| Digest::of(&[]));
    Ok(Descriptor::new(FILE_TYPE, digest, size))
}
