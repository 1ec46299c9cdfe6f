//! From the command line to a plan: recipe, facts, plan.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::like::{self, Model};
use super::shared::Connected;
use super::{Invocation, explain};
use crate::artifacts::ManifestLike;
use crate::checksum::sha256_hex;
use crate::cli::args::{BuildArguments, ImageChoice, ViaChoice};
use crate::events::{Event, Sink};
use crate::execute::refuse_engine;
use crate::facts::{Facts, GitFacts, SourceFacts, read_archive_identity};
use crate::failure::{Failure, FailureKind};
use crate::library::LoadedRecipe;
use crate::plan::{Plan, Request, Via, make_plan};
use crate::recipe::{BuildOption, GitSource, ImageWay, Source, TimeSpan, Version};
use crate::source::{FetchRequest, Served, Store};

/// Longest time without a byte from a mirror, when nobody says otherwise.
const STALL: Duration = Duration::from_secs(30);

/// Recipe, facts and plan, with what they were read from.
pub(super) struct Prepared {
    pub(super) loaded: Arc<LoadedRecipe>,
    pub(super) connected: Connected,
    pub(super) store: Option<Store>,
    pub(super) served: Option<Served>,
    pub(super) plan: Plan,
    /// What it is to be like.
    pub(super) like: Option<ManifestLike>,
}

/// Recipe, facts, plan. Reads from the engine and the mirrors; changes nothing but the source store.
pub(super) async fn prepare(
    invocation: &Invocation<'_>,
    name: &str,
    arguments: &BuildArguments,
    sink: &dyn Sink,
) -> Result<Prepared, Failure> {
    let loaded = invocation.recipe(name)?;
    if let (Some(image), Some(way)) = (&arguments.image_name, arguments.image)
        && way != ImageChoice::Registry
    {
        let text = format!(
            "--image-name {image} names a ready image; --image {} makes one: give one of the two",
            format!("{way:?}").to_lowercase()
        );
        return Err(Failure::new(FailureKind::Usage, text));
    }
    if arguments.refresh && arguments.caches.offline {
        let text = "--refresh asks the mirrors, and --offline asks nobody: give one of the two";
        return Err(Failure::new(FailureKind::Usage, text));
    }
    let model = like::model(invocation, &loaded, arguments, sink).await?;
    let arguments = model.as_ref().map_or(arguments, |model| &model.arguments);
    let request = request(invocation, arguments);
    let image_archive = arguments
        .image_archive
        .as_deref()
        .map(read_archive_identity)
        .transpose();
    let image_archive = image_archive.map_err(explain::facts)?;
    let wanted = wanted(&loaded, arguments)?;
    let connected = async {
        let connected = invocation.connected().await?;
        if arguments.upstream.via == ViaChoice::RunSh {
            refuse_engine(&connected.info).map_err(|error| explain::execute(error, false))?;
        }
        Ok(connected.clone())
    };
    let found = async {
        let (Source::Git(git), Some(wanted)) = (&loaded.recipe.source, wanted) else {
            return Ok((None, None, SourceFacts::Directory));
        };
        let fetched = fetch(invocation, &loaded, git, wanted, arguments, sink).await;
        let (store, served) = match &model {
            Some(model) => {
                let fetched = fetched.map_err(|failure| model.explain(failure))?;
                model.check(&loaded.recipe, &fetched.1)?;
                fetched
            }
            None => fetched?,
        };
        let facts = GitFacts {
            tag: served.tag.clone(),
            commit: served.commit.clone(),
            tree: served.tree.clone(),
            commit_time: served.commit_time,
            files: invocation.tree_facts(&loaded, &store, &served.tree)?,
        };
        Ok((Some(store), Some(served), SourceFacts::Git(facts)))
    };
    // Neither needs the other, so the engine answers while the source comes. The engine goes first: where none is,
    // nothing is fetched.
    let (connected, (store, served, source)) = tokio::try_join!(biased; connected, found)?;
    let facts = Facts {
        recipe_sha256: loaded.sha256.clone(),
        patches: loaded
            .patches
            .iter()
            .map(|(file, text)| (file.clone(), sha256_hex(text.as_bytes())))
            .collect(),
        source,
        engine_architecture: connected.info.architecture.clone(),
        image_archive,
    };
    let mut plan = make_plan(&loaded.recipe, &request, &facts).map_err(explain::plan)?;
    if let Some(model) = &model {
        plan.warnings.extend_from_slice(&model.warnings);
    }
    Ok(Prepared {
        like: model.as_ref().map(Model::record),
        loaded,
        connected,
        store,
        served,
        plan,
    })
}

fn request(invocation: &Invocation<'_>, arguments: &BuildArguments) -> Request {
    Request {
        architecture: arguments.arch.clone(),
        image: arguments.image.map(|choice| match choice {
            ImageChoice::Registry => ImageWay::Registry,
            ImageChoice::Upstream => ImageWay::Upstream,
            ImageChoice::Lean => ImageWay::Lean,
            ImageChoice::Debian => ImageWay::Debian,
        }),
        image_name: arguments.image_name.clone(),
        mirrors: arguments
            .mirror
            .iter()
            .chain(&invocation.config.mirrors)
            .cloned()
            .collect(),
        via: match arguments.upstream.via {
            ViaChoice::Make => Via::Make,
            ViaChoice::RunSh => Via::RunSh,
        },
        targets: arguments.upstream.target.clone(),
        options: [
            (BuildOption::Static, arguments.upstream.static_linked),
            (BuildOption::LowMemory, arguments.upstream.low_memory),
            (BuildOption::AllOutputs, arguments.upstream.all_outputs),
        ]
        .into_iter()
        .filter_map(|(option, asked)| asked.then_some(option))
        .collect(),
        goflags: arguments
            .upstream
            .goflags
            .as_ref()
            .map(|flags| flags.0.clone()),
        allow_toolchain: arguments.upstream.allow_toolchain.clone(),
        force: arguments.force,
        memory: arguments.memory.map(|size| size.0),
        nano_cpus: arguments.cpus.map(|cpus| cpus.0),
        timeout: arguments.timeout.map(|span| span.0),
        jobs: arguments.jobs,
        glibc_floor: arguments.glibc_floor,
    }
}

/// The tag or commit to build; none for a source that is a folder of the image.
fn wanted<'a>(
    loaded: &LoadedRecipe,
    arguments: &'a BuildArguments,
) -> Result<Option<&'a str>, Failure> {
    let name = &loaded.recipe.name;
    let refuse = |text: String| Err(Failure::new(FailureKind::Usage, text));
    match (&loaded.recipe.source, arguments.tag.as_deref()) {
        (Source::Git(_), Some(tag)) => Ok(Some(tag)),
        (Source::Git(git), None) => {
            let known: Vec<_> = git.tags.keys().map(Version::as_str).collect();
            let known = if known.is_empty() {
                String::new()
            } else {
                format!("; known are {}", known.join(", "))
            };
            let text = format!("which version of {name}? --tag names a tag or a commit{known}");
            Err(Failure::new(FailureKind::Usage, text).hint(
                "--like takes what a node has: its binary, or what that prints of its version",
            ))
        }
        (Source::Directory(_), _) if !arguments.source.is_empty() || arguments.refresh => {
            refuse(format!(
                "the recipe {name} takes its source from its image; --source and --refresh do not apply"
            ))
        }
        (Source::Directory(folder), Some(tag)) => match tag.parse::<Version>() {
            Ok(version) if version == folder.version => Ok(None),
            _ => refuse(format!(
                "the recipe {name} builds {} only, not {tag}",
                folder.version
            )),
        },
        (Source::Directory(_), None) => Ok(None),
    }
}

async fn fetch(
    invocation: &Invocation<'_>,
    loaded: &LoadedRecipe,
    git: &GitSource,
    wanted: &str,
    arguments: &BuildArguments,
    sink: &dyn Sink,
) -> Result<(Store, Served), Failure> {
    let name = &loaded.recipe.name;
    let store = invocation.store(name.as_str())?;
    sink.event(&Event::StageStarted {
        stage: "source",
        detail: format!("{name} {wanted}"),
    });
    let started = Instant::now();
    let request = FetchRequest {
        urls: if arguments.source.is_empty() {
            git.urls.clone()
        } else {
            arguments.source.clone()
        },
        wanted: wanted.to_owned(),
        pins: git
            .tags
            .iter()
            .map(|(tag, commit)| (tag.to_string(), commit.to_string()))
            // What the lock file says comes last, and counts.
            .chain(invocation.locked_tags(name.as_str()))
            .collect(),
        stall: stall(invocation, arguments.stall_timeout),
        refresh: arguments.refresh,
        offline: arguments.caches.offline,
        skip_moved: invocation.lockfile.is_some(),
    };
    let served = store
        .fetch(&request, sink, invocation.cancel)
        .await
        .map_err(explain::source)?;
    let name = served.tag.as_deref().unwrap_or("the commit");
    let how = if served.from_store {
        "in the store, from"
    } else {
        "from"
    };
    sink.event(&Event::StageFinished {
        stage: "source",
        detail: format!("{name} is {} {how} {}", served.commit, served.url),
        milliseconds: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
    });
    Ok((store, served))
}

/// Longest time without a byte from a mirror.
pub(super) fn stall(invocation: &Invocation<'_>, asked: Option<TimeSpan>) -> Duration {
    asked
        .or(invocation.config.stall_timeout)
        .map_or(STALL, |span| span.0)
}
