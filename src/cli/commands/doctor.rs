//! `kmembuild doctor`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::cli::args::{DoctorArguments, HalfChoice};
use crate::cli::invocation::Invocation;
use crate::cli::output::print;
use crate::engine::Address;
use crate::environment::Proxies;
use crate::failure::{Failure, FailureKind, with_causes};
use crate::host::doctor::{
    Answer, Bootstraps, EngineReading, EngineRoute, Half, Leaks, Level, Line, Node, Probe, Prober,
    RecipeNeeds, WELL_KNOWN_FOLDERS, find_programs, judge_bootstrap, judge_clock, judge_engine,
    judge_hierarchy, judge_kernel, judge_memory_cgroups, judge_places, judge_programs, judge_room,
    places,
};
use crate::plan::canonical_json;
use crate::recipe::{BuildOption, ImageWay, Recipe};
use crate::report::{JSON_FORMAT, doctor_table};

/// An engine that is well tells what it is within this time; the slowest question takes one some seconds.
const ENGINE_LIMIT: Duration = Duration::from_secs(20);

/// What bootstraps Debian.
const BOOTSTRAP: &str = "mmdebstrap";

/// `doctor --format json`.
#[derive(Serialize)]
struct Diagnosis<'a> {
    format: u32,
    passed: bool,
    lines: &'a [Line],
}

pub(crate) async fn run(
    invocation: &Invocation<'_>,
    arguments: &DoctorArguments,
) -> Result<(), Failure> {
    if arguments.only == Some(HalfChoice::Leak) && !arguments.recipes.is_empty() {
        let recipes = arguments.recipes.join(", ");
        let text = format!("--only leak looks at no recipe, and {recipes} is one");
        return Err(
            Failure::new(FailureKind::Usage, text).hint("leave out the recipe, or --only leak")
        );
    }
    let interrupted = || Failure::new(FailureKind::Interrupted, "interrupted; nothing was changed");
    let stop = invocation.workspace.cancel.child_token();
    let build = async {
        let looking = async {
            match arguments.only {
                Some(HalfChoice::Leak) => Ok(Vec::new()),
                _ => can_it_build(invocation, arguments).await,
            }
        };
        let looked = tokio::select! {
            looked = looking => looked,
            () = stop.cancelled() => Err(interrupted()),
        };
        if looked.is_err() {
            stop.cancel();
        }
        looked
    };
    let leak = async {
        match arguments.only {
            Some(HalfChoice::Build) => Ok(Vec::new()),
            _ => does_it_leak(&invocation.environment.search_path, stop.clone()).await,
        }
    };
    // Neither is dropped: a program that was started to tell its version must not outlive this one.
    let (build, leak) = tokio::join!(build, leak);
    let (mut lines, leak) = (build?, leak?);
    if stop.is_cancelled() {
        return Err(interrupted());
    }
    lines.extend(leak);
    let failed = lines
        .iter()
        .filter(|line| line.level == Level::Fail)
        .count();
    if invocation.json() {
        print(&canonical_json(&Diagnosis {
            format: JSON_FORMAT,
            passed: failed == 0,
            lines: &lines,
        }))?;
    } else {
        print(&doctor_table(
            &lines,
            invocation.environment.output_terminal,
        ))?;
    }
    if failed == 0 {
        return Ok(());
    }
    let text = format!("{failed} of {} lines fail", lines.len());
    Err(Failure::new(FailureKind::Unfit, text))
}

async fn can_it_build(
    invocation: &Invocation<'_>,
    arguments: &DoctorArguments,
) -> Result<Vec<Line>, Failure> {
    let (recipes, unread) = recipes(invocation, &arguments.recipes)?;
    let config = &invocation.workspace.configuration;
    let places = places(&recipes, &config.mirrors, config.debian_mirror.as_deref());
    let address = Address {
        request_timeout: ENGINE_LIMIT,
        ..invocation.engine_address()
    };
    let reading = EngineReading::read(&address).await;
    let own = &invocation.environment.proxies;
    let asker = Prober::new(own, &engine_route(&reading, own), arguments.timeout.0);
    let probes = asker.ask(&places).await;

    let mut lines = judge_engine(&reading, own);
    let needs: Vec<_> = recipes.iter().map(needs).collect();
    lines.extend(judge_room(&reading, &needs));
    lines.extend(bootstrap(invocation, &recipes));
    lines.extend(unread);
    let from_here = reading.info.is_ok() && !reading.is_local();
    let setup = reading.setup();
    let hub_mirrors = setup.map_or(&[][..], |setup| &setup.hub_mirrors);
    lines.extend(judge_places(&places, &probes, from_here, hub_mirrors));
    let ahead: Vec<_> = probes.iter().filter_map(ahead).collect();
    lines.push(judge_clock(&ahead));
    Ok(lines)
}

/// The recipes that are asked for, and a line for each that cannot be read.
fn recipes(
    invocation: &Invocation<'_>,
    asked: &[String],
) -> Result<(Vec<Recipe>, Vec<Line>), Failure> {
    let (mut recipes, mut unread) = (Vec::new(), Vec::new());
    if !asked.is_empty() {
        for name in asked {
            recipes.push(invocation.workspace.recipe(name)?.recipe.clone());
        }
        return Ok((recipes, unread));
    }
    let listed = invocation.workspace.library.list()?;
    for listed in listed {
        match invocation.workspace.library.load(&listed.name) {
            Ok(loaded) => recipes.push(loaded.recipe),
            Err(error) => {
                let found = with_causes(&error);
                let found = found.lines().next().unwrap_or_default();
                let line = Line::new(Half::Build, "recipe", Level::Warn, found);
                let remedy = format!(
                    "`kmembuild recipes check` shows what is wrong with it, in {}",
                    listed.origin
                );
                unread.push(line.of(listed.name).remedy(remedy));
            }
        }
    }
    Ok((recipes, unread))
}

fn needs(recipe: &Recipe) -> RecipeNeeds {
    let mut cases = recipe.values.values().flatten();
    RecipeNeeds {
        recipe: recipe.name.to_string(),
        memory: recipe.build.memory.map(|size| size.0),
        disk: recipe.build.disk.map(|size| size.0),
        can_save_memory: cases.any(|case| case.option == Some(BuildOption::LowMemory)),
    }
}

/// The line about what bootstraps Debian.
fn bootstrap(invocation: &Invocation<'_>, recipes: &[Recipe]) -> Option<Line> {
    let with_debian = recipes
        .iter()
        .filter(|recipe| recipe.images.debian.is_some());
    let bootstraps: Vec<_> = with_debian
        .map(|recipe| Bootstraps {
            recipe: recipe.name.to_string(),
            is_default: recipe.images.default.value == ImageWay::Debian,
        })
        .collect();
    let folders = invocation.environment.search_path.iter();
    let program = folders
        .map(|folder| folder.join(BOOTSTRAP))
        .find(|path| path.is_file());
    let has_mirror = invocation.workspace.configuration.debian_mirror.is_some();
    judge_bootstrap(&bootstraps, program.as_deref(), has_mirror)
}

/// How the engine reaches registries, as far as this host can go the same way.
fn engine_route(reading: &EngineReading, own: &Proxies) -> EngineRoute {
    let Some(setup) = reading.setup() else {
        return EngineRoute {
            proxies: own.clone(),
            ..EngineRoute::default()
        };
    };
    // Another host's proxies may not be reached from this one.
    let is_local = reading.is_local();
    let proxies = if is_local {
        Proxies {
            http: setup.http_proxy.clone(),
            https: setup.https_proxy.clone(),
            all: String::new(),
            none: setup.no_proxy.clone(),
        }
    } else {
        own.clone()
    };
    EngineRoute {
        proxies,
        hides_passwords: is_local,
        insecure: setup.insecure_registries.clone(),
    }
}

fn ahead(probe: &Probe) -> Option<i64> {
    match &probe.outcome {
        Ok(Answer::Http { ahead, .. }) => *ahead,
        _ => None,
    }
}

/// Ends early, and leaves nothing running, when `stop` is cancelled.
async fn does_it_leak(
    search_path: &[PathBuf],
    stop: CancellationToken,
) -> Result<Vec<Line>, Failure> {
    let folders: Vec<_> = search_path
        .iter()
        .cloned()
        .chain(WELL_KNOWN_FOLDERS.map(PathBuf::from))
        .filter(|folder| folder.is_absolute())
        .collect();
    let looking = tokio::task::spawn_blocking(move || {
        let programs = find_programs(&folders, &|| stop.is_cancelled());
        (Node::read(Path::new("/proc")), programs)
    });
    let looked = looking.await;
    let (node, programs) =
        looked.map_err(|error| Failure::new(FailureKind::Internal, error.to_string()))?;
    let mut lines = judge_kernel(&node);
    lines.push(judge_hierarchy(&node));
    lines.push(judge_memory_cgroups(&node));
    lines.extend(judge_programs(&programs, Leaks::on(&node)));
    Ok(lines)
}
