//! Arguments of `kmembuild reproduce`.

use std::path::PathBuf;

use clap::Args;

use super::format::Format;
use super::given::given;
use crate::recipe::Span;

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
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}
