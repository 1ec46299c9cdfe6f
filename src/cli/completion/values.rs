//! The values that only recipes, caches and release files know. Nothing here uses a network or an engine, and what cannot
//! be read has no values.

use std::path::Path;
use std::sync::Arc;

use super::candidate::Candidate;
use crate::build::Workspace;
use crate::cli::args::image_ways;
use crate::library::{Library, LoadedRecipe, Origin};
use crate::recipe::{Document, Name, Source};
use crate::regular_file;
use crate::release::{KnownTags, directories, expand, parse_release};

/// Largest release file that is read for its targets, in bytes.
const LARGEST: u64 = 1 << 20;
/// Digits of a content key that are enough to name a result.
const KEY_DIGITS: usize = 12;

/// Where values are looked up.
pub(crate) struct Known<'a> {
    /// Recipes and results.
    pub(crate) workspace: &'a Workspace,
    /// The working directory.
    pub(crate) directory: &'a Path,
}

impl Known<'_> {
    /// The values of the argument `id` of the command at `path`; `None` for one whose values are not known here.
    pub(super) fn values(
        &self,
        path: &[&str],
        id: &str,
        positionals: &[&str],
    ) -> Option<Vec<Candidate>> {
        match (path, id) {
            (["cache", "show"], "key") => Some(self.keys()),
            (["release"], "only") => Some(self.targets(positionals.first().copied())),
            (["cache", "prune"] | ["plan"], "recipe")
            | (["doctor"], "recipes")
            | (["recipes", "show" | "export"], "name") => Some(self.recipes()),
            (["plan"], _) => self.of_recipe(positionals.first()?, id),
            ([recipe], _) => self.of_recipe(recipe, id),
            _ => None,
        }
    }

    fn recipes(&self) -> Vec<Candidate> {
        let listed = self.workspace.library.list().unwrap_or_default();
        let listed = listed.into_iter().map(|recipe| {
            let loaded = self.workspace.recipe(&recipe.name).ok();
            let summary = loaded.map(|loaded| loaded.recipe.summary.clone());
            Candidate::new(recipe.name, summary.unwrap_or_default())
        });
        listed.collect()
    }

    fn of_recipe(&self, name: &str, id: &str) -> Option<Vec<Candidate>> {
        let is_of_recipe = ["tag", "target", "arch", "image"].contains(&id);
        let loaded = is_of_recipe.then(|| self.workspace.recipe(name).ok())??;
        let recipe = &loaded.recipe;
        let words: Vec<String> = match id {
            "tag" => return Some(tags(&loaded)),
            "target" => {
                let targets = recipe.targets.iter();
                let names = targets.flat_map(|targets| targets.known.keys());
                names.map(ToString::to_string).collect()
            }
            "arch" => recipe
                .architectures
                .keys()
                .map(ToString::to_string)
                .collect(),
            _ => image_ways(recipe),
        };
        Some(
            words
                .into_iter()
                .map(|word| Candidate::new(word, ""))
                .collect(),
        )
    }

    /// The keys of the stored results, as short as they can be used.
    fn keys(&self) -> Vec<Candidate> {
        let listing = self.workspace.results().list().unwrap_or_default();
        let entries = listing.entries.into_iter().rev();
        let named = entries.filter_map(|result| {
            let entry = result.entry.ok()?;
            let meaning = format!("{} {} {}", entry.recipe, entry.version, entry.platform);
            Some(Candidate::new(result.key.get(..KEY_DIGITS)?, meaning))
        });
        named.collect()
    }

    /// The targets of a release file, and for each of its recipes the pattern for all of them.
    fn targets(&self, file: Option<&str>) -> Vec<Candidate> {
        let file = file.unwrap_or("release.yaml");
        let path = self.directory.join(file);
        let text = regular_file::read_text(&path, LARGEST);
        let labels = text.ok().and_then(|text| {
            let release = parse_release(file, &text).ok()?;
            let document = Document { file, text: &text };
            let own = Library::new(directories(&release, path.parent()?, document).ok()?);
            let known_tags = |recipe: &Name| self.known_tags(recipe, &own);
            let targets = expand(file, &text, &release, known_tags).ok()?;
            Some(
                targets
                    .iter()
                    .map(|target| {
                        let known = known_tags(&target.recipe).ok();
                        // Without an engine: any architecture where none is named.
                        let name = target.name(known.as_ref(), None);
                        (name, target.recipe.to_string())
                    })
                    .collect(),
            )
        });
        let labels: Vec<(String, String)> = labels.unwrap_or_default();
        let mut patterns: Vec<_> = labels
            .iter()
            .map(|(_, recipe)| format!("{recipe}/*"))
            .collect();
        patterns.sort();
        patterns.dedup();
        let patterns = patterns
            .into_iter()
            .map(|pattern| Candidate::new(pattern, "all of them"));
        let labels = labels
            .into_iter()
            .map(|(label, _)| Candidate::new(label, ""));
        patterns.chain(labels).collect()
    }

    /// The tags of a recipe, which may be the release's own.
    fn known_tags(&self, recipe: &Name, own: &Library) -> Result<KnownTags, Vec<String>> {
        let loaded = match own.load(recipe.as_str()) {
            Ok(loaded) if loaded.origin != Origin::Embedded => Arc::new(loaded),
            _ => {
                let loaded = self.workspace.recipe(recipe.as_str());
                loaded.map_err(|_| Vec::new())?
            }
        };
        Ok(match &loaded.recipe.source {
            Source::Git(git) => KnownTags::Git(git.tags.keys().cloned().collect()),
            Source::Directory(folder) => KnownTags::Directory(folder.version.clone()),
        })
    }
}

/// The tags that the recipe has pins for, in their order.
fn tags(loaded: &LoadedRecipe) -> Vec<Candidate> {
    let versions: Vec<_> = match &loaded.recipe.source {
        Source::Git(git) => git.tags.keys().collect(),
        Source::Directory(folder) => vec![&folder.version],
    };
    versions
        .into_iter()
        .map(|tag| Candidate::new(tag.as_str(), ""))
        .collect()
}
