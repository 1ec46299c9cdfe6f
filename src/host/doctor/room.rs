//! Does the engine have the memory and disk space that the recipes need?

use super::engine::{EngineReading, size};
use super::line::{Half, Level, Line};
use crate::advice::{FREE_ENGINE_DISK, SAVE_MEMORY};
use crate::recipe::{BuildOption, Recipe};

/// What a recipe's build needs, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecipeNeeds {
    /// The recipe.
    pub recipe: String,
    /// Memory.
    pub memory: Option<u64>,
    /// Free disk space.
    pub disk: Option<u64>,
    /// Whether it can be built with less memory.
    pub can_save_memory: bool,
}

impl RecipeNeeds {
    /// What `recipe` says about itself.
    pub fn of(recipe: &Recipe) -> Self {
        let mut cases = recipe.values.values().flatten();
        Self {
            recipe: recipe.name.to_string(),
            memory: recipe.build.memory.map(|size| size.0),
            disk: recipe.build.disk.map(|size| size.0),
            can_save_memory: cases.any(|case| case.option == Some(BuildOption::LowMemory)),
        }
    }
}

/// The lines about memory and disk; none if the engine did not report what it has.
pub fn judge_room(reading: &EngineReading, needs: &[RecipeNeeds]) -> Vec<Line> {
    let Some(setup) = reading.setup() else {
        return Vec::new();
    };
    vec![memory(setup.memory, needs), disk(reading, needs)]
}

fn memory(has: Option<u64>, needs: &[RecipeNeeds]) -> Line {
    let line = |level, found: String| Line::new(Half::Build, "memory", level, found);
    let Some(has) = has else {
        return line(
            Level::Warn,
            "could not determine the engine's memory".to_owned(),
        )
        .remedy("use `free -h` on the engine's host");
    };
    let wanted: Vec<_> = needs
        .iter()
        .filter_map(|recipe| Some((recipe, recipe.memory?)))
        .collect();
    // A machine sold with the required amount of memory has a little less available.
    let is_short = |need: u64| has < need - need / 16;
    let found = format!("{}; {}", size(has), list(&wanted));
    let short: Vec<_> = wanted.iter().filter(|(_, need)| is_short(*need)).collect();
    if short.is_empty() {
        return line(Level::Ok, found);
    }
    let way_out = if short.iter().any(|(recipe, _)| recipe.can_save_memory) {
        format!(", or {SAVE_MEMORY}")
    } else {
        String::new()
    };
    line(level(short.len(), needs), found).remedy(format!(
        "not enough for {}: use an engine with more memory{way_out}",
        names(&short)
    ))
}

fn disk(reading: &EngineReading, needs: &[RecipeNeeds]) -> Line {
    let line = |level, found: String| Line::new(Half::Build, "disk", level, found);
    let wanted: Vec<_> = needs
        .iter()
        .filter_map(|recipe| Some((recipe, recipe.disk?)))
        .collect();
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
    line(level(short.len(), needs), found).remedy(format!(
        "not enough for {}: {FREE_ENGINE_DISK}",
        names(&short)
    ))
}

/// It is a failure if no recipe can be built.
fn level(short: usize, needs: &[RecipeNeeds]) -> Level {
    if short == needs.len() {
        Level::Fail
    } else {
        Level::Warn
    }
}

fn list(wanted: &[(&RecipeNeeds, u64)]) -> String {
    if wanted.is_empty() {
        return "no recipe states how much it needs".to_owned();
    }
    let each = wanted
        .iter()
        .map(|(recipe, need)| format!("{} needs {}", recipe.recipe, size(*need)));
    each.collect::<Vec<_>>().join(", ")
}

fn names(short: &[&(&RecipeNeeds, u64)]) -> String {
    let names = short.iter().map(|(recipe, _)| recipe.recipe.as_str());
    names.collect::<Vec<_>>().join(", ")
}
