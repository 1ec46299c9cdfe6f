//! The answers to both questions, out of the lines about them.

use serde::Serialize;

use super::line::{Half, Level, Line};
use crate::host::node::{Judgement, NodeState};

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
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Leak {
    /// The answer.
    pub answer: LeakAnswer,
    /// How `kmembuild node` calls it.
    pub state: NodeState,
    /// Why.
    pub why: String,
}

/// The answer in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LeakAnswer {
    /// It does, or did until now and has to be rebooted.
    Yes,
    /// It could not be determined.
    Perhaps,
    /// It does not.
    No,
}

impl Leak {
    /// The answer about a node.
    pub fn of(node: &Judgement) -> Self {
        Self {
            answer: match node.state {
                NodeState::Leaks | NodeState::RebootNeeded => LeakAnswer::Yes,
                NodeState::Unknown => LeakAnswer::Perhaps,
                NodeState::Cured | NodeState::NotAffected => LeakAnswer::No,
            },
            state: node.state,
            why: node.why.first().cloned().unwrap_or_default(),
        }
    }
}

impl Verdict {
    /// The answers for these recipes, if it was asked whether they can be built, and for a node that was judged.
    pub fn of(
        lines: &[Line],
        recipes: &[String],
        only: Option<Half>,
        node: Option<&Judgement>,
    ) -> Self {
        let is_asked = |half| only.is_none_or(|only| only == half);
        let recipes = recipes.iter().filter(|_| is_asked(Half::Build));
        let builds = recipes.map(|recipe| Buildable {
            recipe: recipe.clone(),
            lacks: lacks(lines, recipe),
        });
        Self {
            builds: builds.collect(),
            leaks: node.map(Leak::of),
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
