//! Arguments of `kmembuild cache`.

use clap::{Args, Subcommand};

use super::format::Format;
use super::non_empty::non_empty;
use crate::recipe::{ByteSize, Name, TimeSpan};

/// What to do with the cache.
#[derive(Debug, Subcommand)]
pub enum CacheCommand {
    /// List the stored results, and the compile caches and images on the engine, with their sizes
    #[command(before_help = "Example: kmembuild cache list")]
    List {
        /// Output format
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Show what a result is, when it was built and from what
    #[command(before_help = "Example: kmembuild cache show 3f2a")]
    Show {
        /// Content key, or its beginning
        #[arg(value_parser = non_empty())]
        key: String,
        /// Output format
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Compare the files of all results with their digests; exit code 17 if one is damaged, even if it was removed
    #[command(before_help = "Example: kmembuild cache verify")]
    Verify {
        /// Remove damaged results; they are rebuilt on demand
        #[arg(long)]
        remove: bool,
        /// Only show what would be removed
        #[arg(long, requires = "remove")]
        dry_run: bool,
        /// Output format
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Remove the longest unused results until the rest is within the limit
    ///
    /// This frees disk space; to remove what killed runs left on the engine, use `kmembuild clean`. Whatever a running
    /// build uses stays.
    #[command(before_help = "Example: kmembuild cache prune --size 5GiB --dry-run")]
    Prune(PruneArguments),
}

impl CacheCommand {
    /// What the command prints.
    pub fn format(&self) -> Format {
        match self {
            Self::List { format } | Self::Show { format, .. } | Self::Verify { format, .. } => {
                *format
            }
            Self::Prune(arguments) => arguments.format,
        }
    }
}

/// What to remove.
#[derive(Debug, Args)]
pub struct PruneArguments {
    /// Maximum size of all results together, e.g. 2GiB, or 0 for none; by default `cache-size` of the configuration
    #[arg(long, value_name = "SIZE", value_parser = size_or_nothing)]
    pub size: Option<ByteSize>,
    /// Also remove results that were not used for this long, e.g. 30d
    #[arg(long, value_name = "TIME")]
    pub unused: Option<TimeSpan>,
    /// Also remove the compile caches on the engine, as `clean --caches` does
    #[arg(long, alias = "volumes")]
    pub caches: bool,
    /// Also remove the toolchain images that the tool made on the engine, as `clean --images` does
    #[arg(long)]
    pub images: bool,
    /// Only remove what belongs to this recipe; --size is then the limit for its results
    #[arg(long, value_name = "NAME")]
    pub recipe: Option<Name>,
    /// Only print what would be removed
    #[arg(long)]
    pub dry_run: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// A size, which may be 0.
fn size_or_nothing(text: &str) -> Result<ByteSize, String> {
    match text.trim() {
        "0" => Ok(ByteSize(0)),
        size => size.parse(),
    }
}
