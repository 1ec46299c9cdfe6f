//! Arguments of `kmembuild recipes`.

use std::path::PathBuf;

use clap::Subcommand;

/// What to do with recipes.
#[derive(Debug, Subcommand)]
pub enum RecipesCommand {
    /// List the recipes and where each comes from
    #[command(before_help = "Example: kmembuild recipes list")]
    List,
    /// Show a recipe and where it comes from
    #[command(before_help = "Example: kmembuild recipes show runc")]
    Show {
        /// Name of the recipe
        name: String,
    },
    /// Write a recipe and its patches to a directory, to change them
    #[command(before_help = "Example: kmembuild recipes export runc recipes")]
    Export {
        /// Name of the recipe
        name: String,
        /// Directory; created if necessary
        dir: PathBuf,
    },
    /// Check a recipe file
    #[command(before_help = "Example: kmembuild recipes check recipes/runc.yaml")]
    Check {
        /// Recipe file; its patches are in the directory `patches` next to it
        file: PathBuf,
    },
}
