//! What a command line asks for, as far as it has to be known before anything is started.

use std::ffi::OsString;
use std::sync::Arc;

use super::args::{CacheCommand, Cli, CommandLine, GlobalArguments, KmemCommand, recipe_dir_in};
use super::invocation::recipe_directories;
use crate::environment::Environment;
use crate::library::{Library, LoadedRecipe};
use crate::recipe::Source;

/// A parsed command line, with the recipe that it names.
#[derive(Debug)]
pub struct Asked {
    pub(super) cli: Cli,
    /// `None` where no recipe is named, or where it cannot be loaded: what says why comes when it is needed.
    pub(super) recipe: Option<Arc<LoadedRecipe>>,
}

impl Asked {
    /// Reads the recipe, if the command line names one.
    pub fn read(cli: Cli, environment: &Environment) -> Self {
        let named = match &cli.command {
            CommandLine::Plan { recipe, .. } => Some((recipe.clone(), cli.global.clone())),
            CommandLine::Build(words) => words.split_first().map(|(name, rest)| {
                let name = name.to_string_lossy().into_owned();
                (name, places(&cli.global, rest))
            }),
            _ => None,
        };
        let recipe = named.and_then(|(name, places)| {
            let library = Library::new(recipe_directories(environment, &places, &[]));
            library.load(&name).ok().map(Arc::new)
        });
        Self { cli, recipe }
    }

    /// Whether git repositories are read.
    pub fn reads_git(&self) -> bool {
        match &self.cli.command {
            CommandLine::Release(_)
            | CommandLine::Lock(_)
            | CommandLine::Bundle(_)
            | CommandLine::Work(_)
            | CommandLine::Reproduce(_) => true,
            CommandLine::Build(words)
                if words.iter().any(|word| word == "--help" || word == "-h") =>
            {
                false
            }
            _ => self
                .recipe
                .as_ref()
                .is_some_and(|loaded| matches!(loaded.recipe.source, Source::Git(_))),
        }
    }

    /// The command that removes what a run of this command line leaves when it is stopped at once, if it leaves anything.
    pub fn left_to(&self) -> Option<&'static str> {
        match &self.cli.command {
            CommandLine::Build(_)
            | CommandLine::Release(_)
            | CommandLine::Reproduce(_)
            | CommandLine::Lock(_)
            | CommandLine::Bundle(_)
            | CommandLine::Clean { .. } => Some("kmembuild clean"),
            CommandLine::Verify(arguments) => arguments.run.then_some("kmembuild clean"),
            CommandLine::Kmem {
                action: KmemCommand::Exhaust(_),
            } => Some("kmembuild kmem exhaust --cleanup"),
            CommandLine::Kmem {
                action: KmemCommand::Status(_) | KmemCommand::Watch(_) | KmemCommand::Report(_),
            }
            | CommandLine::Plan { .. }
            | CommandLine::Recipes(_)
            | CommandLine::Doctor(_)
            | CommandLine::Node(_)
            | CommandLine::Fleet(_)
            | CommandLine::Cache { .. }
            | CommandLine::NodeScript(_)
            | CommandLine::Rollout(_)
            | CommandLine::PublicKey { .. }
            | CommandLine::Repository(_)
            | CommandLine::Push(_)
            | CommandLine::Pull(_)
            | CommandLine::Completions { .. }
            | CommandLine::Complete { .. }
            | CommandLine::Work(_)
            | CommandLine::Man { .. } => None,
        }
    }

    /// Whether the command line asks for something that can end anywhere: it reads, starts nothing, and writes at most one file
    /// at once.
    pub fn may_end_anywhere(&self) -> bool {
        match &self.cli.command {
            CommandLine::NodeScript(_)
            | CommandLine::PublicKey { .. }
            | CommandLine::Complete { .. }
            | CommandLine::Kmem {
                action: KmemCommand::Report(_),
            } => true,
            CommandLine::Cache { action } => {
                matches!(
                    action,
                    CacheCommand::List { .. } | CacheCommand::Show { .. }
                )
            }
            _ => false,
        }
    }
}

/// The global options with the directory of recipes that the words after a recipe's name give: it has to be known before
/// they can be parsed.
pub(super) fn places(global: &GlobalArguments, words: &[OsString]) -> GlobalArguments {
    let mut places = global.clone();
    places.recipe_dir = recipe_dir_in(words).or(places.recipe_dir);
    places
}
