//! The commands. The only place where the error of a stage becomes a failure with hints.

mod beside;
mod build;
mod cache;
mod clean;
mod completions;
mod doctor;
mod explain;
mod kmem;
mod like;
mod man;
mod manifest;
mod node_script;
mod plan;
mod prepare;
mod produce;
mod public_key;
mod recipes;
mod release;
mod reproduce;
mod shared;
mod trial;
mod verify;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use clap::error::ErrorKind;
use tokio_util::sync::CancellationToken;

use self::shared::Shared;
use super::args::{
    Cli, CommandLine, Format, GlobalArguments, command_with_recipes, parse, parse_build,
};
use super::config::Config;
use crate::engine::{Address, Engine, EngineError, connect_docker};
use crate::environment::Environment;
use crate::failure::{Failure, FailureKind};
use crate::library::Library;
use crate::lockfile::Lockfile;
use crate::plan::ImageContent;
use crate::recipe::Source;
use crate::report::{self, Verbosity};

/// What every command works with.
pub(super) struct Invocation<'a> {
    pub(super) environment: &'a Environment,
    pub(super) global: GlobalArguments,
    pub(super) config: Config,
    pub(super) library: Library,
    /// What inputs must be, where a lock file is in force.
    pub(super) lockfile: Option<Lockfile>,
    /// What the lock file says of images, by name.
    pub(super) locked_images: BTreeMap<String, ImageContent>,
    shared: Shared,
    pub(super) cancel: &'a CancellationToken,
}

impl<'a> Invocation<'a> {
    fn new(
        environment: &'a Environment,
        global: GlobalArguments,
        cancel: &'a CancellationToken,
    ) -> Result<Self, Failure> {
        if global.format == Some(Format::Prometheus) {
            let text = "only `kmembuild kmem status` has metrics for Prometheus";
            return Err(Failure::new(FailureKind::Usage, text));
        }
        let config = Config::read(&environment.config_dir)?;
        let folders = recipe_folders(environment, &global);
        if let Some(missing) = global.recipe_dir.iter().find(|folder| !folder.is_dir()) {
            let reason = if missing.exists() {
                "is not a folder"
            } else {
                "is not there"
            };
            let text = format!("the recipe folder {} {reason}", missing.display());
            return Err(Failure::new(FailureKind::Usage, text));
        }
        Ok(Self {
            environment,
            global,
            config,
            library: Library::new(folders),
            lockfile: None,
            locked_images: BTreeMap::new(),
            shared: Shared::default(),
            cancel,
        })
    }

    pub(super) fn json(&self) -> bool {
        self.global.format == Some(Format::Json)
    }

    pub(super) fn verbosity(&self) -> Verbosity {
        match (self.global.quiet, self.global.verbose) {
            (true, _) => Verbosity::Quiet,
            (_, true) => Verbosity::Verbose,
            _ => Verbosity::Normal,
        }
    }

    /// The command line with the recipes that can be used as commands.
    fn command_with_recipes(&self) -> Result<clap::Command, Failure> {
        let listed = self.library.list().map_err(explain::library)?;
        let names: Vec<_> = listed.into_iter().map(|recipe| recipe.name).collect();
        Ok(command_with_recipes(&names))
    }

    /// Refuses a form that the command cannot print.
    pub(super) fn refuse_format(&self, refused: Format) -> Result<(), Failure> {
        if self.global.format == Some(refused) {
            let text = format!(
                "this command cannot print {}",
                format!("{refused:?}").to_uppercase()
            );
            return Err(Failure::new(FailureKind::Usage, text));
        }
        Ok(())
    }

    /// What the engine answers, or the failure of an interrupted run as soon as the user stops it: an engine may take
    /// its time, and there is nothing to clean up after a question.
    async fn unless_stopped<T>(
        &self,
        answer: impl Future<Output = Result<T, EngineError>>,
    ) -> Result<T, Failure> {
        tokio::select! {
            answer = answer => answer.map_err(explain::engine),
            () = self.cancel.cancelled() => Err(explain::interrupted()),
        }
    }

    /// Where the engine is that the command line or the environment names.
    pub(super) fn engine_address(&self) -> Address {
        Address {
            host: self
                .global
                .host
                .clone()
                .or_else(|| self.environment.docker_host.clone()),
            tls_verify: self.environment.docker_tls_verify,
            cert_path: self.environment.docker_cert_path.clone(),
            ..Address::default()
        }
    }

    /// Connects to the engine that the command line or the environment names.
    pub(super) async fn engine(&self) -> Result<Arc<dyn Engine>, Failure> {
        let address = self.engine_address();
        let credentials = self.environment.docker_config.clone();
        self.unless_stopped(connect_docker(&address, credentials))
            .await
    }
}

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
                        .library
                        .load(&name)
                        .map_err(explain::library)?;
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
            let mut invocation = Invocation::new(environment, global, &stop)?;
            Box::pin(release::run(&mut invocation, &arguments, cancel)).await
        }
        CommandLine::Reproduce(arguments) => {
            let invocation = Invocation::new(environment, global, cancel)?;
            Box::pin(reproduce::run(&invocation, &arguments)).await
        }
        CommandLine::Lock(arguments) => {
            let invocation = Invocation::new(environment, global, cancel)?;
            Box::pin(release::run_lock(&invocation, &arguments)).await
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

/// Folders of the user's own recipes; the first one that has a recipe counts.
fn recipe_folders(environment: &Environment, global: &GlobalArguments) -> Vec<PathBuf> {
    let named = global.recipe_dir.iter().cloned();
    named
        .chain([environment.config_dir.join("recipes")])
        .collect()
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
    let loaded = Library::new(recipe_folders(environment, &global)).load(&name);
    loaded.is_ok_and(|loaded| matches!(loaded.recipe.source, Source::Git(_)))
}

/// Shows what clap has to say: help is a result, anything else a failure of usage.
///
/// # Errors
/// The usage failure.
pub fn usage(error: &clap::Error, terminal: bool) -> Result<(), Failure> {
    if error.use_stderr() {
        // Clap begins with "error: ", which the renderer does as well.
        let text = error.to_string();
        let text = text
            .strip_prefix("error: ")
            .unwrap_or(&text)
            .trim_end()
            .to_owned();
        let text = match error.kind() {
            // Clap's text is the help then, which is no error.
            ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
                format!("a command is missing\n\n{text}")
            }
            _ => text,
        };
        return Err(Failure::new(FailureKind::Usage, text));
    }
    let text = error.render();
    print(&if terminal {
        text.ansi().to_string()
    } else {
        text.to_string()
    })
}

/// Writes the result, or a part of it, to standard output.
fn print(text: &str) -> Result<(), Failure> {
    report::print(text).map_err(|error| {
        let text = format!("standard output could not be written: {error}");
        Failure::new(FailureKind::Output, text)
    })
}
