//! The whole command line, and how it is parsed.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use super::build::BuildArguments;
use super::cache::CacheCommand;
use super::doctor::DoctorArguments;
use super::format::{Format, PlanFormat};
use super::kmem::KmemCommand;
use super::node::{FleetArguments, NodeArguments};
use super::node_script::NodeScriptArguments;
use super::non_empty::non_empty;
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
    before_help = "Example: kmembuild runc --tag v1.0.0-rc10",
    after_help = "Every recipe is a command as well: use `kmembuild recipes list` to list the recipes, and `kmembuild \
                  RECIPE --help` for the options of a build."
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
    /// Directory of your own recipes; a recipe in it replaces the built-in one of the same name
    #[arg(long, value_name = "DIR", global = true)]
    pub recipe_dir: Option<PathBuf>,
    /// Address of the container engine, as in `DOCKER_HOST`; otherwise that of the docker command's context
    #[arg(long, value_name = "URL", global = true, value_parser = non_empty())]
    pub host: Option<String>,
    /// Show the output of every step
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub verbose: bool,
    /// Show only warnings and the result
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

/// The commands. The help of each one begins with an example.
#[derive(Debug, Subcommand)]
#[expect(
    clippy::large_enum_variant,
    reason = "made once, from the command line"
)]
pub enum CommandLine {
    /// Print what a build would do, without building
    #[command(before_help = "Example: kmembuild plan runc --tag v1.0.0-rc10")]
    Plan {
        /// Name of the recipe
        recipe: String,
        /// What to build.
        #[command(flatten)]
        build: BuildArguments,
        /// Output format
        #[arg(long, value_enum, default_value_t)]
        format: PlanFormat,
    },
    /// List, show, export and check recipes
    #[command(before_help = "Example: kmembuild recipes list")]
    Recipes(RecipesArguments),
    /// Check binaries (kernel-memory accounting, linkage, architecture, C library, version) or whole release directories
    #[command(before_help = "Example: kmembuild verify /usr/bin/runc /usr/bin/kubelet")]
    Verify(VerifyArguments),
    /// Check whether this host can build, and whether it leaks memory cgroups; exit code 1 if a check fails
    #[command(before_help = "Example: kmembuild doctor runc")]
    Doctor(DoctorArguments),
    /// Remove what killed runs left on the engine; to free disk space, use `kmembuild cache prune`
    #[command(before_help = "Example: kmembuild clean")]
    Clean {
        /// Also remove the compile caches, as `cache prune --volumes` does
        #[arg(long)]
        caches: bool,
        /// Also remove the toolchain images that the tool made, as `cache prune --images` does
        #[arg(long)]
        images: bool,
        /// Also remove what runs of other machines made, even if their time is not over
        #[arg(long)]
        all: bool,
        /// Output format
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// List, show, check and remove what is kept to save time: results, and compile caches and images on the engine
    #[command(before_help = "Example: kmembuild cache list")]
    Cache {
        /// What to do.
        #[command(subcommand)]
        action: CacheCommand,
    },
    /// Judge this node: kernel, programs, accounting and room in one answer
    ///
    /// Exit code 0 if it does not leak memory cgroups (cured, not affected), 3 if it leaks, 5 if it has to be rebooted, 4 if
    /// that could not be determined, and 1 if it does not leak, but nearly all memory cgroups are used.
    #[command(before_help = "Example: kmembuild node")]
    Node(NodeArguments),
    /// Compare many nodes by what `kmembuild node --format json` printed on them, the worst first
    ///
    /// The exit code is that of the worst node, as of `kmembuild node`: 3 if one leaks, else 5 if one has to be rebooted, else
    /// 4 if one is unknown, did not answer, or a document could not be read. Of two documents of one host the newer counts.
    #[command(before_help = "Example: kmembuild fleet nodes/")]
    Fleet(FleetArguments),
    /// Show whether this machine accounts kernel memory in cgroups, record the effect, and provoke the error of the leak
    #[command(before_help = "Example: kmembuild kmem status")]
    Kmem {
        /// What to do.
        #[command(subcommand)]
        action: KmemCommand,
    },
    /// Write a shell script that replaces runc and kubelet on a node with published ones, and can restore the old ones
    #[command(
        before_help = "Example: kmembuild node-script dist/runc/v1.0.0-rc10/linux-amd64 -o node.sh"
    )]
    NodeScript(NodeScriptArguments),
    /// Build and publish everything in a release file
    #[command(before_help = "Example: kmembuild release release.yaml --sign-key release.key")]
    Release(ReleaseArguments),
    /// Build a published result again from nothing, according to its plan, and compare
    #[command(before_help = "Example: kmembuild reproduce dist/runc/v1.0.0-rc10/linux-amd64")]
    Reproduce(ReproduceArguments),
    /// Write a lock file with the inputs of a release, for `release --locked`
    #[command(before_help = "Example: kmembuild lock release.yaml")]
    Lock(LockArguments),
    /// Print the public key for a private key that signs releases, for those who verify them
    #[command(before_help = "Example: kmembuild public-key release.key")]
    PublicKey {
        /// Private or public key in PEM
        file: PathBuf,
        /// In the format of minisign's option -P; only for an Ed25519 key
        #[arg(long)]
        minisign: bool,
        /// Output format
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Print the script with which a shell completes the command line
    #[command(before_help = "Example: source <(kmembuild completions bash)")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write the manual pages
    #[command(before_help = "Example: kmembuild man /usr/local/share/man/man1")]
    Man {
        /// Directory for the pages; created if necessary
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

/// What to build, and the output format.
#[derive(Debug, Args)]
pub struct RecipeArguments {
    /// What to build.
    #[command(flatten)]
    pub build: BuildArguments,
    /// Print what would be done, as `kmembuild plan` does, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// Parses the command line.
///
/// # Errors
/// Clap's error, which may also be the text of `--help` or `--version`.
pub fn parse(arguments: &[OsString]) -> Result<Cli, clap::Error> {
    // Of commands clap knows the help itself; a recipe is a command as well.
    if let [program, help, recipe] = arguments
        && help == "help"
        && !commands().iter().any(|command| recipe == command.as_str())
    {
        return Cli::try_parse_from([program, recipe, &"--help".into()]);
    }
    Cli::try_parse_from(arguments)
}

/// The names of all commands but those of recipes.
pub fn commands() -> Vec<String> {
    let command = Cli::command();
    let names = command.get_subcommands().map(clap::Command::get_name);
    names.chain(["help"]).map(str::to_owned).collect()
}

/// Parses the arguments after the name of a recipe; options before the name count as well.
///
/// # Errors
/// Clap's error.
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
    let command = RecipeCommandLine::command();
    command
        .before_help(format!("Example: kmembuild {name} --tag TAG"))
        .about(format!(
            "Build with the recipe {name}; use `kmembuild recipes show {name}` to print it"
        ))
}

/// The whole command line with the recipes as commands, for completions and manual pages. A recipe with the name of a
/// command is not among them: the command takes precedence.
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
            // The options for all commands come from the top level.
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
