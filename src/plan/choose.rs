//! The choices that everything else in a plan follows from: architecture, version, class, patches, values.

use std::collections::BTreeMap;

use super::error::PlanError;
use super::request::Request;
use super::types::PlannedPatch;
use crate::facts::{Facts, GitFacts, SourceFacts, TreeFacts};
use crate::recipe::{
    Architecture, Case, Class, Condition, Output, PatchTarget, Recipe, Source, Template, Version,
};

/// What is known once the version, class and architecture are.
pub(super) struct Choice<'a> {
    pub(super) recipe: &'a Recipe,
    pub(super) request: &'a Request,
    pub(super) facts: &'a Facts,
    /// Name of the version in paths and messages.
    pub(super) label: String,
    /// The version that ranges are held against.
    pub(super) version: Version,
    pub(super) class: Option<&'a Class>,
    pub(super) target: String,
    pub(super) cross: bool,
    pub(super) source_patches: Vec<PlannedPatch>,
}

pub(super) fn choose_architecture(
    recipe: &Recipe,
    request: &Request,
    engine: &str,
) -> Result<(String, bool), PlanError> {
    let target = request
        .architecture
        .as_ref()
        .map_or(engine, Architecture::as_str)
        .to_owned();
    let Some((_, support)) = recipe
        .architectures
        .iter()
        .find(|(known, _)| known.as_str() == target)
    else {
        let known = recipe
            .architectures
            .keys()
            .map(Architecture::as_str)
            .collect::<Vec<_>>()
            .join(", ");
        return Err(PlanError::Architecture {
            recipe: recipe.name.to_string(),
            architecture: target,
            known,
        });
    };
    let cross = target != engine;
    if cross
        && !support
            .cross_from
            .iter()
            .any(|from| from.as_str() == engine)
    {
        let recipe = recipe.name.to_string();
        return Err(PlanError::CrossBuild {
            recipe,
            target,
            engine: engine.to_owned(),
        });
    }
    Ok((target, cross))
}

pub(super) fn choose_version(
    recipe: &Recipe,
    source: &SourceFacts,
) -> Result<(String, Version), PlanError> {
    let git = match (&recipe.source, source) {
        (Source::Folder(folder), _) => {
            return Ok((folder.version.to_string(), folder.version.clone()));
        }
        (Source::Git(_), SourceFacts::Git(git)) => git,
        (Source::Git(_), SourceFacts::Folder) => {
            unreachable!("facts of a git source are gathered as such")
        }
    };
    let unknown = |looked_for: String| PlanError::UnknownVersion {
        commit: git.commit.clone(),
        looked_for,
    };
    if let Some(tag) = &git.tag {
        let version = tag
            .parse()
            .map_err(|reason| unknown(format!("its tag does not tell it: {reason}")))?;
        return Ok((tag.clone(), version));
    }
    let text = git.files.version.as_deref().ok_or_else(|| {
        unknown("no known tag names it, and the tree has no version file".to_owned())
    })?;
    let version = text.parse().map_err(|reason| {
        unknown(format!(
            "no known tag names it, and of the tree's version file {reason}"
        ))
    })?;
    Ok((git.commit[..12].to_owned(), version))
}

pub(super) fn choose_class<'a>(
    recipe: &'a Recipe,
    source: &SourceFacts,
    label: &str,
) -> Result<Option<&'a Class>, PlanError> {
    let SourceFacts::Git(GitFacts { files, .. }) = source else {
        return Ok(None);
    };
    if recipe.classes.is_empty() {
        return Ok(None);
    }
    let fits = |class: &&Class| {
        class
            .when
            .iter()
            .all(|condition| unmet(condition, files).is_none())
    };
    if let Some(class) = recipe.classes.iter().find(fits) {
        return Ok(Some(class));
    }
    let mut looked_for = String::new();
    for class in &recipe.classes {
        let missing: Vec<_> = class
            .when
            .iter()
            .filter_map(|condition| unmet(condition, files))
            .collect();
        looked_for.push_str(&format!(
            "\n  {} needs {}",
            class.name.value,
            missing.join(", ")
        ));
    }
    Err(PlanError::NoClass {
        recipe: recipe.name.to_string(),
        version: label.to_owned(),
        looked_for,
    })
}

/// What a condition asks for, when the tree does not meet it.
fn unmet(condition: &Condition, files: &TreeFacts) -> Option<String> {
    let has = |file: &str, text: &str| {
        files
            .texts
            .get(file)
            .is_some_and(|texts| texts.contains(text))
    };
    let (met, asked) = match condition {
        Condition::Exists(path) => (files.present.contains(path.as_str()), format!("{path}")),
        Condition::Missing(path) => (!files.present.contains(path.as_str()), format!("no {path}")),
        Condition::Contains(asked) => (
            has(asked.file.as_str(), &asked.text),
            format!("{:?} in {}", asked.text, asked.file),
        ),
        Condition::Lacks(asked) => (
            !has(asked.file.as_str(), &asked.text),
            format!("no {:?} in {}", asked.text, asked.file),
        ),
    };
    (!met).then_some(asked)
}

pub(super) fn choose_patches(
    recipe: &Recipe,
    facts: &Facts,
    version: &Version,
    to: PatchTarget,
) -> Vec<PlannedPatch> {
    recipe
        .patches
        .iter()
        .filter(|patch| patch.to == to && patch.versions.contains(version))
        .map(|patch| {
            let file = patch.file.value.to_string();
            let sha256 = facts.patches.get(&file).cloned().unwrap_or_default();
            PlannedPatch {
                file,
                sha256,
                summary: patch.summary.clone(),
            }
        })
        .collect()
}

impl Choice<'_> {
    pub(super) fn values(&self) -> BTreeMap<String, String> {
        let mut values = BTreeMap::from([
            ("version".to_owned(), self.label.clone()),
            ("bare_version".to_owned(), self.version.bare().to_owned()),
            ("arch".to_owned(), self.target.clone()),
            (
                "engine_arch".to_owned(),
                self.facts.engine_architecture.clone(),
            ),
        ]);
        if let SourceFacts::Git(git) = &self.facts.source {
            values.insert("commit".to_owned(), git.commit.clone());
        }
        if let Some(jobs) = self.request.jobs {
            values.insert("jobs".to_owned(), jobs.to_string());
        }
        let built_in = values.clone();
        for (name, cases) in &self.recipe.values {
            if let Some(text) = cases
                .iter()
                .find(|case| self.fits(case))
                .and_then(|case| case.value.expand(&built_in))
            {
                values.insert(name.to_string(), text);
            }
        }
        values
    }

    fn fits(&self, case: &Case) -> bool {
        let class = self.class.map(|class| &class.name.value);
        case.versions
            .as_ref()
            .is_none_or(|range| range.contains(&self.version))
            && case
                .class
                .as_ref()
                .is_none_or(|wanted| Some(&wanted.value) == class)
            && case
                .arch
                .as_ref()
                .is_none_or(|wanted| wanted.as_str() == self.target)
            && case.cross.is_none_or(|wanted| wanted == self.cross)
            && case
                .patched
                .is_none_or(|wanted| wanted != self.source_patches.is_empty())
    }

    /// Whether this version makes the output at all.
    pub(super) fn has(&self, output: &Output) -> bool {
        output
            .versions
            .as_ref()
            .is_none_or(|range| range.contains(&self.version))
    }

    pub(super) fn required(
        &self,
        template: &Template,
        values: &BTreeMap<String, String>,
        place: &str,
    ) -> Result<String, PlanError> {
        template.expand(values).ok_or_else(|| PlanError::Unset {
            place: place.to_owned(),
            version: self.label.clone(),
            names: template.names().collect::<Vec<_>>().join(", "),
        })
    }
}

/// The entries whose texts name no unset value.
pub(super) fn expand_map(
    map: &BTreeMap<String, Template>,
    values: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    map.iter()
        .filter_map(|(name, text)| Some((name.clone(), text.expand(values)?)))
        .collect()
}
