//! What every command works with.

use std::path::PathBuf;

use futures_util::FutureExt as _;
use tokio_util::sync::CancellationToken;

use super::args::{Format, GlobalArguments, NamedRecipe, command_with_recipes};
use crate::build::{Connect, Workspace};
use crate::configuration::{Configuration, RegistryPlace};
use crate::engine::{
    Address, ClientSettings, ClusterSettings, ContextChoice, EngineChoice, LocalSettings,
    RuntimeSettings, Surroundings, connect,
};
use crate::environment::Environment;
use crate::failure::{Failure, FailureKind};
use crate::library::Library;
use crate::recipe::ImageDigest;
use crate::report::{Progress, Verbosity};

/// A command line in its environment: how to speak, and what to work with.
pub(super) struct Invocation<'a> {
    pub(super) environment: &'a Environment,
    pub(super) global: GlobalArguments,
    format: Format,
    pub(super) workspace: Workspace,
    /// The engine that was chosen.
    pub(super) choice: EngineChoice,
    /// What engines are found and made by.
    pub(super) surroundings: Surroundings,
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
        let choice = engine_choice(environment, &global, &configuration)?;
        let surroundings = surroundings(environment, &global, &configuration)?;
        let connect = connect_to(choice, surroundings.clone());
        let mut workspace = Workspace::new(library, environment.cache_dir.clone(), connect);
        workspace.registries = surroundings.client.clone();
        workspace.image_identity = image_identity(environment)?;
        workspace.configuration = configuration;
        workspace.cancel = cancel.clone();
        Ok(Self {
            environment,
            global,
            format,
            workspace,
            choice,
            surroundings,
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

/// The engine that the command line chooses, or else the environment, or else the configuration. A host that is named on
/// the command line is Docker's, and a runtime the runtime engine's.
fn engine_choice(
    environment: &Environment,
    global: &GlobalArguments,
    configuration: &Configuration,
) -> Result<EngineChoice, Failure> {
    let usage = |text: String| Failure::new(FailureKind::Usage, text);
    let told = global.engine.map(EngineChoice::from);
    let refused = |text: &str| Err(usage(text.to_owned()).hint("use one of them"));
    if global.host.is_some() {
        return match (told, &global.runtime) {
            (Some(EngineChoice::Local), _) => refused(
                "--host names Docker, and --engine local is the container that kmembuild runs in",
            ),
            (Some(EngineChoice::Runtime), _) | (_, Some(_)) => {
                refused("--host names Docker, and the runtime engine works without a daemon")
            }
            _ => Ok(EngineChoice::Docker),
        };
    }
    if global.runtime.is_some() {
        return match told {
            Some(EngineChoice::Docker | EngineChoice::Local) => refused(
                "--runtime names the program of the runtime engine, and --engine another engine",
            ),
            _ => Ok(EngineChoice::Runtime),
        };
    }
    if let Some(told) = told {
        return Ok(told);
    }
    match &environment.engine {
        Some(text) => {
            let choice = text.parse();
            choice.map_err(|reason: String| usage(format!("KMEMBUILD_ENGINE: {reason}")))
        }
        None => Ok(configuration.engine.unwrap_or_default()),
    }
}

/// What identifies the image of the container that the tool runs in, as far as the environment says so.
fn image_identity(environment: &Environment) -> Result<Option<ImageDigest>, Failure> {
    match &environment.image_identity {
        Some(text) => {
            let identity = text.parse();
            let refused = |reason: String| {
                let text = format!("KMEMBUILD_IMAGE_IDENTITY: {reason}");
                Failure::new(FailureKind::Usage, text)
            };
            identity.map(Some).map_err(refused)
        }
        // A name without a digest identifies nothing.
        None => Ok(environment
            .job_image
            .as_ref()
            .and_then(|image| image.parse().ok())),
    }
}

fn surroundings(
    environment: &Environment,
    global: &GlobalArguments,
    configuration: &Configuration,
) -> Result<Surroundings, Failure> {
    let client = ClientSettings {
        file: environment.docker_config.clone(),
        variable: environment.docker_auth_config.clone(),
        proxies: environment.proxies.clone(),
    };
    let cluster = cluster(environment, global, configuration, &client)?;
    Ok(Surroundings {
        address: engine_address(environment, global),
        client: client.clone(),
        runtime: RuntimeSettings {
            client,
            directory: environment.cache_dir.join("runtime"),
            keeper: "/proc/self/exe".into(),
            program: global.runtime.clone(),
            search: std::env::join_paths(&environment.search_path).ok(),
            instead_of: None,
        },
        local: LocalSettings {
            directory: environment.cache_dir.join("local"),
            supervisor: "/proc/self/exe".into(),
            environment: environment.toolchain.clone(),
            instead_of: None,
            held: None,
        },
        cluster: Box::new(cluster),
        in_container: environment.in_container,
    })
}

/// How the cluster is reached.
fn cluster(
    environment: &Environment,
    global: &GlobalArguments,
    configuration: &Configuration,
    client: &ClientSettings,
) -> Result<ClusterSettings, Failure> {
    let mut cluster = configuration.kubernetes.settings();
    if let Some(reference) = &global.registry {
        let place = RegistryPlace::try_from(reference.to_string());
        let refused = |reason| Failure::new(FailureKind::Usage, format!("--registry: {reason}"));
        cluster.registry = Some(place.map_err(refused)?.0);
    }
    if cluster.program.as_os_str().is_empty() {
        cluster.program = "/proc/self/exe".into();
    }
    cluster.kubeconfig.clone_from(&environment.kubeconfig);
    cluster.directory = environment.cache_dir.join("kubernetes");
    cluster.client = client.clone();
    cluster.stall = configuration.stall_timeout.map(|span| span.0);
    Ok(cluster)
}

fn connect_to(choice: EngineChoice, surroundings: Surroundings) -> Connect {
    Box::new(move || connect(choice, surroundings.clone()).boxed())
}
