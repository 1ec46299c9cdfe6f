//! What every command works with.

use std::path::PathBuf;

use futures_util::FutureExt as _;
use tokio_util::sync::CancellationToken;

use super::args::{Format, GlobalArguments, NamedRecipe, command_with_recipes};
use crate::build::{Connect, Workspace};
use crate::configuration::Configuration;
use crate::engine::{Address, ClientSettings, ContextChoice, connect_docker};
use crate::environment::Environment;
use crate::failure::{Failure, FailureKind};
use crate::library::Library;
use crate::report::{Progress, Verbosity};

/// A command line in its environment: how to speak, and what to work with.
pub(super) struct Invocation<'a> {
    pub(super) environment: &'a Environment,
    pub(super) global: GlobalArguments,
    format: Format,
    pub(super) workspace: Workspace,
}

impl<'a> Invocation<'a> {
    pub(super) fn new(
        environment: &'a Environment,
        global: GlobalArguments,
        format: Format,
        cancel: &CancellationToken,
    ) -> Result<Self, Failure> {
        let configuration = Configuration::read(&environment.config_dir)?;
        if let Some(missing) = global.recipe_dir.iter().find(|path| !path.is_dir()) {
            let reason = if missing.exists() {
                "is not a directory"
            } else {
                "does not exist"
            };
            let text = format!("the recipe directory {} {reason}", missing.display());
            return Err(Failure::new(FailureKind::Usage, text));
        }
        let library = Library::new(recipe_directories(environment, &global, &[]));
        let connect = connect(environment, engine_address(environment, &global));
        let mut workspace = Workspace::new(library, environment.cache_dir.clone(), connect);
        workspace.configuration = configuration;
        workspace.cancel = cancel.clone();
        Ok(Self {
            environment,
            global,
            format,
            workspace,
        })
    }

    pub(super) fn json(&self) -> bool {
        self.format == Format::Json
    }

    pub(super) fn verbosity(&self) -> Verbosity {
        match (self.global.quiet, self.global.verbose) {
            (true, _) => Verbosity::Quiet,
            (_, true) => Verbosity::Verbose,
            _ => Verbosity::Normal,
        }
    }

    /// The display of what goes on.
    pub(super) fn progress(&self) -> Progress {
        let terminal = self.environment.progress_terminal;
        Progress::new(self.json(), terminal, self.verbosity())
    }

    /// The command line with the recipes that can be used as commands. One that cannot be read is among them: the message
    /// that says why comes when it is used.
    pub(super) fn command_with_recipes(&self) -> Result<clap::Command, Failure> {
        let listed = self.workspace.library.list()?;
        let listed: Vec<_> = listed
            .into_iter()
            .map(|recipe| (self.workspace.recipe(&recipe.name).ok(), recipe.name))
            .collect();
        let recipes: Vec<_> = listed
            .iter()
            .map(|(loaded, name)| NamedRecipe {
                name,
                recipe: loaded.as_deref().map(|loaded| &loaded.recipe),
            })
            .collect();
        Ok(command_with_recipes(&recipes))
    }

    /// Adds the recipes of a release.
    pub(super) fn add_recipes_of(&mut self, release: &[PathBuf]) {
        let directories = recipe_directories(self.environment, &self.global, release);
        self.workspace.library = Library::new(directories);
    }

    /// Where the engine is that the command line or the environment names.
    pub(super) fn engine_address(&self) -> Address {
        engine_address(self.environment, &self.global)
    }
}

/// Directories of the user's own recipes, and of those of a release; the first one that has a recipe counts.
pub(super) fn recipe_directories(
    environment: &Environment,
    global: &GlobalArguments,
    release: &[PathBuf],
) -> Vec<PathBuf> {
    let named = global.recipe_dir.iter().chain(release).cloned();
    named
        .chain([environment.config_dir.join("recipes")])
        .collect()
}

fn engine_address(environment: &Environment, global: &GlobalArguments) -> Address {
    let named = global.host.clone();
    Address {
        host: named.or_else(|| environment.docker_host.clone()),
        tls_verify: environment.docker_tls_verify,
        cert_path: environment.docker_cert_path.clone(),
        context: ContextChoice {
            name: environment.docker_context.clone(),
            file: environment.docker_config.clone(),
        },
        ..Address::default()
    }
}

/// Connects to Docker at that address.
fn connect(environment: &Environment, address: Address) -> Connect {
    let settings = ClientSettings {
        file: environment.docker_config.clone(),
        variable: environment.docker_auth_config.clone(),
        proxies: environment.proxies.clone(),
    };
    Box::new(move || {
        let (address, settings) = (address.clone(), settings.clone());
        async move { connect_docker(&address, Some(settings)).await }.boxed()
    })
}
