//! From an order to a plan: recipe, facts, plan.

use super::bundled::take_bundled;
use super::error::BuildError;
use super::like::{Likeness, read_likeness};
use super::order::{BuildOrder, Subject};
use super::prepared::{Fetched, Prepared, connect, container, note_engine, stall};
use super::published::prepare_published;
use super::workspace::Workspace;
use crate::checksum::sha256_hex;
use crate::events::{Sink, Stage, Warning};
use crate::facts::{ArchiveFacts, Facts, GitFacts, SourceFacts, read_archive};
use crate::library::LoadedRecipe;
use crate::plan::{RequestedOption, make_plan, refusal};
use crate::recipe::{Architecture, GitSource, ImageWay, Source, Version};
use crate::source::{FetchRequest, SourceError};

/// The version and the architecture to build.
struct Wanted {
    version: Option<String>,
    architecture: Option<Architecture>,
    like: Option<Likeness>,
}

/// Recipe, facts, plan. Reads from the engine and the mirrors; changes nothing but the source store.
///
/// # Errors
/// [`BuildError`].
pub async fn prepare(
    order: &BuildOrder,
    workspace: &Workspace,
    sink: &dyn Sink,
) -> Result<Prepared, BuildError> {
    let loaded = workspace.recipe(&order.recipe)?;
    refuse_contradictions(order)?;
    if let Subject::Published(published) = &order.subject {
        return prepare_published(order, workspace, loaded, published, sink).await;
    }
    let wanted = wanted(order, workspace, &loaded, sink).await?;
    let image_archive = order.image.archive.as_deref();
    let image_archive = image_archive.map(read_archive).transpose()?;
    let image_archive = image_archive.map(|image| ArchiveFacts { image_id: image.id });
    workspace.claim_cache()?;
    // Neither needs the other, so the engine answers while the source comes. The engine goes first: where none is,
    // nothing is fetched.
    let (engine, git) = tokio::try_join!(
        biased;
        connect(workspace, order.via),
        fetch(order, workspace, &loaded, &wanted, sink)
    )?;
    let source = match &git {
        Some(Fetched { store, served }) => SourceFacts::Git(GitFacts {
            tag: served.tag.clone(),
            commit: served.commit.clone(),
            tree: served.tree.clone(),
            commit_time: served.commit_time,
            files: workspace.tree_facts(&loaded, store, &served.tree)?,
        }),
        None => SourceFacts::Directory,
    };
    note_engine(workspace, engine.as_ref(), sink);
    let patches = loaded.patches.iter();
    let facts = Facts {
        recipe_sha256: loaded.sha256.clone(),
        patches: patches
            .map(|(file, text)| (file.clone(), sha256_hex(text.as_bytes())))
            .collect(),
        source,
        engine_architecture: engine.describe().architecture.clone(),
        image_archive,
        container: container(order, workspace, engine.as_ref()),
    };
    let request = order.request(wanted.architecture, &workspace.configuration.mirrors);
    let mut plan = make_plan(&loaded.recipe, &request, &facts)?;
    if let Some(like) = &wanted.like {
        plan.warnings
            .extend(like.warnings.iter().map(Warning::to_string));
    }
    if let Some(Fetched { served, .. }) = &git
        && served.unpinned
    {
        let warning = Warning::Unpinned(plan.version.clone(), served.url.clone());
        plan.warnings.push(warning.to_string());
    }
    Ok(Prepared {
        loaded,
        engine,
        git,
        plan,
        like: wanted.like.as_ref().map(Likeness::record),
    })
}

fn refuse_contradictions(order: &BuildOrder) -> Result<(), BuildError> {
    match (&order.image.name, order.image.way) {
        (Some(image), Some(way)) if way != ImageWay::Registry => {
            let image = image.to_string();
            return Err(BuildError::TwoImages { image, way });
        }
        _ => {}
    }
    if order.source.refresh && order.cache.offline {
        return Err(BuildError::RefreshOffline);
    }
    Ok(())
}

/// What to build: the version that the order or a node's program names, checked against what the recipe has.
async fn wanted(
    order: &BuildOrder,
    workspace: &Workspace,
    loaded: &LoadedRecipe,
    sink: &dyn Sink,
) -> Result<Wanted, BuildError> {
    let (version, like) = match &order.subject {
        Subject::Like(file) => {
            let like = read_likeness(order, workspace, loaded, file, sink).await?;
            (Some(like.version.clone()), Some(like))
        }
        Subject::Version(version) => (Some(version.clone()), None),
        Subject::Only | Subject::Published(_) => (None, None),
    };
    let asked = [
        (RequestedOption::Source, !order.source.urls.is_empty()),
        (RequestedOption::Refresh, order.source.refresh),
    ];
    let mut asked = asked.into_iter().filter(|(_, asked)| *asked);
    if let Some(refused) = asked.find_map(|(option, _)| refusal(&loaded.recipe, option)) {
        return Err(refused.into());
    }
    let recipe = &loaded.recipe.name;
    match (&loaded.recipe.source, version.as_deref()) {
        (Source::Git(git), None) => {
            let classes = loaded.recipe.classes.iter();
            let needed = classes.filter(|class| class.not_needed.is_none());
            return Err(BuildError::NoVersion {
                recipe: recipe.to_string(),
                needed: needed.map(|class| class.summary.clone()).collect(),
                known: git.tags.keys().map(ToString::to_string).collect(),
            });
        }
        (Source::Directory(folder), Some(asked))
            if asked.parse::<Version>().ok().as_ref() != Some(&folder.version) =>
        {
            return Err(BuildError::OnlyVersion {
                recipe: recipe.to_string(),
                version: folder.version.to_string(),
                asked: asked.to_owned(),
            });
        }
        _ => {}
    }
    let architecture = like.as_ref().and_then(|like| like.architecture.clone());
    Ok(Wanted {
        version,
        architecture: order.architecture.clone().or(architecture),
        like,
    })
}

/// The source, where the recipe's is a git repository.
async fn fetch(
    order: &BuildOrder,
    workspace: &Workspace,
    loaded: &LoadedRecipe,
    wanted: &Wanted,
    sink: &dyn Sink,
) -> Result<Option<Fetched>, BuildError> {
    let (Source::Git(git), Some(version)) = (&loaded.recipe.source, &wanted.version) else {
        return Ok(None);
    };
    let pinned = wanted.like.as_ref().is_some_and(Likeness::pins);
    let unpinned = order.source.unpinned || pinned;
    let fetched = fetch_git(order, workspace, loaded, git, (version, unpinned), sink).await;
    let Some(like) = &wanted.like else {
        return fetched.map(Some);
    };
    match fetched {
        // Nothing but the commit was reported, so a mirror that lacks it says something about the commit.
        Err(BuildError::Source(error @ SourceError::AllMirrorsFailed { .. }))
            if like.is_by_commit() =>
        {
            Err(BuildError::ReportedCommit(error))
        }
        Err(error) => Err(error),
        Ok(mut fetched) => {
            like.check(&loaded.recipe, &fetched.served)?;
            fetched.served.unpinned &= !pinned;
            Ok(Some(fetched))
        }
    }
}

async fn fetch_git(
    order: &BuildOrder,
    workspace: &Workspace,
    loaded: &LoadedRecipe,
    git: &GitSource,
    (wanted, unpinned): (&str, bool),
    sink: &dyn Sink,
) -> Result<Fetched, BuildError> {
    let name = &loaded.recipe.name;
    let store = workspace.store(name.as_str())?;
    let stage = Stage::begin(sink, "source", format!("{name} {wanted}"));
    if let (Some(bundle), Some(lockfile)) = (&workspace.bundle, workspace.lockfile()) {
        let served = take_bundled(&store, bundle, lockfile, name, wanted)?;
        stage.end(format!("{} of the bundle", served.commit));
        return Ok(Fetched { store, served });
    }
    let request = FetchRequest {
        urls: if order.source.urls.is_empty() {
            git.urls.clone()
        } else {
            order.source.urls.clone()
        },
        wanted: wanted.to_owned(),
        pins: git
            .tags
            .iter()
            .map(|(tag, commit)| (tag.to_string(), commit.to_string()))
            // What the lock file says comes last, and counts.
            .chain(workspace.locked_tags(name.as_str()))
            .collect(),
        upstream: git.urls.first().cloned(),
        unpinned,
        stall: stall(order, workspace),
        refresh: order.source.refresh,
        offline: order.cache.offline,
        skip_moved: workspace.lockfile().is_some(),
    };
    let served = store.fetch(&request, sink, &workspace.cancel).await?;
    let name = served.tag.as_deref().unwrap_or("the commit");
    let how = if served.from_store {
        "in the store, from"
    } else {
        "from"
    };
    stage.end(format!("{name} is {} {how} {}", served.commit, served.url));
    Ok(Fetched { store, served })
}
