//! Arguments of a build, and of `kmembuild plan`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::headings::{FROM, LIMITS, OUTPUT, WHAT};
use super::non_empty::non_empty;
use crate::recipe::{
    Architecture, ByteSize, Cpus, DebianMirror, GoFlags, ImageDigest, ImageName, Name,
    RegistryPrefix, TimeSpan,
};
use crate::transport::CacheReference;
use crate::verify::GlibcVersion;

/// What to build, and how. The first line of each option is its help; the manual has the rest as well.
#[derive(Debug, Clone, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "switches of the command line"
)]
pub struct BuildArguments {
    /// Tag or commit to build
    ///
    /// Tags are accepted with or without the leading v. --version is another name of this option.
    #[arg(long, alias = "version", value_name = "TAG|COMMIT", value_parser = non_empty(), help_heading = WHAT)]
    pub tag: Option<String>,
    /// What a node has: its binary or its version
    ///
    /// In the place of a tag: the binary of a node, which is run with --version; or a file or standard input (-) with the
    /// output of `runc --version`, `kubelet --version=raw` or `kubectl version -o json`.
    #[arg(long, value_name = "FILE|-", conflicts_with = "tag", help_heading = WHAT)]
    pub like: Option<PathBuf>,
    /// Programs to build, e.g. kubelet,kubeadm
    ///
    /// For a recipe whose source has several programs.
    #[arg(long, value_name = "TARGET", value_delimiter = ',', help_heading = WHAT)]
    pub target: Vec<Name>,
    /// Architecture by Go's name; default: engine's
    #[arg(long, value_name = "ARCH", help_heading = WHAT)]
    pub arch: Option<Architecture>,
    /// Link binaries statically
    #[arg(long = "static", help_heading = WHAT)]
    pub static_linked: bool,
    /// Compile one package at a time
    ///
    /// This needs less memory, but takes longer.
    #[arg(long, help_heading = WHAT)]
    pub low_memory: bool,
    /// More flags for Go, e.g. --goflags=-race
    ///
    /// Build tags are set by the recipe.
    #[arg(long, value_name = "FLAGS", allow_hyphen_values = true, help_heading = WHAT)]
    pub goflags: Option<GoFlags>,
    /// Publish everything else that it makes, too
    ///
    /// Such as the code generators of Kubernetes.
    #[arg(long, help_heading = WHAT)]
    pub all_outputs: bool,
    /// Accept another toolchain, e.g. 1.15.15
    ///
    /// Version of the toolchain to accept instead of upstream's, whole or its first numbers, e.g. 1.15.
    #[arg(long, value_name = "VERSION", value_parser = non_empty(), help_heading = WHAT)]
    pub allow_toolchain: Option<String>,
    /// How to run upstream's build; default: make
    ///
    /// With make, in the toolchain image, which works on every engine; or with upstream's own script, unmodified, in a
    /// container that drives the engine.
    #[arg(
        long,
        value_enum,
        value_name = "make|run-sh",
        default_value = "make",
        hide_default_value = true,
        hide_possible_values = true,
        help_heading = WHAT
    )]
    pub via: ViaChoice,
    /// Newest glibc that the result may require
    ///
    /// Instead of the recipe's.
    #[arg(long, value_name = "VERSION", help_heading = WHAT)]
    pub glibc_floor: Option<GlibcVersion>,
    /// Build a version that needs no such build
    ///
    /// With --like also a vendor's version, from the tag of upstream that it derives from.
    #[arg(long, help_heading = WHAT)]
    pub force: bool,
    /// Repository or clone, instead of the recipe's
    ///
    /// A URL or a local repository. The option can be repeated; the places are tried in order.
    #[arg(long, value_name = "URL|PATH", value_parser = non_empty(), help_heading = FROM)]
    pub source: Vec<String>,
    /// Fetch the source again, even if it is stored
    #[arg(long, help_heading = FROM)]
    pub refresh: bool,
    /// Believe mirrors about a tag without a pin
    ///
    /// Without this option, only upstream's own repository decides which commit a tag without a pin is, and neither a mirror
    /// nor --source.
    #[arg(long, help_heading = FROM)]
    pub unpinned: bool,
    /// Registry prefix to look for images under first
    ///
    /// The option can be repeated; the prefixes are tried in order, before the image's own registry.
    #[arg(long, value_name = "PREFIX", help_heading = FROM)]
    pub mirror: Vec<RegistryPrefix>,
    /// Toolchain image: registry, upstream, lean, debian
    ///
    /// A ready image from a registry; built with upstream's own Dockerfile, with its context repaired; a small image with
    /// only what the build needs; or bootstrapped from Debian's signed archive with mmdebstrap. A recipe has some of them.
    #[arg(
        long,
        value_enum,
        value_name = "WAY",
        hide_possible_values = true,
        conflicts_with = "image_archive",
        help_heading = FROM
    )]
    pub image: Option<ImageChoice>,
    /// Ready toolchain image of this name, in a registry
    #[arg(long, value_name = "NAME", conflicts_with = "image_archive", help_heading = FROM)]
    pub image_name: Option<ImageName>,
    /// Toolchain image in a file from `docker save`
    #[arg(long, value_name = "FILE", help_heading = FROM)]
    pub image_archive: Option<PathBuf>,
    /// Digest of this container, with --engine local
    ///
    /// What identifies the image of the container that kmembuild runs in: `sha256:...` or `NAME@sha256:...`. Without it, what was
    /// built is published, but neither taken from nor put into the cache of results.
    #[arg(long, value_name = "ID", help_heading = FROM)]
    pub image_identity: Option<ImageDigest>,
    /// Mirror of Debian's archive for --image debian
    #[arg(long, value_name = "URL", help_heading = FROM)]
    pub debian_mirror: Option<DebianMirror>,
    /// How long a mirror may be silent; default: 30s
    ///
    /// A mirror that sends nothing for so long is left for the next one.
    #[arg(long, value_name = "TIME", help_heading = FROM)]
    pub stall_timeout: Option<TimeSpan>,
    /// Use of caches.
    #[command(flatten)]
    pub caches: CacheArguments,
    /// Memory of the build container, e.g. 2GiB
    #[arg(long, value_name = "SIZE", help_heading = LIMITS)]
    pub memory: Option<ByteSize>,
    /// Processors of the build container, e.g. 1.5
    #[arg(long, value_name = "N", help_heading = LIMITS)]
    pub cpus: Option<Cpus>,
    /// Time for all steps, e.g. 30m or 1800 (seconds)
    ///
    /// Time limit for all steps together, instead of the recipe's.
    #[arg(long, value_name = "TIME", help_heading = LIMITS)]
    pub timeout: Option<TimeSpan>,
    /// Refuse an engine that cannot cut the network
    ///
    /// Otherwise an engine that cannot keep steps from the network, although the recipe wants that, builds all the same, and the
    /// manifest says so.
    #[arg(long, help_heading = LIMITS)]
    pub require_no_network: bool,
    /// Refuse an engine that cannot keep limits
    ///
    /// Otherwise an engine that cannot keep the limits of a build builds all the same, and the manifest says so.
    #[arg(long, help_heading = LIMITS)]
    pub require_limits: bool,
    /// Compiler processes at a time
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = LIMITS)]
    pub jobs: Option<u32>,
    /// Directory for the results
    #[arg(long, short, value_name = "DIR", default_value = "dist", help_heading = OUTPUT)]
    pub output: PathBuf,
    /// Also run the result, and check what it writes
    ///
    /// Before publishing, the built runc or kubelet is run as `kmembuild verify --run` does it. Where that is not possible,
    /// a note says so.
    #[arg(long, help_heading = OUTPUT)]
    pub verify_run: bool,
    /// Sign the provenance with this private key
    ///
    /// Ed25519 or ECDSA P-256 in PEM. What goes into a shared cache (--cache-to) is signed with it as well.
    #[arg(long, value_name = "FILE", help_heading = OUTPUT)]
    pub sign_key: Option<PathBuf>,
    /// Keep the container of a failed step
    ///
    /// With --via run-sh, everything that upstream's script makes.
    #[arg(long, help_heading = OUTPUT)]
    pub keep: bool,
}

/// Use of caches.
#[derive(Debug, Clone, Args)]
pub struct CacheArguments {
    /// Build even if the cache has the result
    ///
    /// The new result replaces it in the cache.
    #[arg(long, help_heading = FROM)]
    pub no_cache: bool,
    /// Fetch nothing, use only the caches
    ///
    /// Source, images and results are taken from the caches only. Containers keep the network access that the recipe gives
    /// them.
    #[arg(long, help_heading = FROM)]
    pub offline: bool,
    /// Shared cache to take results from
    ///
    /// REGISTRY/REPOSITORY, or oci:DIR for a directory; the option can be repeated. Results are taken only when they are signed
    /// by a key of --cache-key, and are checked as any other. With --offline only directories are asked.
    #[arg(long, value_name = "REF", help_heading = FROM)]
    pub cache_from: Vec<CacheReference>,
    /// Shared cache to put results into
    ///
    /// REGISTRY/REPOSITORY, or oci:DIR for a directory, which is made; the option can be repeated. Results are signed with the
    /// key of --sign-key.
    #[arg(long, value_name = "REF", help_heading = FROM)]
    pub cache_to: Vec<CacheReference>,
    /// Public key whose results are taken
    ///
    /// In PEM. The option can be repeated: one of the keys must have signed a result of a shared cache.
    #[arg(long, value_name = "FILE", help_heading = FROM)]
    pub cache_key: Vec<PathBuf>,
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
