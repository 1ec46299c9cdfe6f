//! Reads the facts that a recipe asks for.

use super::dockerfile::base_images;
use super::types::{FactsError, TreeFacts};
use crate::recipe::{Condition, Recipe, RelativePath, Source};
use crate::source::{SourceError, Tree};

/// Answers the recipe's questions about a source tree.
///
/// # Errors
/// [`FactsError::Tree`] when an object of the tree cannot be read.
pub fn read_tree(recipe: &Recipe, tree: &Tree) -> Result<TreeFacts, FactsError> {
    read(recipe, tree).map_err(FactsError::Tree)
}

fn read(recipe: &Recipe, tree: &Tree) -> Result<TreeFacts, SourceError> {
    let text = |path: &RelativePath| -> Result<Option<String>, SourceError> {
        let content = tree.read(path.as_str())?;
        Ok(content.map(|content| String::from_utf8_lossy(&content).into_owned()))
    };
    let mut facts = TreeFacts::default();
    let conditions = recipe
        .classes
        .iter()
        .flat_map(|class| &class.when)
        .chain(recipe.architectures.values().flat_map(|arch| &arch.when))
        .chain(recipe.values.values().flatten().flat_map(|case| &case.when))
        .chain(recipe.build.run_sh.iter().flat_map(|way| &way.when));
    for condition in conditions {
        match condition {
            Condition::Exists(path) | Condition::Missing(path) => {
                if tree.exists(path.as_str())? {
                    facts.present.insert(path.to_string());
                }
            }
            Condition::Contains(asked) | Condition::Lacks(asked) => {
                if text(&asked.file)?.is_some_and(|text| text.contains(&asked.text)) {
                    let texts = facts.texts.entry(asked.file.to_string());
                    texts.or_default().insert(asked.text.clone());
                }
            }
        }
    }
    for path in recipe.targets.iter().flat_map(|known| known.known.values()) {
        if tree.exists(path.as_str())? {
            facts.present.insert(path.to_string());
        }
    }
    if let Source::Git(git) = &recipe.source {
        for (name, wanted) in &git.read {
            if let Some(text) = text(&wanted.file)?
                && let Some(found) = wanted.pattern.find(&text)
            {
                facts.read.insert(name.to_string(), found.to_owned());
            }
        }
        if let Some(path) = &git.version_file
            && let Some(text) = text(path)?
        {
            facts.version = text.lines().next().map(|line| line.trim().to_owned());
        }
    }
    if let Some(upstream) = &recipe.images.upstream
        && let Some(text) = text(&upstream.dockerfile)?
    {
        facts.base_images = base_images(&text);
    }
    Ok(facts)
}
