//! Arguments of `kmembuild clean`.

use clap::Args;

use super::format::Format;

/// What to remove.
#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "switches of the command line"
)]
pub struct CleanArguments {
    /// Also remove the compile caches, as `cache prune --caches` does
    #[arg(long, alias = "volumes")]
    pub caches: bool,
    /// Also remove the toolchain images that the tool made, as `cache prune --images` does
    #[arg(long)]
    pub images: bool,
    /// Also remove what runs of other machines made, even if their time is not over
    #[arg(long)]
    pub all: bool,
    /// Only show what would be removed
    #[arg(long)]
    pub dry_run: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}
