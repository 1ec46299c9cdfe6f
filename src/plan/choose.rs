//! The choices that the rest of a plan depends on: architecture, version, class, patches, values.

use std::collections::{BTreeMap, BTreeSet};

use super::error::PlanError;
use super::request::Request;
use super::types::PlannedPatch;
use crate::facts::{Facts, GitFacts, SourceFacts, TreeFacts};
use crate::recipe::{
    Architecture, Case, Class, Condition, Output, PatchTarget, Recipe, Source, Template,
    VariableName, Version,
};

/// What is known once version, class and architecture are chosen.
pub(super) struct Choice<'a> {
    pub(super) recipe: &'a Recipe,
    pub(super) request: &'a Request,
    pub(super) facts: &'a Facts,
    /// Name of the version in paths and messages.
    pub(super) label: String,
    /// The version that is compared with ranges.
    pub(super) version: Version,
    pub(super) class: Option<&'a Class>,
    pub(super) target: String,
    pub(super) cross: bool,
    pub(super) source_patches: Vec<PlannedPatch>,
    /// What is built; empty in a recipe without targets.
    pub(super) targets: Vec<String>,
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
        (Source::Directory(folder), _) => {
            return Ok((folder.version.to_string(), folder.version.clone()));
        }
        (Source::Git(_), SourceFacts::Git(git)) => git,
        (Source::Git(_), SourceFacts::Directory) => {
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
            .map_err(|reason| unknown(format!("it cannot be derived from the tag: {reason}")))?;
        return Ok((tag.clone(), version));
    }
    let text = git.files.version.as_deref().ok_or_else(|| {
        unknown("no known tag points to it, and the tree has no version file".to_owned())
    })?;
    let version = text.parse().map_err(|reason| {
        unknown(format!(
            "no known tag points to it, and the tree's version file is not usable: {reason}"
        ))
    })?;
    Ok((git.commit[..12].to_owned(), version))
}

/// Refuses an architecture that this version or its source tree cannot be built for.
pub(super) fn check_architecture(
    recipe: &Recipe,
    source: &SourceFacts,
    (target, cross): (&str, bool),
    (label, version): (&str, &Version),
) -> Result<(), PlanError> {
    let mut supports = recipe.architectures.iter();
    let support = supports.find(|(known, _)| known.as_str() == target);
    if let Some((_, support)) = support
        && let Some(versions) = &support.cross_versions
        && cross
        && !versions.contains(version)
    {
        return Err(PlanError::CrossVersion {
            version: label.to_owned(),
            architecture: target.to_owned(),
            versions: versions.to_string(),
        });
    }
    let SourceFacts::Git(git) = source else {
        return Ok(());
    };
    let missing: Vec<_> = support
        .iter()
        .flat_map(|(_, support)| &support.when)
        .filter_map(|condition| unmet(condition, &git.files))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(PlanError::ArchitectureOfTree {
        version: label.to_owned(),
        architecture: target.to_owned(),
        looked_for: missing.join(", "),
    })
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
    let mut looked_for = String::new();
    for class in &recipe.classes {
        let missing: Vec<_> = class
            .when
            .iter()
            .filter_map(|condition| unmet(condition, files))
            .collect();
        if missing.is_empty() {
            return Ok(Some(class));
        }
        looked_for.push_str(&format!(
            "\n  {} requires a source tree with {}",
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

/// What a condition requires, if the tree does not meet it.
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
    class: Option<&Class>,
    to: PatchTarget,
) -> Vec<PlannedPatch> {
    let class = class.map(|class| &class.name.value);
    recipe
        .patches
        .iter()
        .filter(|patch| patch.to == to && patch.versions.contains(version))
        .filter(|patch| {
            patch
                .class
                .as_ref()
                .is_none_or(|wanted| Some(&wanted.value) == class)
        })
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
        for (name, index) in [("major", 0), ("minor", 1)] {
            if let Some(number) = self.version.number(index) {
                values.insert(name.to_owned(), number.to_owned());
            }
        }
        if let SourceFacts::Git(git) = &self.facts.source {
            values.insert("commit".to_owned(), git.commit.clone());
            values.insert("commit_time".to_owned(), git.commit_time.to_string());
            values.extend(git.files.read.clone());
        }
        if !self.targets.is_empty() {
            values.insert("targets".to_owned(), self.targets.join(" "));
        }
        if let Some(goflags) = &self.request.goflags {
            values.insert("goflags".to_owned(), goflags.clone());
        }
        if let Some(jobs) = self.request.jobs {
            values.insert("jobs".to_owned(), jobs.to_string());
        }
        let built_in = values.clone();
        for (name, cases) in &self.recipe.values {
            if let Some(text) = cases
                .iter()
                .filter(|case| self.fits(case))
                .find_map(|case| case.value.expand(&built_in))
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
            && case
                .prerelease
                .is_none_or(|wanted| wanted == self.version.is_prerelease())
            && case
                .option
                .is_none_or(|wanted| self.request.options.contains(&wanted))
            && case
                .without
                .iter()
                .all(|unwanted| !self.request.options.contains(unwanted))
            && self.unmet(&case.when).is_empty()
            && case.targets.as_ref().is_none_or(|wanted| {
                let wanted: BTreeSet<_> = wanted.iter().map(|name| name.value.as_str()).collect();
                let chosen = self.targets.iter().map(String::as_str).collect();
                wanted == chosen
            })
    }

    /// The conditions that the tree does not meet, as texts. A directory of the image meets all conditions, as its
    /// files are not read.
    pub(super) fn unmet(&self, conditions: &[Condition]) -> Vec<String> {
        match &self.facts.source {
            SourceFacts::Git(git) => conditions
                .iter()
                .filter_map(|condition| unmet(condition, &git.files))
                .collect(),
            SourceFacts::Directory => Vec::new(),
        }
    }

    /// Whether this build makes the output.
    pub(super) fn has(&self, output: &Output) -> bool {
        output
            .versions
            .as_ref()
            .is_none_or(|range| range.contains(&self.version))
            && output.target.as_ref().is_none_or(|target| {
                self.targets
                    .iter()
                    .any(|chosen| chosen == target.value.as_str())
            })
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
            names: template
                .names()
                .filter(|name| !values.contains_key(*name))
                .map(|name| self.described(name))
                .collect::<Vec<_>>()
                .join(", "),
        })
    }

    /// A value, with the place that it is read from.
    fn described(&self, name: &str) -> String {
        let read = match &self.recipe.source {
            Source::Git(git) => git.read.iter().find(|(known, _)| known.as_str() == name),
            Source::Directory(_) => None,
        };
        match read {
            None => name.to_owned(),
            Some((_, read)) => format!(
                "{name} (no line of {} matches {})",
                read.file,
                read.pattern.as_str()
            ),
        }
    }
}

/// The entries whose texts use no unset value.
pub(super) fn expand_map(
    map: &BTreeMap<VariableName, Template>,
    values: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    map.iter()
        .filter_map(|(name, text)| Some((name.to_string(), text.expand(values)?)))
        .collect()
}
