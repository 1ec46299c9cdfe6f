//! Arguments of a build, and of `kmembuild plan`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::non_empty::non_empty;
use crate::recipe::{
    Architecture, ByteSize, Cpus, DebianMirror, GoFlags, ImageName, Name, RegistryPrefix, TimeSpan,
};
use crate::verify::GlibcVersion;

/// What to build, and how.
#[derive(Debug, Clone, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "switches of the command line"
)]
pub struct BuildArguments {
    /// Tag or commit to build; tags with or without the leading v
    #[arg(long, visible_alias = "version", value_name = "TAG|COMMIT", value_parser = non_empty())]
    pub tag: Option<String>,
    /// Build what a node has, instead of a tag: its binary, which is run with --version; or a file or standard input (-)
    /// with the output of `runc --version`, `kubelet --version=raw` or `kubectl version -o json`
    #[arg(long, value_name = "FILE|-", conflicts_with = "tag")]
    pub like: Option<PathBuf>,
    /// Where to get the source instead of the recipe's URLs: a URL or a local repository; can be repeated, tried in order
    #[arg(long, value_name = "URL|PATH", value_parser = non_empty())]
    pub source: Vec<String>,
    /// Fetch the source even if the tag is already in the source store
    #[arg(long)]
    pub refresh: bool,
    /// Let a mirror or --source decide which commit a tag without a pin is; otherwise only upstream's own repository may
    #[arg(long)]
    pub unpinned: bool,
    /// Registry prefix to look for images under before their own registry; can be repeated, tried in order
    #[arg(long, value_name = "PREFIX")]
    pub mirror: Vec<RegistryPrefix>,
    /// How to get the toolchain image
    #[arg(long, value_enum, value_name = "WAY", conflicts_with = "image_archive")]
    pub image: Option<ImageChoice>,
    /// Name of a ready toolchain image in a registry
    #[arg(long, value_name = "NAME", conflicts_with = "image_archive")]
    pub image_name: Option<ImageName>,
    /// Toolchain image in a file written by `docker save`
    #[arg(long, value_name = "FILE")]
    pub image_archive: Option<PathBuf>,
    /// Mirror of Debian's archive for --image debian
    #[arg(long, value_name = "URL")]
    pub debian_mirror: Option<DebianMirror>,
    /// Architecture to build for, by Go's name; by default the engine's
    #[arg(long, value_name = "ARCH")]
    pub arch: Option<Architecture>,
    /// Options of upstream's build.
    #[command(flatten)]
    pub upstream: UpstreamArguments,
    /// Use of caches.
    #[command(flatten)]
    pub caches: CacheArguments,
    /// Build even if the version does not need such a build
    #[arg(long)]
    pub force: bool,
    /// Memory limit of the build container, e.g. 2GiB
    #[arg(long, value_name = "SIZE")]
    pub memory: Option<ByteSize>,
    /// Processor limit of the build container, e.g. 1.5
    #[arg(long, value_name = "N")]
    pub cpus: Option<Cpus>,
    /// Time limit for all steps together, e.g. 30m
    #[arg(long, value_name = "TIME")]
    pub timeout: Option<TimeSpan>,
    /// How long a mirror may send nothing before the next one is tried; 30s by default
    #[arg(long, value_name = "TIME")]
    pub stall_timeout: Option<TimeSpan>,
    /// Maximum number of compiler processes at a time
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub jobs: Option<u32>,
    /// Highest glibc version that the outputs may require, instead of the recipe's
    #[arg(long, value_name = "VERSION")]
    pub glibc_floor: Option<GlibcVersion>,
    /// Before publishing, also check the built runc or kubelet by running it, as `verify --run` does; if that is not
    /// possible here, only print a note
    #[arg(long)]
    pub verify_run: bool,
    /// Directory for the results
    #[arg(long, short, value_name = "DIR", default_value = "dist")]
    pub output: PathBuf,
    /// Keep the container of a failed step; with --via run-sh, everything that upstream's script makes
    #[arg(long)]
    pub keep: bool,
}

/// Use of caches.
#[derive(Debug, Clone, Args)]
pub struct CacheArguments {
    /// Build even if the cache has the result; the new result replaces it in the cache
    #[arg(long)]
    pub no_cache: bool,
    /// Fetch nothing: use source, images and results from the caches only. Containers keep the network access that the
    /// recipe gives them
    #[arg(long)]
    pub offline: bool,
}

/// Options of upstream's build, as far as the recipe supports them.
#[derive(Debug, Clone, Args)]
pub struct UpstreamArguments {
    /// What to build from the source, if the recipe has several targets, e.g. kubelet,kubeadm
    #[arg(long, value_name = "TARGET", value_delimiter = ',')]
    pub target: Vec<Name>,
    /// How to run upstream's build
    #[arg(long, value_enum, value_name = "WAY", default_value = "make")]
    pub via: ViaChoice,
    /// Link binaries statically
    #[arg(long = "static")]
    pub static_linked: bool,
    /// More flags for the Go commands, e.g. --goflags=-race; build tags are set by the recipe
    #[arg(long, value_name = "FLAGS", allow_hyphen_values = true)]
    pub goflags: Option<GoFlags>,
    /// Compile one package at a time, which needs less memory but takes longer
    #[arg(long)]
    pub low_memory: bool,
    /// Also publish everything else that the build makes, such as its code generators
    #[arg(long)]
    pub all_outputs: bool,
    /// Toolchain version to accept instead of upstream's, e.g. 1.15 or 1.15.15
    #[arg(long, value_name = "VERSION", value_parser = non_empty())]
    pub allow_toolchain: Option<String>,
}

/// A way to get the toolchain image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ImageChoice {
    /// A ready image from a registry
    Registry,
    /// Built with upstream's own Dockerfile, with its context repaired
    Upstream,
    /// A small image with only what the build needs
    Lean,
    /// Bootstrapped from Debian's signed archive with mmdebstrap
    Debian,
}

/// How upstream's build is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ViaChoice {
    /// With make, in the toolchain image; works on every engine
    Make,
    /// With upstream's own script, unmodified, in a container that drives the engine
    RunSh,
}
