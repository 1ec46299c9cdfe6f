//! The texts of a recipe, and the values that they use.

use std::collections::BTreeMap;

use super::schema::{Recipe, Step};
use super::template::Template;

impl Recipe {
    /// Whether any text of it uses the value.
    pub fn uses_value(&self, name: &str) -> bool {
        let cases = self.values.values().flatten().map(|case| &case.value);
        let mut texts = cases.chain(arguments(self)).chain(texts(self));
        texts.any(|text| text.names().any(|used| used == name))
    }
}

/// The steps of both ways to build.
fn all_steps(recipe: &Recipe) -> impl Iterator<Item = &Step> {
    let build = &recipe.build;
    let script = build.run_sh.iter().flat_map(|way| &way.steps);
    build.steps.iter().chain(script)
}

/// The arguments of all steps.
pub(super) fn arguments(recipe: &Recipe) -> impl Iterator<Item = &Template> {
    all_steps(recipe).flat_map(|step| &step.command)
}

/// All texts but the arguments of steps and the cases of values.
pub(super) fn texts(recipe: &Recipe) -> impl Iterator<Item = &Template> {
    let build = &recipe.build;
    let images = &recipe.images;
    let of_images = [
        images.registry.as_ref().map(|image| &image.arguments),
        images.upstream.as_ref().map(|image| &image.arguments),
        images.lean.as_ref().map(|image| &image.arguments),
    ];
    let of_images = of_images.into_iter().flatten().flat_map(BTreeMap::values);
    build
        .environment
        .values()
        .chain(build.run_sh.iter().flat_map(|way| way.environment.values()))
        .chain(all_steps(recipe).flat_map(|step| step.environment.values()))
        .chain(build.files.iter().map(|file| &file.text))
        .chain(build.toolchain.iter().map(|check| &check.version))
        .chain(recipe.outputs.iter().map(|output| &output.path.value))
        .chain(&recipe.further_outputs)
        .chain(images.registry.iter().map(|image| &image.name))
        .chain(of_images)
        .chain(
            recipe
                .outputs
                .iter()
                .filter_map(|output| output.checks.version.as_ref())
                .flat_map(|check| &check.contains),
        )
}
