//! Chooses the targets to build.

use super::error::PlanError;
use super::request::Request;
use crate::facts::SourceFacts;
use crate::recipe::Recipe;

/// The targets to build: the requested ones, or the recipe's default.
pub(super) fn choose_targets(
    recipe: &Recipe,
    request: &Request,
    source: &SourceFacts,
    label: &str,
) -> Result<Vec<String>, PlanError> {
    let Some(targets) = &recipe.targets else {
        return Ok(Vec::new());
    };
    let in_tree = |path: &str| match source {
        SourceFacts::Git(git) => git.files.present.contains(path),
        SourceFacts::Directory => true,
    };
    let mut chosen: Vec<String> = Vec::new();
    let defaults = targets.default.iter().map(|target| &target.value);
    let asked: Vec<_> = if request.targets.is_empty() {
        defaults.collect()
    } else {
        request.targets.iter().collect()
    };
    for target in asked {
        let path = targets.known.get(target);
        if path.is_none_or(|path| !in_tree(path.as_str())) {
            let known = targets
                .known
                .iter()
                .filter(|(_, path)| in_tree(path.as_str()))
                .map(|(name, _)| name.as_str())
                .collect::<Vec<_>>()
                .join(", ");
            return Err(PlanError::Target {
                version: label.to_owned(),
                target: target.to_string(),
                looked_for: path.map(ToString::to_string),
                known,
            });
        }
        if !chosen.iter().any(|known| known == target.as_str()) {
            chosen.push(target.to_string());
        }
    }
    Ok(chosen)
}
