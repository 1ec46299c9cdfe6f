//! Checks of names in a recipe: each must be defined, and defined once.

use std::collections::BTreeSet;

use super::check::Checker;
use super::error::RecipeError;
use super::names::Name;
use super::schema::{Recipe, Source};

impl Checker<'_> {
    /// Refuses a value that is defined twice.
    pub(super) fn value_names(&self) -> Result<(), RecipeError> {
        let mut seen = BTreeSet::new();
        match self.known_values.iter().find(|name| !seen.insert(**name)) {
            None => Ok(()),
            Some(name) => Err(self.document.refuse_whole(format!(
                "the value `{name}` is defined twice; use a name that is not among `values`, the source's `read` and the built-in values"
            ))),
        }
    }

    pub(super) fn targets(&self, recipe: &Recipe) -> Result<(), RecipeError> {
        let known: Vec<_> = recipe
            .targets
            .iter()
            .flat_map(|targets| targets.known.keys())
            .map(Name::as_str)
            .collect();
        let defaults = recipe.targets.iter().flat_map(|targets| &targets.default);
        let cases = recipe.values.values().flatten();
        let cases = cases.filter_map(|case| case.targets.as_ref()).flatten();
        let outputs = recipe.outputs.iter();
        let outputs = outputs.filter_map(|output| output.target.as_ref());
        for target in defaults.chain(cases).chain(outputs) {
            let name = target.value.as_str();
            if !known.contains(&name) {
                let message = format!("there is no target `{name}`");
                return Err(self
                    .document
                    .refuse_name(target.referenced, message, name, known));
            }
        }
        match &recipe.targets {
            Some(targets) if targets.default.is_empty() => Err(self
                .document
                .refuse_whole("`targets` needs at least one target in `default`".to_owned())),
            _ => Ok(()),
        }
    }

    pub(super) fn classes(&self, recipe: &Recipe) -> Result<(), RecipeError> {
        let mut seen = BTreeSet::new();
        for class in &recipe.classes {
            let name = class.name.value.as_str();
            if !seen.insert(name) {
                return Err(self.document.refuse(
                    class.name.referenced,
                    format!("the class `{name}` is defined twice"),
                ));
            }
            if matches!(recipe.source, Source::Directory(_)) {
                let message =
                    "a source that is a directory of the image cannot have classes, because its files are not read"
                        .to_owned();
                return Err(self.document.refuse(class.name.referenced, message));
            }
        }
        for class in recipe
            .values
            .values()
            .flatten()
            .filter_map(|case| case.class.as_ref())
            .chain(
                recipe
                    .patches
                    .iter()
                    .filter_map(|patch| patch.class.as_ref()),
            )
        {
            let name = class.value.as_str();
            if !seen.contains(name) {
                let message = format!("there is no class `{name}`");
                return Err(self
                    .document
                    .refuse_name(class.referenced, message, name, seen));
            }
        }
        Ok(())
    }

    pub(super) fn patches(&self, recipe: &Recipe, patches: &[String]) -> Result<(), RecipeError> {
        for patch in &recipe.patches {
            let name = patch.file.value.as_str();
            if !patches.iter().any(|known| known == name) {
                let message = format!(
                    "the patch `{name}` was not found in the directory `patches` next to the recipe"
                );
                let known = patches.iter().map(String::as_str);
                return Err(self
                    .document
                    .refuse_name(patch.file.referenced, message, name, known));
            }
            if matches!(recipe.source, Source::Directory(_)) {
                let message =
                    "a source that is a directory of the image cannot be patched".to_owned();
                return Err(self.document.refuse(patch.file.referenced, message));
            }
        }
        Ok(())
    }
}
