//! The whole command line, and how it is read.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use super::build::BuildArguments;
use super::cache::CacheCommand;
use super::doctor::DoctorArguments;
use super::format::{Format, PlanFormat};
use super::given::given;
use super::kmem::KmemCommand;
use super::node_script::NodeScriptArguments;
use super::recipes::RecipesArguments;
use super::release::{LockArguments, ReleaseArguments};
use super::reproduce::ReproduceArguments;
use super::verify::VerifyArguments;

/// Builds runc and kubelet without cgroup kernel-memory accounting, and proves it in the binaries.
#[derive(Debug, Parser)]
#[command(
    name = "kmembuild",
    version,
    about,
    subcommand_required = true,
    arg_required_else_help = true
)]
#[command(
    after_help = "Recipes are commands, too:  kmembuild runc --tag v1.0.0-rc10\n\
    `kmembuild recipes list` shows all of them, `kmembuild RECIPE --help` what can be said to one."
)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub global: GlobalArguments,
    /// The command.
    #[command(subcommand)]
    pub command: CommandLine,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub struct GlobalArguments {
    /// Folder of your own recipes; one replaces the built-in recipe of the same name as a whole
    #[arg(long, value_name = "DIR", global = true)]
    pub recipe_dir: Option<PathBuf>,
    /// Address of the container engine, as in `DOCKER_HOST`
    #[arg(long, value_name = "URL", global = true, value_parser = given())]
    pub host: Option<String>,
    /// Show the output of every step
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub verbose: bool,
    /// Show warnings and the result only
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
#[expect(
    clippy::large_enum_variant,
    reason = "made once, from the command line"
)]
pub enum CommandLine {
    /// Print what a build would do, without doing it: kmembuild plan runc --tag v1.0.0-rc10
    Plan {
        /// Name of the recipe
        recipe: String,
        /// What to build
        #[command(flatten)]
        build: BuildArguments,
        /// Output format
        #[arg(long, value_enum, default_value_t)]
        format: PlanFormat,
    },
    /// List, show, export and check recipes
    Recipes(RecipesArguments),
    /// Check binaries: kernel-memory accounting, linkage, architecture, C library, version; or a whole release folder
    Verify(VerifyArguments),
    /// Look whether this host can build, and whether it leaks memory cgroups; exit code 1 when something fails
    Doctor(DoctorArguments),
    /// Remove from the engine what killed runs left there; to make room, see `kmembuild cache prune`
    Clean {
        /// Remove the compile caches as well, as `cache prune --volumes` does
        #[arg(long)]
        caches: bool,
        /// Remove the toolchain images that the tool made as well, as `cache prune --images` does
        #[arg(long)]
        images: bool,
        /// Remove also what other machines' runs made whose time is not up
        #[arg(long)]
        all: bool,
        /// Output format
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// List, show, check and remove what is kept to save time: results, and on the engine compile caches and images
    Cache {
        /// What to do with it
        #[command(subcommand)]
        action: CacheCommand,
    },
    /// Tell whether this machine accounts kernel memory in cgroups, watch what comes of it, and show the error of the leak
    Kmem {
        /// What to do
        #[command(subcommand)]
        action: KmemCommand,
    },
    /// Write a shell script that replaces runc and kubelet on a node by published ones, and puts the old ones back
    NodeScript(NodeScriptArguments),
    /// Build and publish everything that a release file names: kmembuild release release.yaml
    Release(ReleaseArguments),
    /// Build a published result again from nothing, by its plan, and compare: kmembuild reproduce dist/.../manifest.json
    Reproduce(ReproduceArguments),
    /// Write down what the inputs of a release are, for `release --locked`
    Lock(LockArguments),
    /// Print the public half of a key that releases are signed with, for those who check them
    PublicKey {
        /// The private or the public key, in PEM
        file: PathBuf,
        /// In minisign's form, as its option -P takes it; for an Ed25519 key
        #[arg(long)]
        minisign: bool,
        /// Output format
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Print what a shell needs to complete the command line: source <(kmembuild completions bash)
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write the manual pages
    Man {
        /// The folder, made if it is not there
        dir: PathBuf,
    },
    /// The name of a recipe, with the arguments of a build.
    #[command(external_subcommand)]
    Build(Vec<OsString>),
}

/// `kmembuild RECIPE ...`: the arguments after a recipe's name.
#[derive(Debug, Parser)]
#[command(no_binary_name = true)]
pub struct RecipeCommandLine {
    /// Options of every command.
    #[command(flatten)]
    pub global: GlobalArguments,
    /// Options of a recipe.
    #[command(flatten)]
    pub recipe: RecipeArguments,
}

/// What to build, and in which form to print what comes of it.
#[derive(Debug, Args)]
pub struct RecipeArguments {
    /// What to build.
    #[command(flatten)]
    pub build: BuildArguments,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// Reads the command line.
///
/// # Errors
/// What clap says, which may also be the text of `--help` or `--version`.
pub fn parse(arguments: &[OsString]) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(arguments)
}

/// Reads the arguments after the name of a recipe; options before the name count as well.
///
/// # Errors
/// What clap says.
pub fn parse_build(
    name: &str,
    arguments: &[OsString],
    before: &GlobalArguments,
) -> Result<RecipeCommandLine, clap::Error> {
    let full_name = format!("kmembuild {name}");
    let command = recipe_command(name)
        .name(full_name.clone())
        .bin_name(full_name);
    let mut read = RecipeCommandLine::from_arg_matches(&command.try_get_matches_from(arguments)?)?;
    let after = read.global;
    read.global = GlobalArguments {
        recipe_dir: after.recipe_dir.or_else(|| before.recipe_dir.clone()),
        host: after.host.or_else(|| before.host.clone()),
        verbose: after.verbose || before.verbose,
        quiet: after.quiet || before.quiet,
    };
    Ok(read)
}

fn recipe_command(name: &str) -> clap::Command {
    RecipeCommandLine::command().about(format!(
        "Build with the recipe {name} (`kmembuild recipes show {name}` prints it)"
    ))
}

/// The whole command line with the recipes as commands, for completions and manual pages. A recipe that has the name
/// of a command can only be had by other words, so it is not among them.
pub fn command_with_recipes(recipes: &[String]) -> clap::Command {
    let known: Vec<String> = recipes.to_vec();
    let names = move |argument: clap::Arg| {
        argument.value_parser(clap::builder::PossibleValuesParser::new(known.clone()))
    };
    let shown = names.clone();
    let exported = names.clone();
    let mut command = Cli::command()
        .mut_subcommand("plan", |plan| plan.mut_arg("recipe", names))
        .mut_subcommand("recipes", |recipes| {
            recipes
                .mut_subcommand("show", |show| show.mut_arg("name", shown))
                .mut_subcommand("export", |export| {
                    // clap moves a changed argument behind the others, so the directory is moved behind it again.
                    let export = export.mut_arg("name", exported);
                    export.mut_arg("dir", |dir| dir)
                })
        });
    for name in recipes {
        if command.find_subcommand(name).is_none() {
            // The options of every command come down from the top.
            let arguments = RecipeArguments::augment_args(clap::Command::new(name.clone()));
            let about = recipe_command(name).get_about().cloned();
            command = command.subcommand(arguments.about(about.unwrap_or_default()));
        }
    }
    command
}

#[cfg(test)]
mod tests {
    use super::Cli;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
