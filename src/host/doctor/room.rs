//! Does the engine have the memory and disk space that the recipes need?

use super::engine::{EngineReading, size};
use super::line::{Half, Level, Line};
use crate::advice::{FREE_ENGINE_DISK, SAVE_MEMORY};
use crate::recipe::{Build, BuildOption, ByteSize, Recipe};

/// The lines about memory and disk; none if the engine did not report what it has.
pub fn judge_room(reading: &EngineReading, recipes: &[Recipe]) -> Vec<Line> {
    let Some(setup) = reading.setup() else {
        return Vec::new();
    };
    vec![memory(setup.memory, recipes), disk(reading, recipes)]
}

fn memory(has: Option<u64>, recipes: &[Recipe]) -> Line {
    let line = |level, found: String| Line::new(Half::Build, "memory", level, found);
    let Some(has) = has else {
        return line(
            Level::Warn,
            "could not determine the engine's memory".to_owned(),
        )
        .remedy("use `free -h` on the engine's host");
    };
    let wanted = wanted(recipes, |build| build.memory);
    // A machine sold with the required amount of memory has a little less available.
    let is_short = |need: u64| has < need - need / 16;
    let found = format!("{}; {}", size(has), list(&wanted));
    let short: Vec<_> = wanted.iter().filter(|(_, need)| is_short(*need)).collect();
    if short.is_empty() {
        return line(Level::Ok, found);
    }
    let way_out = if short.iter().any(|(recipe, _)| can_save_memory(recipe)) {
        format!(", or {SAVE_MEMORY}")
    } else {
        String::new()
    };
    line(level(short.len(), recipes), found).remedy(format!(
        "not enough for {}: use an engine with more memory{way_out}",
        names(&short)
    ))
}

fn disk(reading: &EngineReading, recipes: &[Recipe]) -> Line {
    let line = |level, found: String| Line::new(Half::Build, "disk", level, found);
    let wanted = wanted(recipes, |build| build.disk);
    let Some(has) = reading.free_disk else {
        return line(
            Level::Warn,
            format!("cannot be checked from this machine; {}", list(&wanted)),
        )
        .remedy("on the engine's host, use `df -h` on the directory that `docker info` shows as Docker Root Dir");
    };
    let found = format!("{} free; {}", size(has), list(&wanted));
    let short: Vec<_> = wanted.iter().filter(|(_, need)| has < *need).collect();
    if short.is_empty() {
        return line(Level::Ok, found);
    }
    line(level(short.len(), recipes), found)
        .remedy(format!(
            "not enough for {}: {FREE_ENGINE_DISK}",
            names(&short)
        ))
        .stops(short.iter().map(|(recipe, _)| recipe.name.as_str()))
}

/// The recipes that say how much of something their builds need, with that number of bytes.
fn wanted(recipes: &[Recipe], of: fn(&Build) -> Option<ByteSize>) -> Vec<(&Recipe, u64)> {
    recipes
        .iter()
        .filter_map(|recipe| Some((recipe, of(&recipe.build)?.0)))
        .collect()
}

/// Whether it can be built with less memory.
fn can_save_memory(recipe: &Recipe) -> bool {
    let mut cases = recipe.values.values().flatten();
    cases.any(|case| case.option == Some(BuildOption::LowMemory))
}

/// It is a failure if no recipe can be built.
fn level(short: usize, recipes: &[Recipe]) -> Level {
    if short == recipes.len() {
        Level::Fail
    } else {
        Level::Warn
    }
}

fn list(wanted: &[(&Recipe, u64)]) -> String {
    if wanted.is_empty() {
        return "no recipe states how much it needs".to_owned();
    }
    let each = wanted
        .iter()
        .map(|(recipe, need)| format!("{} needs {}", recipe.name, size(*need)));
    each.collect::<Vec<_>>().join(", ")
}

fn names(short: &[&(&Recipe, u64)]) -> String {
    let names = short.iter().map(|(recipe, _)| recipe.name.as_str());
    names.collect::<Vec<_>>().join(", ")
}
