//! Arguments of `kmembuild reproduce`.

use std::path::PathBuf;

use clap::Args;

use super::format::Format;
use super::non_empty::non_empty;
use crate::recipe::{DebianMirror, RegistryPrefix, TimeSpan};

/// Which result to build again, and from where.
#[derive(Debug, Clone, Args)]
#[expect(clippy::struct_excessive_bools, reason = "four independent questions")]
pub struct ReproduceArguments {
    /// Manifest of a result, or its directory. The plan and the files of the result are next to the manifest; the commands
    /// of the plan are run
    #[arg(value_name = "MANIFEST|DIR")]
    pub manifest: PathBuf,
    /// If the toolchain image of the result is not available, use another one; the report says so
    #[arg(long)]
    pub any_image: bool,
    /// Run a plan in which upstream's script controls the engine. It can do everything on the engine's host: only for a
    /// result whose plan you trust
    #[arg(long)]
    pub allow_engine_access: bool,
    /// Where to get the source instead of the recipe's and the manifest's URLs; can be repeated, tried in order
    #[arg(long, value_name = "URL|PATH", value_parser = non_empty())]
    pub source: Vec<String>,
    /// Registry prefix to look for images under first; can be repeated, tried in order
    #[arg(long, value_name = "PREFIX")]
    pub mirror: Vec<RegistryPrefix>,
    /// Toolchain image in a file written by `docker save`
    #[arg(long, value_name = "FILE")]
    pub image_archive: Option<PathBuf>,
    /// Mirror of Debian's archive, for an image made of Debian's packages
    #[arg(long, value_name = "URL")]
    pub debian_mirror: Option<DebianMirror>,
    /// Fetch nothing: use the source and the image from the caches only
    #[arg(long)]
    pub offline: bool,
    /// How long a mirror may send nothing before the next one is tried; 30s by default
    #[arg(long, value_name = "TIME")]
    pub stall_timeout: Option<TimeSpan>,
    /// Keep the build, its log and the report in this directory, which must be empty or not exist
    #[arg(long, short, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Keep the container of a failed step
    #[arg(long)]
    pub keep: bool,
    /// Only show the plan by which it would be built again
    #[arg(long)]
    pub dry_run: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}
