//! Has the engine what the recipes are known to need?

use super::engine::{EngineReading, size};
use super::line::{Half, Level, Line};

/// What a recipe's build is known to need, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecipeNeeds {
    /// The recipe.
    pub recipe: String,
    /// Memory.
    pub memory: Option<u64>,
    /// Free disk.
    pub disk: Option<u64>,
    /// It knows how to do with less memory.
    pub can_save_memory: bool,
}

/// The lines about memory and disk; none where no engine said what it has.
pub fn judge_room(reading: &EngineReading, needs: &[RecipeNeeds]) -> Vec<Line> {
    let Some(setup) = reading.setup() else {
        return Vec::new();
    };
    vec![memory(setup.memory, needs), disk(reading, needs)]
}

fn memory(has: Option<u64>, needs: &[RecipeNeeds]) -> Line {
    let line = |level, found: String| Line::new(Half::Build, "memory", level, found);
    let Some(has) = has else {
        return line(Level::Warn, "the engine does not tell".to_owned())
            .remedy("look on the engine's host: `free -h`");
    };
    let wanted: Vec<_> = needs
        .iter()
        .filter_map(|recipe| Some((recipe, recipe.memory?)))
        .collect();
    // A machine that is sold with the memory that is needed has a little less of it to give.
    let is_short = |need: u64| has < need - need / 16;
    let found = format!("{}; {}", size(has), list(&wanted));
    let short: Vec<_> = wanted.iter().filter(|(_, need)| is_short(*need)).collect();
    if short.is_empty() {
        return line(Level::Ok, found);
    }
    let way_out = if short.iter().any(|(recipe, _)| recipe.can_save_memory) {
        "; --low-memory does with less"
    } else {
        ""
    };
    line(level(short.len(), needs), found).remedy(format!(
        "too little for {}: use an engine with more{way_out}",
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
            format!("not to be seen from here; {}", list(&wanted)),
        )
        .remedy("look on the engine's host: `df -h` of the folder that `docker info` calls Docker Root Dir");
    };
    let found = format!("{} free; {}", size(has), list(&wanted));
    let short: Vec<_> = wanted.iter().filter(|(_, need)| has < *need).collect();
    if short.is_empty() {
        return line(Level::Ok, found);
    }
    line(level(short.len(), needs), found).remedy(format!(
        "too little for {}: `kmembuild clean --caches --images` removes what this tool keeps there",
        names(&short)
    ))
}

/// Nothing can be built where it is too little for every recipe.
fn level(short: usize, needs: &[RecipeNeeds]) -> Level {
    if short == needs.len() {
        Level::Fail
    } else {
        Level::Warn
    }
}

fn list(wanted: &[(&RecipeNeeds, u64)]) -> String {
    if wanted.is_empty() {
        return "no recipe is known to need more than a little".to_owned();
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

#[cfg(test)]
mod tests {
    use super::{RecipeNeeds, judge_room};
    use crate::engine::{Capabilities, EngineInfo, Product, Setup};
    use crate::host::doctor::{EngineReading, Level};

    const GIB: u64 = 1 << 30;

    fn needs(recipe: &str, memory: u64, disk: Option<u64>) -> RecipeNeeds {
        RecipeNeeds {
            recipe: recipe.to_owned(),
            memory: Some(memory * GIB),
            disk: disk.map(|disk| disk * GIB),
            can_save_memory: recipe == "kubelet",
        }
    }

    fn levels(memory: u64, free: Option<u64>) -> Vec<(Level, Option<String>)> {
        let reading = EngineReading {
            address: "unix:///x".to_owned(),
            info: Ok(EngineInfo {
                product: Product::Docker,
                version: "x".to_owned(),
                api_version: "1.41".to_owned(),
                architecture: "amd64".to_owned(),
                address: "unix:///x".to_owned(),
                capabilities: Capabilities {
                    builds_dockerfile: true,
                    cuts_network: true,
                    limits_memory: true,
                    keeps_caches: true,
                    has_host_socket: true,
                },
            }),
            setup: Some(Ok(Setup {
                memory: Some(memory),
                ..Setup::default()
            })),
            free_disk: free,
        };
        let all = [needs("kubelet", 4, Some(8)), needs("runc", 1, None)];
        let lines = judge_room(&reading, &all);
        lines
            .into_iter()
            .map(|line| (line.level, line.remedy))
            .collect()
    }

    #[test]
    fn too_little_is_told_by_recipe() {
        let enough = levels(4 * GIB - GIB / 8, Some(9 * GIB));
        assert_eq!(enough, [(Level::Ok, None), (Level::Ok, None)]);
        let some = levels(2 * GIB, Some(GIB));
        assert_eq!(some[0].0, Level::Warn);
        let remedy = some[0].1.as_deref().unwrap();
        assert!(remedy.starts_with("too little for kubelet:"), "{remedy}");
        assert!(remedy.contains("--low-memory"), "{remedy}");
        assert_eq!(some[1].0, Level::Warn);
        assert_eq!(levels(GIB / 2, None)[0].0, Level::Fail);
        assert_eq!(levels(GIB / 2, None)[1].0, Level::Warn);
    }
}
