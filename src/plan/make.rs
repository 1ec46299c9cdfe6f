//! `make_plan`: the only place where choices are made. Synchronous and pure.

use std::collections::BTreeMap;

use super::choose::{
    Choice, check_architecture, choose_architecture, choose_class, choose_patches, choose_version,
};
use super::error::PlanError;
use super::known_holes::KnownHoles;
use super::options::check_options;
use super::request::Request;
use super::targets::choose_targets;
use super::types::{PLAN_FORMAT, Plan, PlannedOutput, PlannedSource, RecipeIdentity, Via};
use crate::events::Warning;
use crate::facts::{Facts, SourceFacts};
use crate::recipe::{BuildOption, Class, Output, PatchTarget, Recipe, RelativePath, Source};
use crate::verify::{Expectations, VersionExpectation};

/// Decides everything: the same recipe, request and facts give the same plan.
///
/// # Errors
/// A [`PlanError`]: what cannot be decided, or must not be built.
pub fn make_plan(recipe: &Recipe, request: &Request, facts: &Facts) -> Result<Plan, PlanError> {
    check_options(recipe, request)?;
    let (target, cross) = choose_architecture(recipe, request, &facts.engine_architecture)?;
    let (label, version) = choose_version(recipe, &facts.source)?;
    let class = choose_class(recipe, &facts.source, &label)?;
    check_architecture(recipe, &facts.source, (&target, cross), (&label, &version))?;
    let targets = choose_targets(recipe, request, &facts.source, &label)?;
    let mut warnings = Vec::new();
    if let Some(Class {
        not_needed: Some(reason),
        ..
    }) = class
    {
        if !request.force {
            let recipe = recipe.name.to_string();
            return Err(PlanError::NotNeeded {
                recipe,
                version: label,
                reason: reason.clone(),
            });
        }
        warnings.push(Warning::NotNeeded(label.clone(), reason.clone()).to_string());
    }
    let source_patches = choose_patches(recipe, facts, &version, class, PatchTarget::Source);
    if let Some(class) = class
        && class.needs_source_patch
        && source_patches.is_empty()
    {
        let (recipe, class) = (recipe.name.to_string(), class.name.value.to_string());
        return Err(PlanError::NoPatch {
            recipe,
            version: label,
            class,
        });
    }
    let choice = Choice {
        recipe,
        request,
        facts,
        label,
        version,
        class,
        target,
        cross,
        source_patches,
        targets,
    };
    if let (Some(limit), Some(need)) = (request.memory, recipe.build.memory)
        && limit < need.0
    {
        let warning = Warning::MemoryLimit(
            bytesize::ByteSize(limit).to_string(),
            bytesize::ByteSize(need.0).to_string(),
            choice.needs().could_save_memory,
        );
        warnings.push(warning.to_string());
    }
    if !recipe.outputs.iter().any(|output| choice.has(output)) {
        let recipe = recipe.name.to_string();
        return Err(PlanError::NoOutputs {
            recipe,
            version: choice.label,
        });
    }
    let known_holes = recipe.advisories.as_ref();
    let known_holes = known_holes.and_then(|known| KnownHoles::of(known, &choice.version));
    if let Some(known) = &known_holes {
        warnings.push(Warning::KnownHoles(known.line(&choice.label)).to_string());
    }
    let values = choice.values();
    Ok(Plan {
        format: PLAN_FORMAT,
        recipe: RecipeIdentity {
            name: recipe.name.to_string(),
            sha256: facts.recipe_sha256.clone(),
        },
        version: choice.label.clone(),
        platform: format!("linux-{}", choice.target),
        architecture: choice.target.clone(),
        class: class.map(|class| class.name.value.to_string()),
        targets: choice.targets.clone(),
        source: choice.source(),
        image: choice.image(&values)?,
        build: choice.build(&values)?,
        outputs: recipe
            .outputs
            .iter()
            .filter(|output| choice.has(output))
            .map(|output| choice.output(output, &values))
            .collect::<Result<_, _>>()?,
        further_outputs: choice.further_outputs(&values),
        known_holes,
        remarks: recipe
            .remarks
            .iter()
            .filter(|remark| remark.versions.contains(&choice.version))
            .map(|remark| remark.text.clone())
            .collect(),
        warnings,
    })
}

impl Choice<'_> {
    fn source(&self) -> PlannedSource {
        match (&self.recipe.source, &self.facts.source) {
            (Source::Directory(folder), _) => PlannedSource::Directory {
                path: folder.path.to_string(),
                package: folder.package.to_string(),
            },
            (Source::Git(_), SourceFacts::Git(git)) => PlannedSource::Git {
                tag: git.tag.clone(),
                commit: git.commit.clone(),
                tree: git.tree.clone(),
                modified: git.commit_time,
                patches: self.source_patches.clone(),
            },
            (Source::Git(_), SourceFacts::Directory) => {
                unreachable!("facts of a git source are gathered as such")
            }
        }
    }

    pub(super) fn workdir(&self) -> String {
        let build = &self.recipe.build;
        let script = build.run_sh.as_ref();
        if let Some(way) = script.filter(|_| self.request.via == Via::RunSh) {
            return way.workdir.to_string();
        }
        match (&build.workdir, &self.recipe.source) {
            (Some(workdir), _) => workdir.to_string(),
            (None, Source::Directory(folder)) => folder.path.to_string(),
            (None, Source::Git(_)) => unreachable!("a recipe with a git source has a workdir"),
        }
    }

    /// Directories whose files are published too, each once.
    fn further_outputs(&self, values: &BTreeMap<String, String>) -> Vec<String> {
        let mut folders: Vec<String> = Vec::new();
        if self.request.options.contains(&BuildOption::AllOutputs) {
            for folder in &self.recipe.further_outputs {
                if let Some(path) = folder.expand(values)
                    && path.parse::<RelativePath>().is_ok()
                {
                    let path = format!("{}/{path}", self.workdir());
                    if !folders.contains(&path) {
                        folders.push(path);
                    }
                }
            }
        }
        folders
    }

    fn output(
        &self,
        output: &Output,
        values: &BTreeMap<String, String>,
    ) -> Result<PlannedOutput, PlanError> {
        let checks = &output.checks;
        let version = match &checks.version {
            None => None,
            Some(check) => {
                let place = format!("the version check of {}", output.file_name());
                let contains = check
                    .contains
                    .iter()
                    .map(|text| self.required(text, values, &place));
                let contains = contains.collect::<Result<_, _>>()?;
                Some(VersionExpectation {
                    arguments: check.arguments.clone(),
                    contains,
                })
            }
        };
        let place = format!("the path of {}", output.file_name());
        let path = self.required(&output.path.value, values, &place)?;
        // It may contain text that was read from the source tree.
        let path = path
            .parse::<RelativePath>()
            .map_err(|reason| PlanError::OutputPath {
                output: output.file_name().to_owned(),
                reason,
            })?;
        let asked_static = self.request.options.contains(&BuildOption::Static);
        Ok(PlannedOutput {
            path: format!("{}/{path}", self.workdir()),
            name: output.file_name().to_owned(),
            expectations: Expectations {
                kmem: checks.kmem,
                static_linked: checks.static_linked.or(asked_static.then_some(true)),
                architecture: Some(self.target.clone()),
                glibc_floor: checks
                    .glibc_floor
                    .map(|floor| self.request.glibc_floor.unwrap_or(floor)),
                version,
            },
        })
    }
}
