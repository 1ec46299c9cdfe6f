//! `kmembuild doctor`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use super::{Invocation, explain, print};
use crate::cli::args::{DoctorArguments, Format, HalfChoice};
use crate::engine::Address;
use crate::environment::Proxies;
use crate::execute::with_causes;
use crate::failure::{Failure, FailureKind};
use crate::host::doctor::{
    Answer, EngineReading, Half, Leaks, Level, Line, Node, Probe, Prober, RecipeNeeds,
    WELL_KNOWN_FOLDERS, find_programs, judge_clock, judge_engine, judge_hierarchy, judge_kernel,
    judge_memory_cgroups, judge_places, judge_programs, judge_room, places,
};
use crate::plan::canonical_json;
use crate::recipe::{BuildOption, Recipe};
use crate::report::{JSON_FORMAT, doctor_table};

/// An engine that is well tells what it is within this time; the slowest question takes one some seconds.
const ENGINE_LIMIT: Duration = Duration::from_secs(20);

/// `doctor --format json`.
#[derive(Serialize)]
struct Diagnosis<'a> {
    format: u32,
    passed: bool,
    lines: &'a [Line],
}

pub(super) async fn run(
    invocation: &Invocation<'_>,
    arguments: &DoctorArguments,
) -> Result<(), Failure> {
    invocation.refuse_format(Format::Yaml)?;
    let build = async {
        match arguments.only {
            Some(HalfChoice::Leak) => Ok(Vec::new()),
            _ => can_it_build(invocation, arguments).await,
        }
    };
    let leak = async {
        match arguments.only {
            Some(HalfChoice::Build) => Ok(Vec::new()),
            _ => does_it_leak(&invocation.environment.search_path).await,
        }
    };
    let both = async { tokio::try_join!(build, leak) };
    let (mut lines, leak) = tokio::select! {
        both = both => both?,
        () = invocation.cancel.cancelled() => {
            return Err(Failure::new(FailureKind::Interrupted, "interrupted; nothing was changed"));
        }
    };
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
    let config = &invocation.config;
    let places = places(&recipes, &config.mirrors, config.debian_mirror.as_deref());
    let address = Address {
        request_timeout: ENGINE_LIMIT,
        ..invocation.engine_address()
    };
    let reading = EngineReading::read(&address).await;
    let own = &invocation.environment.proxies;
    let asker = Prober::new(own, &engine_proxies(&reading, own), arguments.timeout.0);
    let probes = asker.ask(&places).await;

    let mut lines = judge_engine(&reading, own);
    let needs: Vec<_> = recipes.iter().map(needs).collect();
    lines.extend(judge_room(&reading, &needs));
    lines.extend(unread);
    let from_here = reading.info.is_ok() && !reading.is_local();
    lines.extend(judge_places(&places, &probes, from_here));
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
            recipes.push(invocation.recipe(name)?.recipe.clone());
        }
        return Ok((recipes, unread));
    }
    let listed = invocation.library.list().map_err(explain::library)?;
    for listed in listed {
        match invocation.library.load(&listed.name) {
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

/// The proxies that the engine pulls through, as far as this host can go through them as well.
fn engine_proxies(reading: &EngineReading, own: &Proxies) -> Proxies {
    match reading.setup() {
        // Another host's proxies may not be reached from this one.
        Some(setup) if reading.is_local() => Proxies {
            http: setup.http_proxy.clone(),
            https: setup.https_proxy.clone(),
            all: String::new(),
            none: setup.no_proxy.clone(),
        },
        _ => own.clone(),
    }
}

fn ahead(probe: &Probe) -> Option<i64> {
    match &probe.outcome {
        Ok(Answer::Http { ahead, .. }) => *ahead,
        _ => None,
    }
}

async fn does_it_leak(search_path: &[PathBuf]) -> Result<Vec<Line>, Failure> {
    let folders: Vec<_> = search_path
        .iter()
        .cloned()
        .chain(WELL_KNOWN_FOLDERS.map(PathBuf::from))
        .filter(|folder| folder.is_absolute())
        .collect();
    let looking = tokio::task::spawn_blocking(move || {
        (Node::read(Path::new("/proc")), find_programs(&folders))
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
