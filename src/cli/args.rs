//! The command line, as clap reads it. Touches nothing else.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use crate::recipe::{Architecture, ByteSize, Cpus, GoFlags, ImageName, Name, Span};
use crate::verify::GlibcVersion;

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
    /// Form of what is printed on standard output
    #[arg(long, value_enum, value_name = "FORMAT", global = true)]
    pub format: Option<Format>,
}

/// Form of what is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON document, or one an event a line.
    Json,
    /// YAML (plans only).
    Yaml,
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
    },
    /// List, show, export and check recipes
    Recipes {
        /// What to do with them
        #[command(subcommand)]
        action: RecipesCommand,
    },
    /// Check binaries: kernel-memory accounting, linkage, architecture, C library, version; or a whole release folder
    Verify(VerifyArguments),
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
    },
    /// List, show, check and remove what is kept to save time: results, and on the engine compile caches and images
    Cache {
        /// What to do with it
        #[command(subcommand)]
        action: CacheCommand,
    },
    /// Build and publish everything that a release file names: kmembuild release release.yaml
    Release(ReleaseArguments),
    /// Build a published result again from nothing, by its plan, and compare: kmembuild reproduce dist/.../manifest.json
    Reproduce(ReproduceArguments),
    /// Write down what the inputs of a release are, for `release --locked`
    Lock(LockArguments),
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

/// What to do with recipes.
#[derive(Debug, Subcommand)]
pub enum RecipesCommand {
    /// List the recipes and where each comes from
    List,
    /// Show a recipe and where it comes from
    Show {
        /// Name of the recipe
        name: String,
    },
    /// Write a recipe and its patches to a folder, for changing
    Export {
        /// Name of the recipe
        name: String,
        /// The folder, made if it is not there
        dir: PathBuf,
    },
    /// Check a recipe file
    Check {
        /// The file; its patches are in the folder `patches` beside it
        file: PathBuf,
    },
}

/// What to do with what is kept to save time.
#[derive(Debug, Subcommand)]
pub enum CacheCommand {
    /// List the results that are kept, and the compile caches and images on the engine, with their sizes
    List,
    /// Show what a result is, when it was built and from what
    Show {
        /// Content key, or its beginning
        #[arg(value_parser = given())]
        key: String,
    },
    /// Hold the files of all results against their digests; exit code 17 when one is damaged, removed or not
    Verify {
        /// Remove damaged results; they are built again when they are wanted
        #[arg(long)]
        remove: bool,
    },
    /// Remove the results that were not used for the longest time, until the rest is within its limit
    ///
    /// It makes room; what killed runs left on the engine is removed by `kmembuild clean`. What a live run works with
    /// stays.
    Prune(PruneArguments),
}

/// What is to go.
#[derive(Debug, Args)]
pub struct PruneArguments {
    /// Most that the results may take together, e.g. 2GiB, or 0 for none; `cache-size` of the configuration if not given
    #[arg(long, value_name = "SIZE", value_parser = size_or_nothing)]
    pub size: Option<ByteSize>,
    /// Remove also results that were not used for that long, e.g. 30d
    #[arg(long, value_name = "TIME")]
    pub unused: Option<Span>,
    /// Remove the compile caches on the engine, as `clean --caches` does
    #[arg(long)]
    pub volumes: bool,
    /// Remove the toolchain images that the tool made on the engine, as `clean --images` does
    #[arg(long)]
    pub images: bool,
    /// Only what is of this recipe; --size is for its results then
    #[arg(long, value_name = "NAME")]
    pub recipe: Option<Name>,
    /// Only tell what would be removed
    #[arg(long)]
    pub dry_run: bool,
}

/// What `verify` holds binaries and releases to.
#[derive(Debug, Args)]
pub struct VerifyArguments {
    /// Binaries; or folders of releases or of single results, which are held against all that is written down in them
    #[arg(required = true, value_name = "FILE|DIR")]
    pub files: Vec<PathBuf>,
    /// Public key that results must be signed with, in PEM; one of them where it is given several times
    #[arg(long, value_name = "FILE")]
    pub key: Vec<PathBuf>,
    /// Highest version of the GNU C library that they may need
    #[arg(long, value_name = "VERSION", default_value = "2.17")]
    pub glibc_floor: GlibcVersion,
    /// Architecture that they must be for, in Go's terms
    #[arg(long, value_name = "ARCH")]
    pub arch: Option<Architecture>,
    /// They must be statically linked
    #[arg(long = "static")]
    pub static_linked: bool,
    /// Do not run them with --version
    #[arg(long)]
    pub no_run: bool,
}

/// Which release, and how.
#[derive(Debug, Clone, Args)]
#[expect(clippy::struct_excessive_bools, reason = "switches of a command line")]
pub struct ReleaseArguments {
    /// The release file
    #[arg(value_name = "FILE", default_value = "release.yaml")]
    pub file: PathBuf,
    /// Print the JSON schema of release files, and nothing else
    #[arg(long)]
    pub schema: bool,
    /// Print what would be built, what is built already and what is not needed, without doing it
    #[arg(long)]
    pub plan: bool,
    /// Only targets whose name (RECIPE/VERSION/ARCH) fits, e.g. 'runc/*'
    #[arg(long, value_name = "GLOB", value_parser = given())]
    pub only: Vec<String>,
    /// Most builds at a time; as many as the engine's processors and memory allow if not given
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub jobs: Option<u32>,
    /// Go on with the other targets when one fails; so it is anyway
    #[arg(long, conflicts_with = "fail_fast")]
    pub keep_going: bool,
    /// Stop the other targets when one fails
    #[arg(long)]
    pub fail_fast: bool,
    /// Refuse inputs that are not those of kmembuild.lock beside the file; so it is where CI is set
    #[arg(long)]
    pub locked: bool,
    /// Do not look at kmembuild.lock, not even where CI is set
    #[arg(long, conflicts_with = "locked")]
    pub unlocked: bool,
    /// Sign the provenance with this private key, an ed25519 or ECDSA P-256 one in a PEM file
    #[arg(long, value_name = "FILE")]
    pub sign_key: Option<PathBuf>,
    /// Folder for the results, instead of the file's
    #[arg(long, short, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// What may be taken from where.
    #[command(flatten)]
    pub caches: CacheArguments,
}

/// What to write into a lock file.
#[derive(Debug, Clone, Args)]
pub struct LockArguments {
    /// The release file; kmembuild.lock is written beside it
    #[arg(value_name = "FILE", default_value = "release.yaml")]
    pub file: PathBuf,
    /// Only this input: the name of a recipe, a version, a patch or an image. All others stay as they are locked
    #[arg(long, value_name = "NAME", value_parser = given())]
    pub update: Vec<String>,
}

impl LockArguments {
    /// The whole release that is locked.
    pub fn as_release(&self) -> ReleaseArguments {
        ReleaseArguments {
            file: self.file.clone(),
            schema: false,
            plan: true,
            only: Vec::new(),
            jobs: None,
            keep_going: false,
            fail_fast: false,
            locked: false,
            unlocked: true,
            sign_key: None,
            output: None,
            caches: CacheArguments {
                no_cache: false,
                offline: false,
            },
        }
    }
}

/// Which result to build again, and from where.
#[derive(Debug, Clone, Args)]
pub struct ReproduceArguments {
    /// The manifest of a result, or the folder that it is in. The result's plan and files are beside it; the commands of
    /// the plan are run
    #[arg(value_name = "MANIFEST|DIR")]
    pub manifest: PathBuf,
    /// Go on with another toolchain image where the one of the result is not to be had; the report says so
    #[arg(long)]
    pub any_image: bool,
    /// Where to get the source, instead of the recipe's URLs and the manifest's; tried in order
    #[arg(long, value_name = "URL|PATH", value_parser = given())]
    pub source: Vec<String>,
    /// Registry prefix to look for images under before anywhere else; tried in order
    #[arg(long, value_name = "PREFIX", value_parser = given())]
    pub mirror: Vec<String>,
    /// The toolchain image in a file that `docker save` wrote
    #[arg(long, value_name = "FILE")]
    pub image_archive: Option<PathBuf>,
    /// Mirror of Debian's archive for an image that is made of Debian's packages
    #[arg(long, value_name = "URL", value_parser = given())]
    pub debian_mirror: Option<String>,
    /// Take nothing from the network: the source and the image are in the caches
    #[arg(long)]
    pub offline: bool,
    /// Longest time without a byte from a mirror before the next is tried; 30s if not given
    #[arg(long, value_name = "TIME")]
    pub stall_timeout: Option<Span>,
    /// Keep what was built, its log and the report in this folder, which must be empty or not there
    #[arg(long, short, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Keep the container of a failed step
    #[arg(long)]
    pub keep: bool,
}

/// What to build, and how.
#[derive(Debug, Clone, Args)]
pub struct BuildArguments {
    /// Tag or commit to build, tags with or without the leading v
    #[arg(long, visible_alias = "version", value_name = "TAG|COMMIT", value_parser = given())]
    pub tag: Option<String>,
    /// What a node has, instead of a tag: its binary, which is run with --version; or a file or standard input (-) with
    /// what `runc --version`, `kubelet --version=raw` or `kubectl version -o json` prints
    #[arg(long, value_name = "FILE|-", conflicts_with = "tag")]
    pub like: Option<PathBuf>,
    /// Where to get the source, instead of the recipe's URLs; tried in order. A local repository works, too
    #[arg(long, value_name = "URL|PATH", value_parser = given())]
    pub source: Vec<String>,
    /// Fetch the source even if the tag is in the store already
    #[arg(long)]
    pub refresh: bool,
    /// Registry prefix to look for images under before their own registry; tried in order
    #[arg(long, value_name = "PREFIX", value_parser = given())]
    pub mirror: Vec<String>,
    /// Way to the toolchain image
    #[arg(long, value_enum, value_name = "WAY", conflicts_with = "image_archive")]
    pub image: Option<ImageChoice>,
    /// A ready toolchain image from a registry, by name
    #[arg(long, value_name = "NAME", conflicts_with = "image_archive")]
    pub image_name: Option<ImageName>,
    /// A toolchain image in a file that `docker save` wrote
    #[arg(long, value_name = "FILE")]
    pub image_archive: Option<PathBuf>,
    /// Mirror of Debian's archive for --image debian
    #[arg(long, value_name = "URL", value_parser = given())]
    pub debian_mirror: Option<String>,
    /// Architecture to build for, in Go's terms; the engine's own if not given
    #[arg(long, value_name = "ARCH")]
    pub arch: Option<Architecture>,
    /// What to ask of upstream's build.
    #[command(flatten)]
    pub upstream: UpstreamArguments,
    /// What may be taken from where.
    #[command(flatten)]
    pub caches: CacheArguments,
    /// Build also a version that needs no such build
    #[arg(long)]
    pub force: bool,
    /// Most memory of the build container, e.g. 2GiB
    #[arg(long, value_name = "SIZE")]
    pub memory: Option<ByteSize>,
    /// Processors of the build container, e.g. 1.5
    #[arg(long, value_name = "N")]
    pub cpus: Option<Cpus>,
    /// Longest time of all the steps together, e.g. 30m
    #[arg(long, value_name = "TIME")]
    pub timeout: Option<Span>,
    /// Longest time without a byte from a mirror before the next is tried; 30s if not given
    #[arg(long, value_name = "TIME")]
    pub stall_timeout: Option<Span>,
    /// Most compiler processes at a time
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub jobs: Option<u32>,
    /// Highest version of the GNU C library that the outputs may need, instead of the recipe's
    #[arg(long, value_name = "VERSION")]
    pub glibc_floor: Option<GlibcVersion>,
    /// Folder for the results
    #[arg(long, short, value_name = "DIR", default_value = "dist")]
    pub output: PathBuf,
    /// Keep the container of a failed step; with --via run-sh, all that upstream's script makes
    #[arg(long)]
    pub keep: bool,
}

/// What may be taken from where.
#[derive(Debug, Clone, Args)]
pub struct CacheArguments {
    /// Build also what the cache has a result of; the new result takes its place there
    #[arg(long)]
    pub no_cache: bool,
    /// Take nothing from the network: source, images and results come from the caches. Containers keep the network that
    /// the recipe gives them
    #[arg(long)]
    pub offline: bool,
}

/// What to ask of upstream's build, as far as the recipe knows how.
#[derive(Debug, Clone, Args)]
pub struct UpstreamArguments {
    /// What to build of the source, where the recipe knows several targets, e.g. kubelet,kubeadm
    #[arg(long, value_name = "TARGET", value_delimiter = ',')]
    pub target: Vec<Name>,
    /// How to run upstream's build
    #[arg(long, value_enum, value_name = "WAY", default_value = "make")]
    pub via: ViaChoice,
    /// Statically linked binaries
    #[arg(long = "static")]
    pub static_linked: bool,
    /// Further flags for the Go commands, e.g. --goflags=-race; build tags are the recipe's
    #[arg(long, value_name = "FLAGS", allow_hyphen_values = true)]
    pub goflags: Option<GoFlags>,
    /// Compile one package at a time, which takes less memory and more time
    #[arg(long)]
    pub low_memory: bool,
    /// Take out everything that the build makes, such as its code generators
    #[arg(long)]
    pub all_outputs: bool,
    /// Toolchain version to accept instead of upstream's, e.g. 1.15 or 1.15.15
    #[arg(long, value_name = "VERSION", value_parser = given())]
    pub allow_toolchain: Option<String>,
}

/// A size, which may be none at all.
fn size_or_nothing(text: &str) -> Result<ByteSize, String> {
    match text.trim() {
        "0" => Ok(ByteSize(0)),
        size => size.parse(),
    }
}

/// Refuses an empty text: it comes from a variable of a script that is not set.
fn given() -> clap::builder::NonEmptyStringValueParser {
    clap::builder::NonEmptyStringValueParser::new()
}

/// A way to the toolchain image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ImageChoice {
    /// A ready image from a registry
    Registry,
    /// Upstream's own Dockerfile, its context repaired
    Upstream,
    /// A small image with just what the build needs
    Lean,
    /// Bootstrapped from Debian's signed archive by mmdebstrap
    Debian,
}

/// How upstream's build is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ViaChoice {
    /// Its make, in the toolchain image; works on every engine
    Make,
    /// Its own script, unmodified, in a container that drives the engine
    RunSh,
}

/// `kmembuild RECIPE ...`: the arguments after a recipe's name.
#[derive(Debug, Parser)]
#[command(no_binary_name = true)]
pub struct RecipeCommandLine {
    /// Options of every command.
    #[command(flatten)]
    pub global: GlobalArguments,
    /// What to build.
    #[command(flatten)]
    pub build: BuildArguments,
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
        format: after.format.or(before.format),
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
                .mut_subcommand("export", |export| export.mut_arg("name", exported))
        });
    for name in recipes {
        if command.find_subcommand(name).is_none() {
            // The options of every command come down from the top.
            let build = BuildArguments::augment_args(clap::Command::new(name.clone()));
            let about = recipe_command(name).get_about().cloned();
            command = command.subcommand(build.about(about.unwrap_or_default()));
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
