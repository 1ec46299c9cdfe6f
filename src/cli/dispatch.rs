//! From the command line to its command.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::args::{
    CacheCommand, CommandLine, Format, GlobalArguments, KmemCommand, PlanFormat, RecipeCommandLine,
    ReleaseArguments, commands, parse_build,
};
use super::asked::{Asked, places};
use super::commands::{
    build, bundle, cache, clean, complete, completions, doctor, fleet, kmem, lock, man, node,
    node_script, plan, public_key, pull, push, recipes, release, repository, reproduce, rollout,
    verify, work,
};
use super::explain::explain;
use super::invocation::Invocation;
use super::output::usage;
use crate::build::{BuildError, check_temporary_directory};
use crate::environment::Environment;
use crate::failure::Failure;
use crate::library::{LibraryError, LoadedRecipe};
use crate::recipe::nearest;
use crate::release::recipe_directories as release_recipes;

/// Runs the command that the command line asks for.
///
/// # Errors
/// The [`Failure`] to show and to exit with.
pub async fn dispatch(
    asked: Asked,
    environment: &Environment,
    cancel: &CancellationToken,
) -> Result<(), Failure> {
    let Asked { cli, recipe } = asked;
    let (global, command) = (cli.global, cli.command);
    let invocation = |format| Invocation::new(environment, global.clone(), format, cancel);
    match command {
        CommandLine::Build(words) => {
            // The longest road of all: on the heap, what all commands share stays small.
            Box::pin(build_recipe(words, recipe, global, environment, cancel)).await
        }
        CommandLine::Plan {
            recipe: name,
            build,
            format,
        } => {
            let mut invocation = invocation(Format::Text)?;
            let known = recipe.into_iter();
            known.for_each(|loaded| invocation.workspace.know(&name, loaded));
            Box::pin(plan::run(&mut invocation, &name, &build, format)).await
        }
        CommandLine::Release(arguments) => {
            if !arguments.plan && !arguments.schema {
                check_temporary_directory()?;
            }
            // Stopped with the user's, and when one failed target is to stop the others.
            let stop = cancel.child_token();
            let invocation = Invocation::new(environment, global, arguments.format, &stop)?;
            Box::pin(make_release(invocation, arguments, cancel)).await
        }
        CommandLine::Bundle(arguments) => {
            let mut invocation = invocation(arguments.format)?;
            invocation.add_recipes_of(&release_recipes(&arguments.file)?);
            check_temporary_directory()?;
            Box::pin(bundle::run(invocation, &arguments)).await
        }
        CommandLine::Repository(arguments) => {
            repository::run(&invocation(arguments.format)?, &arguments)
        }
        CommandLine::Reproduce(arguments) => {
            let mut invocation = invocation(arguments.format)?;
            // Most likely it is the release of this directory. Its file is not what is asked about.
            let release = release_recipes(Path::new("release.yaml"));
            invocation.add_recipes_of(&release.unwrap_or_default());
            check_temporary_directory()?;
            Box::pin(reproduce::run(&invocation, &arguments)).await
        }
        CommandLine::Push(arguments) => push::run(&invocation(arguments.format)?, &arguments).await,
        CommandLine::Pull(arguments) => pull::run(&invocation(arguments.format)?, &arguments).await,
        CommandLine::Lock(arguments) => {
            let mut invocation = invocation(Format::Text)?;
            invocation.add_recipes_of(&release_recipes(&arguments.file)?);
            check_temporary_directory()?;
            Box::pin(lock::run(&invocation, &arguments)).await
        }
        CommandLine::Recipes(arguments) => {
            recipes::run(&invocation(arguments.format())?, &arguments)
        }
        CommandLine::PublicKey {
            file,
            minisign,
            openpgp,
            format,
        } => public_key::run(&invocation(format)?, &file, minisign, openpgp),
        CommandLine::Completions { shell } => completions::run(&invocation(Format::Text)?, shell),
        CommandLine::Complete { words } => complete::run(environment, &words, cancel),
        CommandLine::Work(arguments) => work::run(environment, &arguments, cancel).await,
        CommandLine::Man { dir } => man::run(&invocation(Format::Text)?, &dir),
        CommandLine::Verify(arguments) => {
            let invocation = invocation(arguments.format)?;
            if arguments.run {
                check_temporary_directory()?;
            }
            Box::pin(verify::run(&invocation, &arguments)).await
        }
        CommandLine::Doctor(arguments) => {
            let invocation = invocation(arguments.format)?;
            Box::pin(doctor::run(&invocation, &arguments)).await
        }
        CommandLine::Cache { action } => look_at_cache(&invocation(action.format())?, action).await,
        CommandLine::NodeScript(arguments) => node_script::run(environment, &arguments),
        CommandLine::Rollout(arguments) => rollout::run(environment, *arguments),
        // On a node there may be no folder for configuration, and no recipe is wanted.
        CommandLine::Node(arguments) => node::run(environment, &global, &arguments, cancel).await,
        CommandLine::Fleet(arguments) => fleet::run(environment, &global, &arguments, cancel).await,
        CommandLine::Kmem { action } => match action {
            KmemCommand::Status(arguments) => kmem::status::run(environment, &arguments),
            KmemCommand::Watch(arguments) => {
                kmem::watch::run(environment, &global, &arguments, cancel).await
            }
            KmemCommand::Report(arguments) => kmem::report::run(environment, &arguments),
            KmemCommand::Exhaust(arguments) => {
                kmem::exhaust::run(environment, &arguments, cancel).await
            }
        },
        CommandLine::Clean(arguments) => {
            clean::run(&invocation(arguments.format)?, &arguments).await
        }
    }
}

async fn make_release(
    mut invocation: Invocation<'_>,
    mut arguments: ReleaseArguments,
    cancel: &CancellationToken,
) -> Result<(), Failure> {
    if arguments.schema {
        return release::run(invocation, &arguments, cancel).await;
    }
    // The files of the bundle's release are there until it is made.
    let _unpacked = bundle::open(&mut invocation, &mut arguments)?;
    invocation.add_recipes_of(&release_recipes(&arguments.file)?);
    release::run(invocation, &arguments, cancel).await
}

async fn look_at_cache(invocation: &Invocation<'_>, action: CacheCommand) -> Result<(), Failure> {
    if let CacheCommand::Prune(_) | CacheCommand::Verify { .. } = action {
        invocation.workspace.claim_cache()?;
    }
    match action {
        CacheCommand::List { .. } => cache::list::run(invocation).await,
        CacheCommand::Show { key, .. } => cache::show::run(invocation, &key),
        CacheCommand::Verify {
            remove, dry_run, ..
        } => cache::verify::run(invocation, remove && !dry_run).await,
        CacheCommand::Prune(arguments) => cache::prune::run(invocation, &arguments).await,
    }
}

/// Runs `kmembuild RECIPE ...`.
async fn build_recipe(
    words: Vec<OsString>,
    loaded: Option<Arc<LoadedRecipe>>,
    global: GlobalArguments,
    environment: &Environment,
    cancel: &CancellationToken,
) -> Result<(), Failure> {
    let mut words = words.into_iter();
    let name = words.next().unwrap_or_default();
    let name = name.to_string_lossy().into_owned();
    let rest: Vec<_> = words.collect();
    // The recipe says which options there are, and an option may say where the recipe is.
    let loaded = if let Some(loaded) = loaded {
        loaded
    } else {
        let places = places(&global, &rest);
        let invocation = Invocation::new(environment, places, Format::Text, cancel)?;
        require_recipe(&invocation, &name)?
    };
    let parsed = parse_build(&name, &rest, &global, Some(&loaded.recipe));
    let RecipeCommandLine { recipe, global } = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return usage(&error),
    };
    // A plan is the one document on standard output.
    let of_events = if recipe.dry_run {
        Format::Text
    } else {
        recipe.format
    };
    let mut invocation = Invocation::new(environment, global, of_events, cancel)?;
    invocation.workspace.know(&name, loaded);
    if recipe.dry_run {
        let format = match recipe.format {
            Format::Text => PlanFormat::default(),
            Format::Json => PlanFormat::Json,
        };
        return plan::run(&mut invocation, &name, &recipe.build, format).await;
    }
    check_temporary_directory()?;
    build::run(&mut invocation, &name, &recipe.build).await
}

/// What people of other tools try, and what it is called here.
const CALLED_OTHERWISE: [(&str, &str); 8] = [
    (
        "build",
        "name what to build: `kmembuild runc --tag v1.0.0-rc10`",
    ),
    ("list", "use `kmembuild recipes list`"),
    ("show", "use `kmembuild recipes show`"),
    ("status", "use `kmembuild kmem status`"),
    ("watch", "use `kmembuild kmem watch`"),
    (
        "check",
        "use `kmembuild verify` for binaries, `kmembuild doctor` for this machine",
    ),
    ("version", "use `kmembuild --version`"),
    (
        "init",
        "begin with the files in examples/, or with `kmembuild release --schema`",
    ),
];

/// Refuses a word that is neither a command nor a recipe; help on it would promise what cannot be had.
fn require_recipe(invocation: &Invocation<'_>, name: &str) -> Result<Arc<LoadedRecipe>, Failure> {
    let error = match invocation.workspace.recipe(name) {
        Err(BuildError::Library(error @ LibraryError::Unknown { .. })) => error,
        Err(error) => return Err(error.into()),
        Ok(loaded) => return Ok(loaded),
    };
    let otherwise = CALLED_OTHERWISE.iter().find(|(word, _)| *word == name);
    let recipes = invocation.workspace.library.list();
    let recipes = recipes.into_iter().flatten().map(|entry| entry.name);
    let known: Vec<_> = commands().into_iter().chain(recipes).collect();
    let near = nearest(name, known.iter().map(String::as_str)).filter(|_| otherwise.is_none());
    let mut failure = explain(&error);
    failure.message = format!("there is no command or recipe `{name}`");
    if let Some(near) = near {
        failure.message += &format!("; did you mean `{near}`?");
    }
    if let Some((_, otherwise)) = otherwise {
        failure.hints.insert(0, (*otherwise).to_owned());
    }
    Err(failure)
}
