//! Checks that the recipe supports what was requested.

use super::error::PlanError;
use super::error::RequestedOption::{
    AllOutputs, GoFlags, LowMemory, RunSh, Static, Targets, Toolchain,
};
use super::request::Request;
use super::types::Via;
use crate::recipe::{BuildOption, Recipe};

/// Refuses a requested option that nothing in the recipe uses.
pub(super) fn check_options(recipe: &Recipe, request: &Request) -> Result<(), PlanError> {
    let cases = || recipe.values.values().flatten();
    let unsupported = |option: BuildOption| {
        request.options.contains(&option)
            && !cases().any(|case| case.option == Some(option))
            && (option != BuildOption::AllOutputs || recipe.further_outputs.is_empty())
    };
    let uses_goflags = cases().any(|case| case.value.names().any(|name| name == "goflags"));
    let refusals = [
        (Static, unsupported(BuildOption::Static)),
        (LowMemory, unsupported(BuildOption::LowMemory)),
        (AllOutputs, unsupported(BuildOption::AllOutputs)),
        (GoFlags, request.goflags.is_some() && !uses_goflags),
        (
            Toolchain,
            request.allow_toolchain.is_some() && recipe.build.toolchain.is_none(),
        ),
        (
            RunSh,
            request.via == Via::RunSh && recipe.build.run_sh.is_none(),
        ),
        (
            Targets,
            !request.targets.is_empty() && recipe.targets.is_none(),
        ),
    ];
    match refusals.into_iter().find(|(_, refused)| *refused) {
        None => Ok(()),
        Some((option, _)) => Err(PlanError::Option {
            recipe: recipe.name.to_string(),
            option,
        }),
    }
}
