//! The whole command line, as it is declared.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand};

use super::build::BuildArguments;
use super::cache::CacheCommand;
use super::clean::CleanArguments;
use super::colour::ColourWhen;
use super::doctor::DoctorArguments;
use super::engine::EngineOption;
use super::format::{Format, PlanFormat};
use super::headings::{GLOBAL, OUTPUT};
use super::kmem::KmemCommand;
use super::node::{FleetArguments, NodeArguments};
use super::node_script::NodeScriptArguments;
use super::non_empty::non_empty;
use super::recipes::RecipesArguments;
use super::registry::{PullArguments, PushArguments};
use super::release::{BundleArguments, LockArguments, ReleaseArguments};
use super::repository::RepositoryArguments;
use super::reproduce::ReproduceArguments;
use super::rollout::RolloutArguments;
use super::verify::VerifyArguments;
use super::work::WorkArguments;
use crate::transport::Reference;

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
    before_help = "Examples:\n  kmembuild runc --tag v1.0.0-rc10\n  kmembuild doctor\n  kmembuild verify /usr/bin/runc",
    disable_help_flag = true,
    disable_version_flag = true
)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub global: GlobalArguments,
    /// Print the version of kmembuild
    #[arg(short = 'V', long, action = ArgAction::Version, help_heading = GLOBAL)]
    pub version: Option<bool>,
    /// The command.
    #[command(subcommand)]
    pub command: CommandLine,
}

/// Options of many commands; [`global_options`] says of which.
#[derive(Debug, Clone, Args)]
pub struct GlobalArguments {
    /// Directory of your own recipes
    ///
    /// A recipe in it replaces the built-in one of the same name.
    #[arg(long, value_name = "DIR", global = true, help_heading = GLOBAL)]
    pub recipe_dir: Option<PathBuf>,
    /// Address of the container engine
    ///
    /// As in `DOCKER_HOST`: `unix:///path`, `tcp://host:port` or `ssh://user@host`; otherwise that of the docker command's
    /// context.
    #[arg(long, value_name = "URL", global = true, value_parser = non_empty(), help_heading = GLOBAL)]
    pub host: Option<String>,
    /// Engine: auto, docker, runtime, local, kubernetes
    ///
    /// `docker` is Docker or podman, `runtime` an OCI runtime without a daemon, `local` the container that kmembuild runs
    /// in, `kubernetes` a cluster that gets a Job for each target. `auto` is the engine that `--host`, `DOCKER_HOST`, the docker command's context or a socket names, where one
    /// answers; otherwise `local` if this is a container, and `runtime` if it is none.
    #[arg(long, value_name = "ENGINE", global = true, hide_possible_values = true, value_enum, help_heading = GLOBAL)]
    pub engine: Option<EngineOption>,
    /// Program of the engine runtime
    ///
    /// An OCI runtime such as crun, runc or youki; otherwise the first of these three on PATH.
    #[arg(long, value_name = "PATH", global = true, help_heading = GLOBAL)]
    pub runtime: Option<PathBuf>,
    /// Registry for the engine kubernetes: REGISTRY/PREFIX
    ///
    /// Inputs and results go through repositories below it.
    #[arg(long, value_name = "REF", global = true, help_heading = GLOBAL)]
    pub registry: Option<Reference>,
    /// Show the output of every step, and the evidence
    #[arg(short, long, global = true, conflicts_with = "quiet", help_heading = GLOBAL)]
    pub verbose: bool,
    /// Print only warnings, errors and the path of the result
    #[arg(short, long, global = true, help_heading = GLOBAL)]
    pub quiet: bool,
    /// Colours: auto, always or never
    #[arg(long, global = true, value_enum, value_name = "WHEN", hide_possible_values = true, help_heading = GLOBAL)]
    pub color: Option<ColourWhen>,
    /// Print this help
    #[arg(short, long, global = true, action = ArgAction::Help, help_heading = GLOBAL)]
    pub help: Option<bool>,
}

/// The commands. The help of each one begins with an example.
#[derive(Debug, Subcommand)]
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
        #[arg(long, value_enum, default_value_t, help_heading = OUTPUT)]
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
    Clean(CleanArguments),
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
    /// Write what brings published programs to many nodes, a few at a time: an Ansible playbook, a script for ssh, plans
    ///
    /// Nothing is carried out. Each of them drains a node, runs the script of `node-script`, reboots, checks and uncordons it,
    /// begins with a few nodes, and stops when too many fail. What is done is left alone by the next run.
    #[command(
        before_help = "Examples:\n  kmembuild rollout dist/runc/v1.0.0-rc10/linux-amd64 --nodes nodes.txt\n  kmembuild rollout dist/runc/v1.0.0-rc10/linux-amd64 --selector pool=old"
    )]
    Rollout(Box<RolloutArguments>),
    /// Build and publish everything in a release file
    #[command(before_help = "Example: kmembuild release release.yaml --sign-key release.key")]
    Release(ReleaseArguments),
    /// Make repositories for yum and apt from the packages of releases
    #[command(
        before_help = "Example: kmembuild repository dist --yum el7 --apt stable --package-key packages.key"
    )]
    Repository(RepositoryArguments),
    /// Push a result or a release to a registry or an OCI layout, after it was verified; oras and cosign can read it
    #[command(
        before_help = "Example: kmembuild push dist/runc/v1.0.0-rc10/linux-amd64 registry.example/team/runc"
    )]
    Push(PushArguments),
    /// Pull a result or a release from a registry or an OCI layout, and verify it as `kmembuild verify` does
    #[command(
        before_help = "Example: kmembuild pull registry.example/team/runc:v1.0.0-rc10 runc --key release.pub"
    )]
    Pull(PullArguments),
    /// Build a published result again from nothing, according to its plan, and compare
    #[command(before_help = "Example: kmembuild reproduce dist/runc/v1.0.0-rc10/linux-amd64")]
    Reproduce(ReproduceArguments),
    /// Write a lock file with the inputs of a release, for `release --locked`
    #[command(before_help = "Example: kmembuild lock release.yaml")]
    Lock(LockArguments),
    /// Put everything that a locked release needs into one file, for networks that reach nobody
    ///
    /// Sources, toolchain images, recipes, patches, the lock file and kmembuild itself, as an OCI image layout in a tar archive. There
    /// `kmembuild release --bundle FILE` makes the release of it.
    #[command(
        before_help = "Examples:\n  kmembuild bundle release.yaml -o closed.oci.tar\n  kmembuild bundle -o closed-2.oci.tar --since closed.oci.tar --split 4GiB\n  kmembuild release --bundle closed.oci.tar"
    )]
    Bundle(BundleArguments),
    /// Print the public key for a private key that signs releases, for those who verify them
    #[command(before_help = "Example: kmembuild public-key release.key")]
    PublicKey {
        /// Private or public key in PEM; with --openpgp, a key that gpg exported
        file: PathBuf,
        /// In the format of minisign's option -P; only for an Ed25519 key
        #[arg(long)]
        minisign: bool,
        /// The key that signs packages, as `rpm --import` and apt's Signed-By take it
        #[arg(long, conflicts_with = "minisign")]
        openpgp: bool,
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
    /// Print what the last word of a command line can be completed to, for the scripts of `completions`
    #[command(hide = true, before_help = "Example: kmembuild complete -- runc --ta")]
    Complete {
        /// The words after the program's name; the last one may be empty
        #[arg(last = true)]
        words: Vec<OsString>,
    },
    /// Do a piece of work in a pod, as the engine kubernetes asks for it
    #[command(
        hide = true,
        before_help = "Example: kmembuild work --input registry.example/builds/work@sha256:..."
    )]
    Work(WorkArguments),
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
#[command(no_binary_name = true, disable_help_flag = true)]
pub struct RecipeCommandLine {
    /// Options of a recipe.
    #[command(flatten)]
    pub recipe: RecipeArguments,
    /// Options of many commands.
    #[command(flatten)]
    pub global: GlobalArguments,
}

/// What to build, and the output format.
#[derive(Debug, Args)]
pub struct RecipeArguments {
    /// What to build.
    #[command(flatten)]
    pub build: BuildArguments,
    /// Print what would be done, and do nothing
    ///
    /// As `kmembuild plan` does.
    #[arg(long, help_heading = OUTPUT)]
    pub dry_run: bool,
    /// Output format
    ///
    /// With json, each event and then the result is one JSON document on a line of its own.
    #[arg(long, value_enum, default_value_t, help_heading = OUTPUT)]
    pub format: Format,
}
