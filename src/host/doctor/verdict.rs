//! The answers to both questions, out of the lines about them.

use serde::Serialize;

use super::line::{Half, Level, Line};

/// The answers, as far as they were asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Verdict {
    /// Each recipe, and whether this host can build it with its default options.
    pub builds: Vec<Buildable>,
    /// Whether this host leaks memory cgroups; `None` if that was not asked.
    pub leaks: Option<Leak>,
}

/// Whether a recipe can be built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Buildable {
    /// Name of the recipe.
    pub recipe: String,
    /// The checks that stand in its way, by their names, each once; none if it can be built.
    pub lacks: Vec<&'static str>,
}

/// Whether a host leaks memory cgroups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Leak {
    /// A check failed.
    Yes,
    /// No check failed, and not all of them passed.
    Perhaps,
    /// All checks passed.
    No,
}

impl Verdict {
    /// The answers for these recipes.
    pub fn of(lines: &[Line], recipes: &[String], only: Option<Half>) -> Self {
        let is_asked = |half| only.is_none_or(|only| only == half);
        let recipes = recipes.iter().filter(|_| is_asked(Half::Build));
        let builds = recipes.map(|recipe| Buildable {
            recipe: recipe.clone(),
            lacks: lacks(lines, recipe),
        });
        let worst = lines.iter().filter(|line| line.half == Half::Leak);
        let worst = worst.map(|line| line.level).max();
        let leak = match worst {
            Some(Level::Fail) => Leak::Yes,
            Some(Level::Warn) => Leak::Perhaps,
            Some(Level::Ok) | None => Leak::No,
        };
        Self {
            builds: builds.collect(),
            leaks: is_asked(Half::Leak).then_some(leak),
        }
    }
}

fn lacks(lines: &[Line], recipe: &str) -> Vec<&'static str> {
    let failed = lines
        .iter()
        .filter(|line| line.half == Half::Build && line.level == Level::Fail);
    let mut lacks: Vec<_> = failed
        .filter(|line| line.stops.is_empty() || line.stops.iter().any(|stopped| stopped == recipe))
        .map(|line| line.check)
        .collect();
    lacks.dedup();
    lacks
}
