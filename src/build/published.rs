//! What a published result was made of: fetched again, and checked against its plan.

use std::sync::Arc;

use super::error::BuildError;
use super::order::BuildOrder;
use super::prepared::{Fetched, Prepared, connect, container, note_engine, stall};
use super::workspace::Workspace;
use crate::artifacts::{Manifest, ManifestSource, PublishedResult};
use crate::checksum::sha256_hex;
use crate::events::Sink;
use crate::facts::ContainerFacts;
use crate::library::LoadedRecipe;
use crate::plan::{Plan, PlannedImage, PlannedPatch, PlannedSource, source_in_image};
use crate::recipe::Source;
use crate::source::FetchRequest;

/// Patches, engine and source of a published result, with its own plan but for what may differ without changing the bytes.
pub(super) async fn prepare_published(
    order: &BuildOrder,
    workspace: &Workspace,
    loaded: Arc<LoadedRecipe>,
    published: &PublishedResult,
    sink: &dyn Sink,
) -> Result<Prepared, BuildError> {
    let (manifest, plan) = (&published.manifest, &published.plan);
    check_patches(&loaded, plan, manifest)?;
    let engine = connect(workspace, plan.build.via).await?;
    let built_on = &manifest.image.content.architecture;
    if *built_on != engine.describe().architecture {
        return Err(BuildError::OtherArchitecture {
            image: built_on.clone(),
            engine: engine.describe().architecture.clone(),
        });
    }
    note_engine(workspace, engine.as_ref(), sink);
    let git = fetch(order, workspace, &loaded, published, sink).await?;
    let mirrors = [
        order.image.mirrors.as_slice(),
        &workspace.configuration.mirrors,
    ];
    let plan = plan.clone();
    let mut plan = plan.with_images_from(&mirrors.concat(), &loaded.recipe);
    if let Some(ContainerFacts { identity }) = container(order, workspace, engine.as_ref()) {
        // Whatever it was built in, there is one image only; whether that is the same is looked at.
        plan.image = PlannedImage::Container { identity };
    }
    // From nothing: not out of what an earlier build compiled.
    plan.build.caches.clear();
    Ok(Prepared {
        loaded,
        engine,
        git,
        plan,
        like: None,
    })
}

/// Holds the library's patches against the planned ones.
fn check_patches(
    loaded: &LoadedRecipe,
    plan: &Plan,
    manifest: &Manifest,
) -> Result<(), BuildError> {
    let of_source: &[PlannedPatch] = match &plan.source {
        PlannedSource::Git { patches, .. } => patches,
        PlannedSource::Directory { .. } => &[],
    };
    let of_image: &[PlannedPatch] = match &plan.image {
        PlannedImage::Dockerfile { patches, .. } => patches,
        _ => &[],
    };
    let mut wrong = Vec::new();
    for patch in of_source.iter().chain(of_image) {
        let problem = match loaded.patches.get(&patch.file) {
            None => "not found".to_owned(),
            Some(text) => {
                let sha256 = sha256_hex(text.as_bytes());
                if sha256 == patch.sha256 {
                    continue;
                }
                format!("its sha256 is {sha256} instead of {}", patch.sha256)
            }
        };
        wrong.push(format!("{}: {problem}", patch.file));
    }
    if wrong.is_empty() {
        return Ok(());
    }
    Err(BuildError::OtherPatches {
        recipe: plan.recipe.name.clone(),
        origin: loaded.origin.to_string(),
        wrong,
        built_by: manifest.tool.clone(),
        built_with: manifest.recipe_origin.clone(),
    })
}

/// The planned commit, where the source is a git repository.
async fn fetch(
    order: &BuildOrder,
    workspace: &Workspace,
    loaded: &LoadedRecipe,
    published: &PublishedResult,
    sink: &dyn Sink,
) -> Result<Option<Fetched>, BuildError> {
    let PlannedSource::Git {
        tag, commit, tree, ..
    } = &published.plan.source
    else {
        if order.source.urls.is_empty() {
            return Ok(None);
        }
        return Err(source_in_image(&order.recipe).into());
    };
    let store = workspace.store(loaded.recipe.name.as_str())?;
    let request = FetchRequest {
        urls: urls(loaded, &published.manifest, order),
        wanted: tag.clone().unwrap_or_else(|| commit.clone()),
        pins: tag
            .iter()
            .map(|tag| (tag.clone(), commit.clone()))
            .collect(),
        // The plan names the commit.
        upstream: None,
        unpinned: false,
        stall: stall(order, workspace),
        refresh: false,
        offline: order.cache.offline,
        // Another mirror may still have what was published.
        skip_moved: true,
    };
    let served = store.fetch(&request, sink, &workspace.cancel).await?;
    for (what, found, planned) in [
        ("commit", &served.commit, commit),
        ("tree", &served.tree, tree),
    ] {
        if found != planned {
            return Err(BuildError::OtherSource {
                version: request.wanted,
                url: served.url.clone(),
                what,
                found: found.clone(),
                planned: planned.clone(),
            });
        }
    }
    Ok(Some(Fetched { store, served }))
}

/// Where the source may be: where the order says, or else where the recipe says and where the result had it from.
fn urls(loaded: &LoadedRecipe, manifest: &Manifest, order: &BuildOrder) -> Vec<String> {
    if !order.source.urls.is_empty() {
        return order.source.urls.clone();
    }
    let mut urls = match &loaded.recipe.source {
        Source::Git(git) => git.urls.clone(),
        Source::Directory(_) => Vec::new(),
    };
    if let ManifestSource::Git { url, .. } = &manifest.source
        && !url.is_empty()
        && !urls.contains(url)
    {
        urls.push(url.clone());
    }
    urls
}
