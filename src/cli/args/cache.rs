//! Arguments of `kmembuild cache`.

use clap::{Args, Subcommand};

use super::format::Format;
use super::given::given;
use crate::recipe::{ByteSize, Name, Span};

/// What to do with what is kept to save time.
#[derive(Debug, Subcommand)]
pub enum CacheCommand {
    /// List the results that are kept, and the compile caches and images on the engine, with their sizes
    List {
        /// Output format
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Show what a result is, when it was built and from what
    Show {
        /// Content key, or its beginning
        #[arg(value_parser = given())]
        key: String,
        /// Output format
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Hold the files of all results against their digests; exit code 17 when one is damaged, removed or not
    Verify {
        /// Remove damaged results; they are built again when they are wanted
        #[arg(long)]
        remove: bool,
        /// Output format
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Remove the results that were not used for the longest time, until the rest is within its limit
    ///
    /// It makes room; what killed runs left on the engine is removed by `kmembuild clean`. What a live run works with
    /// stays.
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
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// A size, which may be none at all.
fn size_or_nothing(text: &str) -> Result<ByteSize, String> {
    match text.trim() {
        "0" => Ok(ByteSize(0)),
        size => size.parse(),
    }
}
