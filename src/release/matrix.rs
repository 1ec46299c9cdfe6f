//! Expands a release file into its targets.

use std::collections::{BTreeMap, BTreeSet};

use serde_saphyr::{Location, Spanned};

use super::combinations::Combinations;
use super::known_tags::KnownTags;
use super::schema::{Include, Release, TargetEntry};
use super::target::Target;
use crate::recipe::{Architecture, Document, Name, RecipeError, Version};

/// The targets of `release`, in the order of the file. `tags` returns what is known about a recipe, or the available
/// recipes if there is none of this name.
///
/// # Errors
/// [`RecipeError::Invalid`] with the place in `text`, which is the text of `file`.
pub fn expand(
    file: &str,
    text: &str,
    release: &Release,
    tags: impl Fn(&Name) -> Result<KnownTags, Vec<String>>,
) -> Result<Vec<Target>, RecipeError> {
    let mut targets: Vec<Target> = Vec::new();
    // A release may have as many entries as targets, all of them of a few recipes.
    let mut known: BTreeMap<&Name, Result<KnownTags, Vec<String>>> = BTreeMap::new();
    let mut names = BTreeSet::new();
    for entry in &release.targets {
        let recipe = &entry.value.recipe.value;
        let known = known.entry(recipe).or_insert_with(|| tags(recipe));
        let expansion = Expansion {
            document: Document { file, text },
            release,
            entry: &entry.value,
            place: entry.referenced,
        };
        for target in expansion.targets(known)? {
            let name = target.name(known.as_ref().ok(), None);
            if names.contains(&name) {
                let message = format!(
                    "{name} is in the release twice; to build it in two ways, use `variant: NAME`"
                );
                return Err(expansion.document.refuse(entry.referenced, message));
            }
            names.insert(name);
            targets.push(target);
        }
    }
    Ok(targets)
}

/// Says that there is no recipe of a name, at its place.
pub(super) fn unknown_recipe<'k>(
    document: Document<'_>,
    name: &Spanned<Name>,
    known: impl IntoIterator<Item = &'k str>,
) -> RecipeError {
    let message = format!("there is no recipe `{}`", name.value);
    document.refuse_name(name.referenced, message, name.value.as_str(), known)
}

struct Expansion<'a> {
    document: Document<'a>,
    release: &'a Release,
    entry: &'a TargetEntry,
    place: Location,
}

impl Expansion<'_> {
    fn targets(&self, known: &Result<KnownTags, Vec<String>>) -> Result<Vec<Target>, RecipeError> {
        let name = &self.entry.recipe;
        let known = known.as_ref().map_err(|recipes| {
            unknown_recipe(self.document, name, recipes.iter().map(String::as_str))
        })?;
        let versions = self.versions(known)?;
        let arch = if self.entry.arch.is_empty() {
            &self.release.defaults.arch
        } else {
            &self.entry.arch
        };
        let arch: Vec<_> = if arch.is_empty() {
            vec![None]
        } else {
            arch.iter().cloned().map(Some).collect()
        };
        let mut targets = Vec::new();
        for version in versions {
            for arch in &arch {
                targets.push(self.target(version.clone(), arch.clone()));
            }
        }
        if !self.entry.exclude.is_empty() || !self.entry.include.is_empty() {
            let mut combinations = Combinations::default();
            for target in targets {
                combinations.add(target);
            }
            self.exclude(&mut combinations)?;
            for include in &self.entry.include {
                self.include(include, known, &mut combinations)?;
            }
            targets = combinations.into_targets();
        }
        if targets.is_empty() {
            let message = "this entry excludes all of its own targets".to_owned();
            return Err(self.document.refuse(self.place, message));
        }
        Ok(targets)
    }

    fn target(&self, version: Option<String>, arch: Option<Architecture>) -> Target {
        let (entry, defaults) = (self.entry, &self.release.defaults);
        let mut packages = entry
            .packages
            .clone()
            .unwrap_or_else(|| defaults.packages.clone());
        packages.sort_unstable();
        packages.dedup();
        Target {
            recipe: entry.recipe.value.clone(),
            version,
            arch,
            variant: entry.variant.clone(),
            packages,
            options: entry.options.over(&defaults.options),
        }
    }

    fn versions(&self, known: &KnownTags) -> Result<Vec<Option<String>>, RecipeError> {
        let entry = self.entry;
        let recipe = &entry.recipe.value;
        let tags = match known {
            KnownTags::Directory(version) => {
                let wanted = entry.versions.iter();
                let other = wanted
                    .clone()
                    .find(|wanted| !is_version(&wanted.value, version));
                return match (other, &entry.range) {
                    (Some(other), _) => {
                        let message =
                            format!("recipe {recipe} builds {version} only, not {}", other.value);
                        Err(self.document.refuse(other.referenced, message))
                    }
                    (None, Some(range)) if !range.value.contains(version) => {
                        Err(self.no_tag(range, recipe))
                    }
                    _ => Ok(vec![None]),
                };
            }
            KnownTags::Git(tags) => tags,
        };
        let mut versions: Vec<_> = Vec::new();
        for version in &entry.versions {
            if version.value.trim().is_empty() {
                let message = "the version is empty".to_owned();
                return Err(self.document.refuse(version.referenced, message));
            }
            versions.push(Some(version.value.clone()));
        }
        if let Some(range) = &entry.range {
            if tags.is_empty() {
                let message = format!(
                    "recipe {recipe} has no tags to select a range of; use `versions` instead"
                );
                return Err(self.document.refuse(range.referenced, message));
            }
            let within: Vec<_> = tags
                .iter()
                .filter(|tag| range.value.contains(tag))
                .collect();
            if within.is_empty() {
                return Err(self.no_tag(range, recipe));
            }
            versions.extend(within.into_iter().map(|tag| Some(tag.to_string())));
        }
        if versions.is_empty() && entry.include.is_empty() {
            let message = format!(
                "no versions of {recipe} were selected; use `versions` to list them, or `range` to select from the recipe's tags"
            );
            return Err(self.document.refuse(self.place, message));
        }
        Ok(versions)
    }

    fn no_tag(&self, range: &Spanned<crate::recipe::VersionRange>, recipe: &Name) -> RecipeError {
        let message = format!("recipe {recipe} has no tag in the range {}", range.value);
        self.document.refuse(range.referenced, message)
    }

    fn exclude(&self, combinations: &mut Combinations) -> Result<(), RecipeError> {
        for exclude in &self.entry.exclude {
            let (version, arch) = (&exclude.value.version, &exclude.value.arch);
            if !combinations.remove(version.as_deref(), arch.as_ref()) {
                let message = "this entry excludes nothing".to_owned();
                return Err(self.document.refuse(exclude.referenced, message));
            }
        }
        Ok(())
    }

    fn include(
        &self,
        include: &Spanned<Include>,
        known: &KnownTags,
        combinations: &mut Combinations,
    ) -> Result<(), RecipeError> {
        let Include {
            version,
            arch,
            options,
        } = &include.value;
        if combinations.set(version.as_deref(), arch.as_ref(), options) {
            return Ok(());
        }
        let version = match (version, known) {
            (Some(version), KnownTags::Git(_)) => Some(version.clone()),
            (None, KnownTags::Directory(_)) => None,
            _ => {
                let message =
                    "this entry matches no target, and needs a `version` to add one".to_owned();
                return Err(self.document.refuse(include.referenced, message));
            }
        };
        let mut target = self.target(version, arch.clone());
        target.options = options.over(&target.options);
        combinations.add(target);
        Ok(())
    }
}

/// Whether `text` is this version, with or without a leading v.
fn is_version(text: &str, version: &Version) -> bool {
    text.parse::<Version>().is_ok_and(|text| text == *version)
}
