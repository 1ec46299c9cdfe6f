//! Arguments of a build, and of `kmembuild plan`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::given::given;
use crate::recipe::{Architecture, ByteSize, Cpus, GoFlags, ImageName, Name, TimeSpan};
use crate::verify::GlibcVersion;

/// What to build, and how.
#[derive(Debug, Clone, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "switches of the command line"
)]
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
    pub timeout: Option<TimeSpan>,
    /// Longest time without a byte from a mirror before the next is tried; 30s if not given
    #[arg(long, value_name = "TIME")]
    pub stall_timeout: Option<TimeSpan>,
    /// Most compiler processes at a time
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub jobs: Option<u32>,
    /// Highest version of the GNU C library that the outputs may need, instead of the recipe's
    #[arg(long, value_name = "VERSION")]
    pub glibc_floor: Option<GlibcVersion>,
    /// Judge the runc or kubelet that was built also by running it, as `verify --run` does, before it is published; a note
    /// where that cannot be shown
    #[arg(long)]
    pub verify_run: bool,
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
