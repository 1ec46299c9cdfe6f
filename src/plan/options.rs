//! What is asked of a build must be heeded.

use super::error::PlanError;
use super::request::Request;
use super::types::Via;
use crate::recipe::{BuildOption, Recipe};

/// Refuses what is asked for and nothing in the recipe heeds.
pub(super) fn check_options(recipe: &Recipe, request: &Request) -> Result<(), PlanError> {
    let cases = || recipe.values.values().flatten();
    let heeded = |option: BuildOption| {
        cases().any(|case| case.option == Some(option))
            || (option == BuildOption::AllOutputs && !recipe.further_outputs.is_empty())
    };
    let names_goflags = cases().any(|case| case.value.names().any(|name| name == "goflags"));
    let unheeded = [
        (BuildOption::Static, "--static"),
        (BuildOption::LowMemory, "--low-memory"),
        (BuildOption::AllOutputs, "--all-outputs"),
    ]
    .into_iter()
    .find(|(option, _)| request.options.contains(option) && !heeded(*option))
    .map(|(_, name)| name);
    let unheeded = unheeded
        .or((request.goflags.is_some() && !names_goflags).then_some("--goflags"))
        .or(
            (request.allow_toolchain.is_some() && recipe.build.toolchain.is_none())
                .then_some("--allow-toolchain"),
        )
        .or((request.via == Via::RunSh && recipe.build.run_sh.is_none()).then_some("--via run-sh"));
    match unheeded {
        None => Ok(()),
        Some(option) => Err(PlanError::Option {
            recipe: recipe.name.to_string(),
            option,
        }),
    }
}
