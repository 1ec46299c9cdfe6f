//! From the command line to its command.

use std::ffi::OsString;

use tokio_util::sync::CancellationToken;

use super::args::{Cli, CommandLine, KmemCommand, parse, parse_build};
use super::commands::{
    build, cache, clean, completions, doctor, kmem, lock, man, node_script, plan, public_key,
    recipes, release, reproduce, verify,
};
use super::invocation::{Invocation, recipe_directories};
use super::output::usage;
use crate::environment::Environment;
use crate::failure::Failure;
use crate::library::Library;
use crate::recipe::Source;

/// Runs the command that the command line asks for.
///
/// # Errors
/// The [`Failure`] to show and to exit with.
pub async fn dispatch(
    cli: Cli,
    environment: &Environment,
    cancel: &CancellationToken,
) -> Result<(), Failure> {
    let Cli { global, command } = cli;
    match command {
        CommandLine::Build(words) => {
            let mut words = words.into_iter();
            let name = words
                .next()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let rest: Vec<_> = words.collect();
            let read = match parse_build(&name, &rest, &global) {
                Ok(read) => read,
                // Help on something that is no recipe would promise what cannot be had.
                Err(error) => {
                    Invocation::new(environment, global, cancel)?
                        .workspace
                        .recipe(&name)?;
                    return usage(&error, environment.output_terminal);
                }
            };
            let invocation = Invocation::new(environment, read.global, cancel)?;
            // The longest road of all: on the heap, what all commands share stays small.
            Box::pin(build::run(&invocation, &name, &read.build)).await
        }
        CommandLine::Plan { recipe, build } => {
            plan::run(
                &Invocation::new(environment, global, cancel)?,
                &recipe,
                &build,
            )
            .await
        }
        CommandLine::Release(arguments) => {
            // Stopped with the user's, and when one failed target is to stop the others.
            let stop = cancel.child_token();
            let invocation = Invocation::new(environment, global, &stop)?;
            Box::pin(release::run(invocation, &arguments, cancel)).await
        }
        CommandLine::Reproduce(arguments) => {
            let invocation = Invocation::new(environment, global, cancel)?;
            Box::pin(reproduce::run(&invocation, &arguments)).await
        }
        CommandLine::Lock(arguments) => {
            let invocation = Invocation::new(environment, global, cancel)?;
            Box::pin(lock::run(&invocation, &arguments)).await
        }
        CommandLine::Recipes { action } => {
            recipes::run(&Invocation::new(environment, global, cancel)?, &action)
        }
        CommandLine::PublicKey { file, minisign } => {
            let invocation = Invocation::new(environment, global, cancel)?;
            public_key::run(&invocation, &file, minisign)
        }
        CommandLine::Completions { shell } => {
            completions::run(&Invocation::new(environment, global, cancel)?, shell)
        }
        CommandLine::Man { dir } => man::run(&Invocation::new(environment, global, cancel)?, &dir),
        CommandLine::Verify(arguments) => {
            let invocation = Invocation::new(environment, global, cancel)?;
            Box::pin(verify::run(&invocation, &arguments)).await
        }
        CommandLine::Doctor(arguments) => {
            let invocation = Invocation::new(environment, global, cancel)?;
            Box::pin(doctor::run(&invocation, &arguments)).await
        }
        CommandLine::Cache { action } => {
            cache::run(&Invocation::new(environment, global, cancel)?, &action).await
        }
        CommandLine::NodeScript(arguments) => {
            node_script::run(&Invocation::new(environment, global, cancel)?, &arguments)
        }
        // On a node there may be no folder for configuration, and no recipe is wanted.
        CommandLine::Kmem { action } => kmem::run(environment, &global, &action, cancel).await,
        CommandLine::Clean {
            caches,
            images,
            all,
        } => {
            clean::run(
                &Invocation::new(environment, global, cancel)?,
                caches,
                images,
                all,
            )
            .await
        }
    }
}

/// Whether the command line asks for something that reads git repositories. Not so where it is wrong.
pub fn reads_git(environment: &Environment) -> bool {
    let Ok(Cli { global, command }) = parse(&environment.arguments) else {
        return false;
    };
    let (name, global) = match command {
        CommandLine::Release(_) | CommandLine::Lock(_) | CommandLine::Reproduce(_) => return true,
        CommandLine::Plan { recipe, .. } => (recipe, global),
        CommandLine::Build(words) => {
            let Some((name, rest)) = words.split_first() else {
                return false;
            };
            let name = name.to_string_lossy().into_owned();
            match parse_build(&name, rest, &global) {
                Ok(read) => (name, read.global),
                Err(_) => return false,
            }
        }
        _ => return false,
    };
    let loaded = Library::new(recipe_directories(environment, &global)).load(&name);
    loaded.is_ok_and(|loaded| matches!(loaded.recipe.source, Source::Git(_)))
}

/// The command that cleans up after a run of this command line that was stopped at once; none where it leaves nothing.
pub fn left_to(arguments: &[OsString]) -> Option<&'static str> {
    match parse(arguments).ok()?.command {
        CommandLine::Kmem {
            action: KmemCommand::Reproduce(_),
        } => Some("kmembuild kmem reproduce --cleanup"),
        CommandLine::Build(_)
        | CommandLine::Release(_)
        | CommandLine::Reproduce(_)
        | CommandLine::Lock(_)
        | CommandLine::Verify(_)
        | CommandLine::Cache { .. }
        | CommandLine::Clean { .. } => Some("kmembuild clean"),
        CommandLine::Kmem { .. }
        | CommandLine::Doctor(_)
        | CommandLine::Plan { .. }
        | CommandLine::Recipes { .. }
        | CommandLine::NodeScript(_)
        | CommandLine::PublicKey { .. }
        | CommandLine::Completions { .. }
        | CommandLine::Man { .. } => None,
    }
}
