//! The version and the architecture of what a node has, in the place of a tag.

use std::io::IsTerminal as _;
use std::path::Path;

use super::error::BuildError;
use super::order::BuildOrder;
use super::workspace::Workspace;
use crate::artifacts::ManifestLike;
use crate::events::{Note, Sink, Warning};
use crate::library::LoadedRecipe;
use crate::like::{Like, LikeError, Target, read_input, same_commit};
use crate::recipe::{Architecture, CommitId, Output, Recipe, Source, Version};
use crate::source::Served;

/// What a build is modelled on.
pub(super) struct Likeness {
    /// The tag or commit to build.
    pub(super) version: String,
    /// The architecture, where it was reported.
    pub(super) architecture: Option<Architecture>,
    /// What the user should know before it is built.
    pub(super) warnings: Vec<Warning>,
    like: Like,
    /// The commit that the tag must have.
    commit: Option<String>,
}

/// Reads what a node has from `file`.
pub(super) async fn read_likeness(
    order: &BuildOrder,
    workspace: &Workspace,
    loaded: &LoadedRecipe,
    file: &Path,
    sink: &dyn Sink,
) -> Result<Likeness, BuildError> {
    let recipe = &loaded.recipe;
    let (attempts, path) = (attempts(recipe, file), file.to_path_buf());
    // A pipe may stay silent for as long as it likes, so that it is waited for elsewhere.
    let terminal = std::io::stdin().is_terminal();
    let reading = tokio::task::spawn_blocking(move || read_input(&path, terminal, &attempts));
    let read = tokio::select! {
        read = reading => read.map_err(BuildError::Reader)?,
        () = workspace.cancel.cancelled() => return Err(BuildError::Interrupted),
    };
    Ok(choose(recipe, read?, order, sink)?)
}

/// Decides what to build to be like it.
fn choose(
    recipe: &Recipe,
    mut like: Like,
    order: &BuildOrder,
    sink: &dyn Sink,
) -> Result<Likeness, LikeError> {
    let note = |note: Note| sink.event(&note.into());
    check_program(recipe, &like)?;
    if let Some(tag) = like.tag_mut() {
        known_tag(recipe, tag);
    }
    let found = like.to_string();
    if !found.is_empty() {
        note(Note::GivenBuild(found));
    }
    let target = match &recipe.source {
        Source::Git(_) => like.target(order.force)?,
        // A package is a vendor's itself. Its version is all that there is to compare.
        Source::Directory(folder) => {
            note(Note::NotCompared(folder.package.to_string()));
            let target = like.target(true)?;
            Target {
                commit: None,
                warnings: Vec::new(),
                ..target
            }
        }
    };
    let architecture = match (&order.architecture, &like.architecture) {
        (Some(asked), Some(found)) if asked.as_str() != found => {
            note(Note::OtherArchitecture(found.clone(), asked.to_string()));
            None
        }
        (None, Some(found)) => {
            let known = found.parse::<Architecture>();
            Some(known.map_err(|reason| LikeError::Architecture { reason })?)
        }
        _ => None,
    };
    Ok(Likeness {
        version: target.wanted,
        architecture,
        warnings: target.warnings,
        commit: target.commit,
        like,
    })
}

impl Likeness {
    /// Holds the commit that was served for the tag against the one that was reported with it.
    pub(super) fn check(&self, recipe: &Recipe, served: &Served) -> Result<(), LikeError> {
        let Some(reported) = &self.commit else {
            return Ok(());
        };
        if same_commit(reported, &served.commit) {
            return Ok(());
        }
        let wanted = &self.version;
        let version = self.like.version.as_ref();
        Err(LikeError::OtherCommit {
            version: version.map_or_else(|| wanted.clone(), |version| version.text.clone()),
            tag: served.tag.clone().unwrap_or_else(|| wanted.clone()),
            served: served.commit.clone(),
            other_tag: tag_of(recipe, reported),
            reported: reported.clone(),
        })
    }

    /// Whether the whole commit was reported: with [`Self::check`], nobody else decides what the tag is.
    pub(super) fn pins(&self) -> bool {
        let commit = self.commit.as_ref();
        commit.is_some_and(|commit| commit.parse::<CommitId>().is_ok())
    }

    /// Whether nothing but a commit says which version it is.
    pub(super) fn is_by_commit(&self) -> bool {
        self.commit.is_none() && self.like.commit.is_some()
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
