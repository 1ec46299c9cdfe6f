//! The release file, and which of its targets are meant.

use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::super::{Invocation, explain};
use super::arguments::build_arguments;
use crate::attestation::SigningKey;
use crate::cli::args::{BuildArguments, ReleaseArguments};
use crate::failure::{Failure, FailureKind};
use crate::recipe::{Name, Source};
use crate::release::{KnownTags, Release, Target, expand, parse_release};

/// A release file with the targets that the command line chose.
pub(super) struct ReleaseFile {
    /// Folder for the results.
    pub(super) output: PathBuf,
    /// Most builds at a time, where the file or the command line says so.
    pub(super) jobs: Option<u32>,
    /// Key to sign with.
    pub(super) signing: Option<SigningKey>,
    /// The lock file beside it.
    pub(super) lockfile: PathBuf,
    /// All targets of the file, chosen or not.
    pub(super) targets: Vec<Target>,
    /// The chosen ones, by their place in `targets`, with what is asked of their builds.
    pub(super) chosen: Vec<(usize, BuildArguments)>,
}

impl ReleaseFile {
    /// The targets that the command line left out.
    pub(super) fn left_out(&self) -> impl Iterator<Item = &Target> {
        let targets = self.targets.iter().enumerate();
        targets
            .filter(|(index, _)| self.chosen.iter().all(|(chosen, _)| chosen != index))
            .map(|(_, target)| target)
    }

    pub(super) fn read(
        invocation: &Invocation<'_>,
        arguments: &ReleaseArguments,
    ) -> Result<Self, Failure> {
        let path = &arguments.file;
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| {
            let failure = Failure::new(
                FailureKind::Recipe,
                format!("the release file {name} could not be read: {error}"),
            );
            match error.kind() {
                std::io::ErrorKind::NotFound => failure
                    .hint("name another one: kmembuild release FILE; `kmembuild release --schema` tells what one may hold"),
                _ => failure,
            }
        })?;
        let invalid = |error| Failure::new(FailureKind::Recipe, error);
        let release = parse_release(&name, &text).map_err(invalid)?;
        load_recipes(invocation, &release)?;
        let targets = expand(&name, &text, &release, |recipe| tags(invocation, recipe));
        let targets = targets.map_err(invalid)?;
        let only = globs(&arguments.only)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let output = match (&arguments.output, &release.output) {
            (Some(output), _) => output.clone(),
            (None, Some(output)) => folder.join(output),
            (None, None) => folder.join("dist"),
        };
        let chosen: Vec<_> = targets
            .iter()
            .enumerate()
            .filter(|(_, target)| arguments.only.is_empty() || only.is_match(target.label()))
            .map(|(index, target)| {
                let build = build_arguments(target, &arguments.caches, folder, &output);
                (index, build)
            })
            .collect();
        if chosen.is_empty() {
            let labels: Vec<_> = targets.iter().take(5).map(Target::label).collect();
            let text = format!(
                "--only {} chooses none of the {} targets of {name}",
                arguments.only.join(" --only "),
                targets.len()
            );
            return Err(Failure::new(FailureKind::Usage, text)
                .hint(format!("they are called {}", labels.join(", "))));
        }
        Ok(Self {
            output,
            jobs: arguments.jobs.or(release.jobs),
            signing: arguments
                .sign_key
                .as_deref()
                .map(SigningKey::read)
                .transpose()
                .map_err(explain::key)?,
            lockfile: lockfile_beside(path),
            targets,
            chosen,
        })
    }
}

/// The lock file has one name, as a folder has one release.
fn lockfile_beside(release: &Path) -> PathBuf {
    release.with_file_name("kmembuild.lock")
}

fn globs(patterns: &[String]) -> Result<GlobSet, Failure> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        // `runc/*` means all of runc: a star goes over slashes.
        let glob = GlobBuilder::new(pattern).build();
        set.add(glob.map_err(|error| {
            Failure::new(FailureKind::Usage, format!("--only {pattern}: {error}"))
        })?);
    }
    set.build()
        .map_err(|error| Failure::new(FailureKind::Usage, error))
}

/// What is known of a recipe's versions, or what recipes there are.
fn tags(invocation: &Invocation<'_>, recipe: &Name) -> Result<KnownTags, Vec<String>> {
    let Ok(loaded) = invocation.recipe(recipe.as_str()) else {
        return Err(recipes(invocation));
    };
    Ok(match &loaded.recipe.source {
        Source::Git(git) => KnownTags::Git(git.tags.keys().cloned().collect()),
        Source::Directory(folder) => KnownTags::Directory(folder.version.clone()),
    })
}

fn recipes(invocation: &Invocation<'_>) -> Vec<String> {
    let listed = invocation.library.list().unwrap_or_default();
    listed.into_iter().map(|recipe| recipe.name).collect()
}

/// Reads the recipes of a release. One that is there and is refused says more than that it is not there.
fn load_recipes(invocation: &Invocation<'_>, release: &Release) -> Result<(), Failure> {
    let there = recipes(invocation);
    for target in &release.targets {
        let name = target.value.recipe.value.as_str();
        if there.iter().any(|recipe| recipe == name) {
            invocation.recipe(name)?;
        }
    }
    Ok(())
}
