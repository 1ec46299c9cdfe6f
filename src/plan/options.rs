//! Which options of a build a recipe supports.

use super::error::{PlanError, RequestedOption};
use super::request::Request;
use super::types::Via;
use crate::recipe::{BuildOption, Recipe, Source};

/// The refusal of an option that nothing in the recipe uses; `None` for one that it supports.
pub fn refusal(recipe: &Recipe, option: RequestedOption) -> Option<PlanError> {
    let reason = why_not(recipe, option)?;
    Some(PlanError::Option {
        recipe: recipe.name.to_string(),
        option,
        reason,
    })
}

/// The refusal of a source for a result whose source is a directory of its image.
pub fn source_in_image(recipe: &str) -> PlanError {
    PlanError::Option {
        recipe: recipe.to_owned(),
        option: RequestedOption::Source,
        reason: SOURCE_IN_IMAGE,
    }
}

const SOURCE_IN_IMAGE: &str = "its source is part of its toolchain image";

/// Refuses a requested option that nothing in the recipe uses.
pub(super) fn check_options(recipe: &Recipe, request: &Request) -> Result<(), PlanError> {
    let requested = [
        (
            RequestedOption::Static,
            request.options.contains(&BuildOption::Static),
        ),
        (
            RequestedOption::LowMemory,
            request.options.contains(&BuildOption::LowMemory),
        ),
        (
            RequestedOption::AllOutputs,
            request.options.contains(&BuildOption::AllOutputs),
        ),
        (RequestedOption::GoFlags, request.goflags.is_some()),
        (
            RequestedOption::Toolchain,
            request.allow_toolchain.is_some(),
        ),
        (RequestedOption::RunSh, request.via == Via::RunSh),
        (RequestedOption::Targets, !request.targets.is_empty()),
    ];
    let mut requested = requested.into_iter().filter(|(_, requested)| *requested);
    match requested.find_map(|(option, _)| refusal(recipe, option)) {
        None => Ok(()),
        Some(refusal) => Err(refusal),
    }
}

/// Why the recipe has none of it.
fn why_not(recipe: &Recipe, option: RequestedOption) -> Option<&'static str> {
    let has_case = |option: BuildOption| {
        let mut cases = recipe.values.values().flatten();
        cases.any(|case| case.option == Some(option))
    };
    let images = &recipe.images;
    let is_in_image = matches!(recipe.source, Source::Directory(_));
    let mut checks = recipe.outputs.iter().map(|output| &output.checks);
    let (supported, reason) = match option {
        RequestedOption::Static => {
            let always = checks.all(|checks| checks.static_linked == Some(true));
            let reason = if always {
                "its binaries are always linked statically"
            } else {
                "its binaries are linked in one way only"
            };
            (has_case(BuildOption::Static), reason)
        }
        RequestedOption::LowMemory => (
            has_case(BuildOption::LowMemory),
            "it has no way to compile with less memory",
        ),
        RequestedOption::AllOutputs => (
            has_case(BuildOption::AllOutputs) || !recipe.further_outputs.is_empty(),
            "it publishes all that it makes",
        ),
        RequestedOption::GoFlags => (recipe.uses_value("goflags"), "its steps do not pass any on"),
        RequestedOption::Toolchain => (
            recipe.build.toolchain.is_some(),
            "it does not check the version of its toolchain",
        ),
        RequestedOption::RunSh => (
            recipe.build.run_sh.is_some(),
            "it does not describe such a script",
        ),
        RequestedOption::Targets => (recipe.targets.is_some(), "one build makes everything"),
        RequestedOption::Source | RequestedOption::Refresh | RequestedOption::Unpinned => {
            (!is_in_image, SOURCE_IN_IMAGE)
        }
        RequestedOption::Force => (!is_in_image, "the only version that it has is always built"),
        RequestedOption::Mirrors => (
            images.registry.is_some()
                || images.upstream.is_some()
                || images.lean.is_some()
                || recipe.build.run_sh.is_some(),
            "none of its images comes from a registry",
        ),
        RequestedOption::DebianMirror => (
            images.debian.is_some(),
            "none of its images is made from Debian's archive",
        ),
        RequestedOption::Jobs => (recipe.uses_value("jobs"), "its steps do not depend on it"),
        RequestedOption::GlibcFloor => (
            checks.any(|checks| checks.glibc_floor.is_some()),
            "none of its outputs is checked for it",
        ),
        RequestedOption::RunCheck => (
            checks.any(|checks| checks.kmem.is_some()),
            "it builds neither runc nor kubelet",
        ),
    };
    (!supported).then_some(reason)
}
