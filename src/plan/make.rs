//! `make_plan`: the one place where choices are made. Synchronous and pure.

use std::collections::BTreeMap;

use serde::Serialize;
use thiserror::Error;

use super::digest::canonical_json;
use super::mirrors::candidates;
use super::request::Request;
use super::types::{
    BaseImage, Limits, PLAN_FORMAT, Plan, PlannedBuild, PlannedCache, PlannedImage, PlannedOutput,
    PlannedPatch, PlannedSource, PlannedStep, RecipeIdentity,
};
use crate::checksum::sha256_hex;
use crate::facts::{Facts, GitFacts, SourceFacts, TreeFacts};
use crate::recipe::{
    Architecture, Case, Class, Condition, DebianImage, ImageWay, LeanImage, Output, PatchTarget,
    Recipe, Source, Template, UpstreamImage, Version,
};
use crate::verify::{Expectations, VersionExpectation};

/// Why no plan can be made.
#[derive(Debug, Error)]
pub enum PlanError {
    /// The recipe does not build for the architecture.
    #[error("the recipe {recipe} does not build for {architecture}; it does for {known}")]
    Architecture {
        /// The recipe.
        recipe: String,
        /// The architecture asked for.
        architecture: String,
        /// Those the recipe lists.
        known: String,
    },
    /// The engine's processors cannot build for the target.
    #[error("the recipe {recipe} cannot build for {target} on an engine of architecture {engine}")]
    CrossBuild {
        /// The recipe.
        recipe: String,
        /// The architecture asked for.
        target: String,
        /// The engine's.
        engine: String,
    },
    /// A commit whose tag is no version, or without a known tag in a tree that does not tell its version.
    #[error("the version of commit {commit} is not known: {looked_for}")]
    UnknownVersion {
        /// The commit.
        commit: String,
        /// Where a version was looked for, as a sentence.
        looked_for: String,
    },
    /// The tree is of no class that the recipe knows.
    #[error("{version} fits no class of the recipe {recipe}:{looked_for}")]
    NoClass {
        /// The recipe.
        recipe: String,
        /// The version.
        version: String,
        /// Each class with what was looked for and not found.
        looked_for: String,
    },
    /// The version needs no build of this kind.
    #[error("not needed: {version} of {recipe}: {reason}")]
    NotNeeded {
        /// The recipe.
        recipe: String,
        /// The version.
        version: String,
        /// The recipe's reason.
        reason: String,
    },
    /// The recipe does not describe the way to the image.
    #[error("the recipe {recipe} describes no image of the kind `{way}`; it describes {known}")]
    ImageWay {
        /// The recipe.
        recipe: String,
        /// The way asked for.
        way: String,
        /// Those the recipe describes.
        known: String,
    },
    /// The tree has no Dockerfile to take the base image from.
    #[error("{version} has no {dockerfile} that names an image to start from")]
    NoBaseImage {
        /// The version.
        version: String,
        /// Path of the Dockerfile.
        dockerfile: String,
    },
    /// A text that must be there names an unset value.
    #[error("{place} names a value that is unset for {version}: {names}")]
    Unset {
        /// Where it stands.
        place: String,
        /// The version.
        version: String,
        /// The names in it.
        names: String,
    },
}

/// What is known once the version, class and architecture are.
struct Choice<'a> {
    recipe: &'a Recipe,
    request: &'a Request,
    facts: &'a Facts,
    /// Name of the version in paths and messages.
    label: String,
    /// The version that ranges are held against.
    version: Version,
    class: Option<&'a Class>,
    target: String,
    cross: bool,
    source_patches: Vec<PlannedPatch>,
}

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

fn choose_architecture(
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

fn choose_version(recipe: &Recipe, source: &SourceFacts) -> Result<(String, Version), PlanError> {
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

fn choose_class<'a>(
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

fn choose_patches(
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
    fn values(&self) -> BTreeMap<String, String> {
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
    fn has(&self, output: &Output) -> bool {
        output
            .versions
            .as_ref()
            .is_none_or(|range| range.contains(&self.version))
    }

    fn required(
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

    fn image(&self, values: &BTreeMap<String, String>) -> Result<PlannedImage, PlanError> {
        if let Some(archive) = &self.facts.image_archive {
            return Ok(PlannedImage::Archive {
                image_id: archive.image_id.clone(),
            });
        }
        let images = &self.recipe.images;
        let way = match (&self.request.image, &self.request.image_name) {
            (Some(way), _) => *way,
            (None, Some(_)) => ImageWay::Registry,
            (None, None) => images.default.value,
        };
        let planned = match way {
            ImageWay::Registry => match (&self.request.image_name, &images.registry) {
                (Some(name), _) => Some(PlannedImage::Registry(self.base_image(name.as_str()))),
                (None, Some(image)) => {
                    let name = self.required(&image.name, values, "the registry image's name")?;
                    Some(PlannedImage::Registry(self.base_image(&name)))
                }
                (None, None) => None,
            },
            ImageWay::Upstream => images
                .upstream
                .as_ref()
                .map(|image| self.upstream(image, values))
                .transpose()?,
            ImageWay::Lean => images
                .lean
                .as_ref()
                .map(|image| self.lean(image, values))
                .transpose()?,
            ImageWay::Debian => images.debian.as_ref().map(|image| self.debian(image)),
        };
        planned.ok_or_else(|| {
            let described = [
                (images.registry.is_some(), "registry"),
                (images.upstream.is_some(), "upstream"),
                (images.lean.is_some(), "lean"),
                (images.debian.is_some(), "debian"),
            ];
            let known = described
                .iter()
                .filter(|(is, _)| *is)
                .map(|(_, name)| *name)
                .collect::<Vec<_>>()
                .join(", ");
            let way = format!("{way:?}").to_lowercase();
            PlanError::ImageWay {
                recipe: self.recipe.name.to_string(),
                way,
                known,
            }
        })
    }

    fn base_image(&self, name: &str) -> BaseImage {
        let candidates = candidates(name, &self.request.mirrors, &self.recipe.images.mirrors);
        BaseImage {
            name: name.to_owned(),
            candidates,
        }
    }

    fn upstream_bases(&self) -> Result<Vec<BaseImage>, PlanError> {
        let names = match &self.facts.source {
            SourceFacts::Git(git) => git.files.base_images.as_slice(),
            SourceFacts::Folder => &[],
        };
        if names.is_empty() {
            let dockerfile = self
                .recipe
                .images
                .upstream
                .as_ref()
                .map_or("Dockerfile", |image| image.dockerfile.as_str());
            return Err(PlanError::NoBaseImage {
                version: self.label.clone(),
                dockerfile: dockerfile.to_owned(),
            });
        }
        Ok(names.iter().map(|name| self.base_image(name)).collect())
    }

    fn upstream(
        &self,
        image: &UpstreamImage,
        values: &BTreeMap<String, String>,
    ) -> Result<PlannedImage, PlanError> {
        let SourceFacts::Git(git) = &self.facts.source else {
            unreachable!("a recipe with a folder as source cannot describe upstream's image");
        };
        let bases = self.upstream_bases()?;
        let patches = choose_patches(
            self.recipe,
            self.facts,
            &self.version,
            PatchTarget::ImageContext,
        );
        let arguments = expand_map(&image.arguments, values);
        let dockerfile = image.dockerfile.to_string();
        let names: Vec<_> = bases.iter().map(|base| &base.name).collect();
        let identity = identity(&(&git.tree, &names, &dockerfile, &patches, &arguments));
        Ok(PlannedImage::Dockerfile {
            way: ImageWay::Upstream,
            bases,
            dockerfile,
            text: None,
            patches,
            arguments,
            identity,
        })
    }

    fn lean(
        &self,
        image: &LeanImage,
        values: &BTreeMap<String, String>,
    ) -> Result<PlannedImage, PlanError> {
        let bases = match &image.base {
            Some(base) => vec![self.base_image(base.as_str())],
            // Of upstream's stages the last is the one whose result is the image.
            None => self
                .upstream_bases()?
                .into_iter()
                .next_back()
                .into_iter()
                .collect(),
        };
        let mut arguments = expand_map(&image.arguments, values);
        arguments.extend(
            bases
                .iter()
                .map(|base| ("BASE".to_owned(), base.name.clone())),
        );
        let identity = identity(&(&image.dockerfile, &arguments));
        Ok(PlannedImage::Dockerfile {
            way: ImageWay::Lean,
            bases,
            dockerfile: "Dockerfile".to_owned(),
            text: Some(image.dockerfile.clone()),
            patches: Vec::new(),
            arguments,
            identity,
        })
    }

    fn debian(&self, image: &DebianImage) -> PlannedImage {
        let mut architectures = vec![self.facts.engine_architecture.clone()];
        let mut packages = image.packages.clone();
        let mut preferences = None;
        if self.cross {
            architectures.push(self.target.clone());
            let further = image
                .cross
                .iter()
                .find(|(arch, _)| arch.as_str() == self.target);
            if let Some((_, further)) = further {
                packages.extend(further.packages.iter().cloned());
                preferences.clone_from(&further.preferences);
            }
        }
        let suite = image.suite.to_string();
        let environment = &image.environment;
        let identity = identity(&(&suite, &architectures, &packages, &preferences, environment));
        PlannedImage::Debian {
            suite,
            architectures,
            packages,
            preferences,
            environment: image.environment.clone(),
            identity,
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

/// The entries whose texts name no unset value.
fn expand_map(
    map: &BTreeMap<String, Template>,
    values: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    map.iter()
        .filter_map(|(name, text)| Some((name.clone(), text.expand(values)?)))
        .collect()
}

fn identity<T: Serialize>(parts: &T) -> String {
    sha256_hex(canonical_json(parts).as_bytes())
}
