//! `make_plan`: the one place where choices are made. Synchronous and pure.

use std::collections::BTreeMap;

use super::choose::{
    Choice, choose_architecture, choose_class, choose_patches, choose_version, expand_map,
};
use super::error::PlanError;
use super::request::Request;
use super::types::{
    Limits, PLAN_FORMAT, Plan, PlannedBuild, PlannedCache, PlannedOutput, PlannedSource,
    PlannedStep, RecipeIdentity,
};
use crate::facts::{Facts, SourceFacts};
use crate::recipe::{Class, Output, PatchTarget, Recipe, Source};
use crate::verify::{Expectations, VersionExpectation};

/// Decides everything: same recipe, request and facts, same plan.
///
/// # Errors
/// A [`PlanError`] that names what cannot be decided or must not be built.
pub fn make_plan(recipe: &Recipe, request: &Request, facts: &Facts) -> Result<Plan, PlanError> {
    let (target, cross) = choose_architecture(recipe, request, &facts.engine_architecture)?;
    let (label, version) = choose_version(recipe, &facts.source)?;
    let class = choose_class(recipe, &facts.source, &label)?;
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
        warnings.push(format!(
            "{label} is built although that is not needed: {reason}"
        ));
    }
    let source_patches = choose_patches(recipe, facts, &version, PatchTarget::Source);
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
    };
    if let (Some(limit), Some(need)) = (request.memory, recipe.build.memory)
        && limit < need.0
    {
        warnings.push(format!(
            "the memory limit of {} is below the {} that the recipe says the build needs",
            bytesize::ByteSize(limit),
            bytesize::ByteSize(need.0)
        ));
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
        source: choice.source(),
        image: choice.image(&values)?,
        build: choice.build(&values)?,
        outputs: recipe
            .outputs
            .iter()
            .filter(|output| choice.has(output))
            .map(|output| choice.output(output, &values))
            .collect::<Result<_, _>>()?,
        warnings,
    })
}

impl Choice<'_> {
    fn source(&self) -> PlannedSource {
        match (&self.recipe.source, &self.facts.source) {
            (Source::Folder(folder), _) => PlannedSource::Folder {
                path: folder.path.to_string(),
                package: folder.package.clone(),
            },
            (Source::Git(_), SourceFacts::Git(git)) => PlannedSource::Git {
                tag: git.tag.clone(),
                commit: git.commit.clone(),
                tree: git.tree.clone(),
                modified: git.commit_time,
                patches: self.source_patches.clone(),
            },
            (Source::Git(_), SourceFacts::Folder) => {
                unreachable!("facts of a git source are gathered as such")
            }
        }
    }

    fn build(&self, values: &BTreeMap<String, String>) -> Result<PlannedBuild, PlanError> {
        let build = &self.recipe.build;
        let caches = build.caches.iter();
        let caches = caches.map(|cache| PlannedCache {
            name: cache.name.value.to_string(),
            path: cache.path.value.to_string(),
        });
        let timeout = self.request.timeout.unwrap_or(build.timeout.0);
        let mut steps = Vec::new();
        for step in &build.steps {
            let name = step.name.value.to_string();
            // The program itself cannot be left out; its arguments can.
            self.required(
                &step.command[0],
                values,
                &format!("the program of step {name}"),
            )?;
            let command = step
                .command
                .iter()
                .filter_map(|argument| argument.expand(values))
                .collect();
            let mut environment = expand_map(&build.environment, values);
            environment.extend(expand_map(&step.environment, values));
            steps.push(PlannedStep {
                name,
                command,
                environment,
            });
        }
        Ok(PlannedBuild {
            workdir: self.workdir(),
            network: build.network,
            caches: caches.collect(),
            limits: Limits {
                memory: self.request.memory,
                nano_cpus: self.request.nano_cpus,
                timeout_seconds: timeout.as_secs().max(1),
            },
            steps,
        })
    }

    fn workdir(&self) -> String {
        match (&self.recipe.build.workdir, &self.recipe.source) {
            (Some(workdir), _) => workdir.to_string(),
            (None, Source::Folder(folder)) => folder.path.to_string(),
            (None, Source::Git(_)) => unreachable!("a recipe with a git source has a workdir"),
        }
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
        Ok(PlannedOutput {
            path: format!("{}/{}", self.workdir(), output.path.value),
            name: output.file_name().to_owned(),
            expectations: Expectations {
                kmem: checks.kmem,
                static_linked: checks.static_linked,
                architecture: Some(self.target.clone()),
                glibc_floor: checks
                    .glibc_floor
                    .map(|floor| self.request.glibc_floor.unwrap_or(floor)),
                version,
            },
        })
    }
}
