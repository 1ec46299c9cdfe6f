//! What a result was made of: had again, and held against its plan.

use super::published::Published;
use crate::artifacts::{Manifest, ManifestSource};
use crate::checksum::sha256_hex;
use crate::cli::args::ReproduceArguments;
use crate::cli::commands::prepare::{Prepared, stall};
use crate::cli::commands::{Invocation, explain};
use crate::events::Sink;
use crate::execute::refuse_engine;
use crate::failure::{Failure, FailureKind};
use crate::library::LoadedRecipe;
use crate::plan::{Plan, PlannedImage, PlannedPatch, PlannedSource, Via};
use crate::recipe::Source;
use crate::source::{FetchRequest, Served, Store};

/// What the plan is carried out with.
pub(super) struct Inputs {
    /// With the plan that is carried out: the result's own, but for what may differ without changing the bytes.
    pub(super) prepared: Prepared,
    /// Whether the recipe is still the one that the result was planned by.
    pub(super) same_recipe: bool,
}

/// Recipe, patches, engine and source of a published result.
pub(super) async fn inputs(
    invocation: &Invocation<'_>,
    published: &Published,
    arguments: &ReproduceArguments,
    sink: &dyn Sink,
) -> Result<Inputs, Failure> {
    let (manifest, plan) = (&published.manifest, &published.plan);
    let loaded = invocation.recipe(&plan.recipe.name)?;
    check_patches(&loaded, plan, manifest)?;
    let connected = invocation.connected().await?.clone();
    if plan.build.via == Via::RunSh {
        refuse_engine(&connected.info).map_err(|error| explain::execute(error, false))?;
    }
    let architecture = &connected.info.architecture;
    if manifest.image.architecture != *architecture {
        let text = format!(
            "the result was built in an image for {}, and the engine runs {architecture}",
            manifest.image.architecture
        );
        let failure = Failure::new(FailureKind::Engine, text);
        return Err(failure.hint("--host or DOCKER_HOST names an engine on such a machine"));
    }
    let (store, served) = fetch(invocation, &loaded, published, arguments, sink).await?;
    let mirrors = [arguments.mirror.as_slice(), &invocation.config.mirrors].concat();
    let mut plan = plan.clone().with_mirrors(&mirrors);
    // From nothing: not out of what an earlier build compiled.
    plan.build.caches.clear();
    Ok(Inputs {
        same_recipe: loaded.sha256 == plan.recipe.sha256,
        prepared: Prepared {
            loaded,
            connected,
            store,
            served,
            plan,
            like: None,
        },
    })
}

/// Holds the library's patches against the planned ones.
fn check_patches(loaded: &LoadedRecipe, plan: &Plan, manifest: &Manifest) -> Result<(), Failure> {
    let of_source: &[PlannedPatch] = match &plan.source {
        PlannedSource::Git { patches, .. } => patches,
        PlannedSource::Directory { .. } => &[],
    };
    let of_image: &[PlannedPatch] = match &plan.image {
        PlannedImage::Dockerfile { patches, .. } => patches,
        _ => &[],
    };
    let mut wrong = String::new();
    for patch in of_source.iter().chain(of_image) {
        let found = match loaded.patches.get(&patch.file) {
            None => "it is not there".to_owned(),
            Some(text) => {
                let sha256 = sha256_hex(text.as_bytes());
                if sha256 == patch.sha256 {
                    continue;
                }
                format!("its sha256 is {sha256} instead of {}", patch.sha256)
            }
        };
        wrong.push_str(&format!("\n  {}: {found}", patch.file));
    }
    if wrong.is_empty() {
        return Ok(());
    }
    let text = format!(
        "the patches of the recipe {} ({}) are not those of the result:{wrong}",
        plan.recipe.name, loaded.origin
    );
    let hint = format!(
        "it was built by {} with the recipe of {}: use those, with --recipe-dir where it is a folder",
        manifest.tool, manifest.recipe_origin
    );
    Err(Failure::new(FailureKind::Integrity, text).hint(hint))
}

/// The planned commit, where the source is a git repository.
async fn fetch(
    invocation: &Invocation<'_>,
    loaded: &LoadedRecipe,
    published: &Published,
    arguments: &ReproduceArguments,
    sink: &dyn Sink,
) -> Result<(Option<Store>, Option<Served>), Failure> {
    let plan = &published.plan;
    let PlannedSource::Git {
        tag, commit, tree, ..
    } = &plan.source
    else {
        if arguments.source.is_empty() {
            return Ok((None, None));
        }
        let text = "the source of this result is in its image; --source does not apply";
        return Err(Failure::new(FailureKind::Usage, text));
    };
    let store = invocation.store(loaded.recipe.name.as_str())?;
    let request = FetchRequest {
        urls: urls(loaded, &published.manifest, arguments),
        wanted: tag.clone().unwrap_or_else(|| commit.clone()),
        pins: tag
            .iter()
            .map(|tag| (tag.clone(), commit.clone()))
            .collect(),
        stall: stall(invocation, arguments.stall_timeout),
        refresh: false,
        offline: arguments.offline,
        // Another mirror may still have what was published.
        skip_moved: true,
    };
    let served = store.fetch(&request, sink, invocation.cancel).await;
    let served = served.map_err(explain::source)?;
    for (what, found, planned) in [
        ("commit", &served.commit, commit),
        ("tree", &served.tree, tree),
    ] {
        if found != planned {
            let text = format!(
                "{} at {} has the {what} {found}, and the result was built from {planned}",
                request.wanted, served.url
            );
            return Err(Failure::new(FailureKind::Integrity, text));
        }
    }
    Ok((Some(store), Some(served)))
}

/// Where the source may be: where the user says, or else where the recipe says and where the result had it from.
fn urls(loaded: &LoadedRecipe, manifest: &Manifest, arguments: &ReproduceArguments) -> Vec<String> {
    if !arguments.source.is_empty() {
        return arguments.source.clone();
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
