//! `--like`: the tag and the architecture of what a node has, in the place of `--tag` and `--arch`.

use std::path::Path;

use super::{Invocation, explain};
use crate::artifacts::ManifestLike;
use crate::cli::args::BuildArguments;
use crate::events::{Event, Sink};
use crate::failure::{Failure, FailureKind};
use crate::library::LoadedRecipe;
use crate::like::{Like, LikeError, Target, read_input, same_commit};
use crate::recipe::{Architecture, Output, Recipe, Source, Version};
use crate::source::Served;

/// What a build is modelled on.
pub(super) struct Model {
    /// The arguments, with the tag and the architecture of what was read.
    pub(super) arguments: BuildArguments,
    /// What the user should know before it is built.
    pub(super) warnings: Vec<String>,
    like: Like,
    /// The commit that the tag must have.
    commit: Option<String>,
}

/// Reads what `--like` names and puts it into the arguments; none when there is no such option.
pub(super) async fn model(
    invocation: &Invocation<'_>,
    loaded: &LoadedRecipe,
    arguments: &BuildArguments,
    sink: &dyn Sink,
) -> Result<Option<Model>, Failure> {
    let Some(given) = &arguments.like else {
        return Ok(None);
    };
    let recipe = &loaded.recipe;
    let attempts = attempts(recipe, given);
    let (path, terminal) = (given.clone(), invocation.environment.input_terminal);
    // A pipe may stay silent for as long as it likes, so that it is waited for elsewhere.
    let reading = tokio::task::spawn_blocking(move || read_input(&path, terminal, &attempts));
    let read = tokio::select! {
        read = reading => read,
        () = invocation.cancel.cancelled() => return Err(explain::interrupted()),
    };
    let read = read.map_err(|error| Failure::new(FailureKind::Internal, error))?;
    let like = read.map_err(explain::like)?;
    choose(recipe, like, arguments, sink)
        .map(Some)
        .map_err(explain::like)
}

/// Decides what to build to be like it.
fn choose(
    recipe: &Recipe,
    mut like: Like,
    given: &BuildArguments,
    sink: &dyn Sink,
) -> Result<Model, LikeError> {
    check_program(recipe, &like)?;
    if let Some(tag) = like.tag_mut() {
        known_tag(recipe, tag);
    }
    let found = like.to_string();
    if !found.is_empty() {
        let text = format!("--like gives {found}");
        sink.event(&Event::Note { text });
    }
    let mut arguments = given.clone();
    let target = match &recipe.source {
        Source::Git(_) => like.target(given.force)?,
        // A package is a vendor's itself. Its version is all that there is to compare.
        Source::Directory(folder) => {
            let text = format!(
                "the source is that of the package {}; whether its code is the same is not compared",
                folder.package
            );
            sink.event(&Event::Note { text });
            let target = like.target(true)?;
            Target {
                commit: None,
                warnings: Vec::new(),
                ..target
            }
        }
    };
    arguments.tag = Some(target.wanted);
    match (&given.arch, &like.architecture) {
        (Some(asked), Some(found)) if asked.as_str() != found => sink.event(&Event::Note {
            text: format!(
                "the given build is for {found}; what is built is for {asked}, as --arch says"
            ),
        }),
        (None, Some(found)) => {
            let known = found.parse::<Architecture>();
            arguments.arch = Some(known.map_err(|reason| LikeError::Architecture { reason })?);
        }
        _ => {}
    }
    Ok(Model {
        arguments,
        warnings: target.warnings,
        commit: target.commit,
        like,
    })
}

impl Model {
    /// Holds the commit that was served for the tag against the one that was reported with it.
    pub(super) fn check(&self, recipe: &Recipe, served: &Served) -> Result<(), Failure> {
        let Some(reported) = &self.commit else {
            return Ok(());
        };
        if same_commit(reported, &served.commit) {
            return Ok(());
        }
        let wanted = self.arguments.tag.clone().unwrap_or_default();
        let version = self.like.version.as_ref();
        Err(explain::like(LikeError::OtherCommit {
            version: version.map_or_else(|| wanted.clone(), |version| version.text.clone()),
            tag: served.tag.clone().unwrap_or(wanted),
            served: served.commit.clone(),
            other_tag: tag_of(recipe, reported),
            reported: reported.clone(),
        }))
    }

    /// A failure to find the source, with what that may mean for what was read.
    pub(super) fn explain(&self, failure: Failure) -> Failure {
        let by_commit = self.commit.is_none() && self.like.commit.is_some();
        if failure.kind == FailureKind::Source && by_commit {
            return failure.hint(
                "a commit that upstream does not have is a vendor's or somebody's own; --source names a repository that has it",
            );
        }
        failure
    }

    /// What the manifest says of it.
    pub(super) fn record(&self) -> ManifestLike {
        let version = self.like.version.as_ref();
        let commit = self.like.commit.as_ref();
        ManifestLike {
            version: version.map(|version| version.text.clone()),
            commit: commit.map(|commit| commit.label.clone()),
            architecture: self.like.architecture.clone(),
        }
    }
}

/// The arguments to run a program with, in order: those by which the recipe checks the output of the same name, then
/// what programs understand. Another output's might do something else than to print a version.
fn attempts(recipe: &Recipe, program: &Path) -> Vec<Vec<String>> {
    let name = program.file_name().unwrap_or_default();
    let checks = || {
        let outputs = recipe.outputs.iter();
        outputs.filter_map(|output| Some((output.file_name(), output.checks.version.as_ref()?)))
    };
    let own = checks().filter(|(output, _)| name == *output);
    let harmless = checks().filter(|(_, check)| {
        let asks = |argument: &String| argument.starts_with("--version");
        !check.arguments.is_empty() && check.arguments.iter().all(asks)
    });
    let mut attempts: Vec<Vec<String>> = Vec::new();
    let known = own.chain(harmless).map(|(_, check)| &check.arguments);
    for arguments in known.chain([&vec!["--version".to_owned()]]) {
        if !attempts.contains(arguments) {
            attempts.push(arguments.clone());
        }
    }
    attempts
}

/// Refuses the version of a program that the recipe does not build.
fn check_program(recipe: &Recipe, like: &Like) -> Result<(), LikeError> {
    let outputs: Vec<&str> = recipe.outputs.iter().map(Output::file_name).collect();
    match &like.program {
        Some(program) if !outputs.iter().any(|output| program.is(output)) => {
            Err(LikeError::OtherProgram {
                program: program.to_string(),
                recipe: recipe.name.to_string(),
                outputs: outputs.join(", "),
            })
        }
        _ => Ok(()),
    }
}

/// Writes `tag` as the recipe does, where it knows it: programs leave out the `v`, packages change more.
fn known_tag(recipe: &Recipe, tag: &mut String) {
    if let (Source::Git(git), Ok(version)) = (&recipe.source, tag.parse::<Version>())
        && let Some(known) = git.tags.keys().find(|known| **known == version)
    {
        *tag = known.to_string();
    }
}

/// The tag that the recipe knows `commit` by.
fn tag_of(recipe: &Recipe, commit: &str) -> Option<String> {
    let Source::Git(git) = &recipe.source else {
        return None;
    };
    let known = git.tags.iter();
    known
        .filter(|(_, pinned)| same_commit(commit, pinned.as_str()))
        .map(|(tag, _)| tag.to_string())
        .next()
}
