//! Plans what is run in the image.

use std::collections::BTreeMap;

use super::choose::{Choice, expand_map};
use super::error::{PlanError, ScriptLimit};
use super::types::{
    Limits, Needs, PlannedBuild, PlannedCache, PlannedFile, PlannedScript, PlannedStep,
    PlannedToolchain, Via,
};
use crate::recipe::{BuildOption, Network, RunSh, Step, Template, VariableName};

/// What differs between the two ways to build.
struct Way<'a> {
    network: Network,
    environment: &'a BTreeMap<VariableName, Template>,
    steps: &'a [Step],
    script: Option<&'a RunSh>,
}

impl Choice<'_> {
    pub(super) fn build(
        &self,
        values: &BTreeMap<String, String>,
    ) -> Result<PlannedBuild, PlanError> {
        let build = &self.recipe.build;
        let way = self.way()?;
        let steps = way.steps.iter();
        let steps = steps.map(|step| self.step(step, way.environment, values));
        let files = build.files.iter().map(|file| {
            let place = format!("the file {}", file.path);
            Ok(PlannedFile {
                path: file.path.to_string(),
                text: self.required(&file.text, values, &place)?,
            })
        });
        let caches = build.caches.iter().map(|cache| PlannedCache {
            name: cache.name.value.to_string(),
            path: cache.path.value.to_string(),
        });
        let timeout = self.request.timeout.unwrap_or(build.timeout.0);
        Ok(PlannedBuild {
            workdir: self.workdir(),
            network: way.network,
            // Upstream's script keeps its own cache, in a container that it leaves behind.
            caches: caches.filter(|_| way.script.is_none()).collect(),
            files: files.collect::<Result<_, _>>()?,
            toolchain: self.toolchain(values)?,
            needs: self.needs(),
            limits: Limits {
                memory: self.request.memory,
                nano_cpus: self.request.nano_cpus,
                timeout_seconds: timeout.as_secs().max(1),
            },
            via: self.request.via,
            script: way
                .script
                .map(|script| self.script(script, values))
                .transpose()?,
            steps: steps.collect::<Result<_, _>>()?,
        })
    }

    fn way(&self) -> Result<Way<'_>, PlanError> {
        let build = &self.recipe.build;
        let script = build.run_sh.as_ref();
        let Some(script) = script.filter(|_| self.request.via == Via::RunSh) else {
            return Ok(Way {
                network: build.network,
                environment: &build.environment,
                steps: &build.steps,
                script: None,
            });
        };
        let missing = self.unmet(&script.when);
        if !missing.is_empty() {
            return Err(PlanError::ScriptOfTree {
                version: self.label.clone(),
                looked_for: missing.join(", "),
            });
        }
        let memory = self.request.memory.map(|_| ScriptLimit::Memory);
        let cpus = self.request.nano_cpus.map(|_| ScriptLimit::Cpus);
        if let Some(limit) = memory.or(cpus) {
            return Err(PlanError::LimitOfScript { limit });
        }
        Ok(Way {
            // The script connects to the container that it sends the source to.
            network: Network::Open,
            environment: &script.environment,
            steps: &script.steps,
            script: Some(script),
        })
    }

    fn step(
        &self,
        step: &Step,
        environment: &BTreeMap<VariableName, Template>,
        values: &BTreeMap<String, String>,
    ) -> Result<PlannedStep, PlanError> {
        let name = step.name.value.to_string();
        // The program is required; its arguments may be left out.
        self.required(
            &step.command[0],
            values,
            &format!("the program of step {name}"),
        )?;
        let command = step
            .command
            .iter()
            .filter_map(|argument| argument.expand_words(values))
            .flatten()
            .collect();
        let mut environment = expand_map(environment, values);
        environment.extend(expand_map(&step.environment, values));
        Ok(PlannedStep {
            name,
            command,
            environment,
        })
    }

    fn toolchain(
        &self,
        values: &BTreeMap<String, String>,
    ) -> Result<Option<PlannedToolchain>, PlanError> {
        let check = self.recipe.build.toolchain.as_ref();
        check
            .map(|check| {
                Ok(PlannedToolchain {
                    command: check.command.clone(),
                    pattern: check.pattern.as_str().to_owned(),
                    version: self.required(&check.version, values, "the toolchain's version")?,
                    allowed: self.request.allow_toolchain.clone(),
                })
            })
            .transpose()
    }

    pub(super) fn needs(&self) -> Needs {
        let saved = BuildOption::LowMemory;
        let mut cases = self.recipe.values.values().flatten();
        Needs {
            memory: self.recipe.build.memory.map(|size| size.0),
            disk: self.recipe.build.disk.map(|size| size.0),
            could_save_memory: cases.any(|case| case.option == Some(saved))
                && !self.request.options.contains(&saved),
        }
    }

    fn script(
        &self,
        script: &RunSh,
        values: &BTreeMap<String, String>,
    ) -> Result<PlannedScript, PlanError> {
        Ok(PlannedScript {
            image_name: self.upstream_image_name(values)?,
            client: self.base_image(script.client.image.as_str(), &script.client.also),
            client_path: script.client.path.to_string(),
            client_below: script.client.below,
            containers: script
                .leaves
                .containers
                .iter()
                .map(ToString::to_string)
                .collect(),
            images: script
                .leaves
                .images
                .iter()
                .map(ToString::to_string)
                .collect(),
        })
    }
}
