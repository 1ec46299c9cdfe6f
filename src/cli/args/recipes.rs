//! Arguments of `kmembuild recipes`.

use std::path::PathBuf;

use clap::Subcommand;

/// What to do with recipes.
#[derive(Debug, Subcommand)]
pub enum RecipesCommand {
    /// List the recipes and where each comes from
    List,
    /// Show a recipe and where it comes from
    Show {
        /// Name of the recipe
        name: String,
    },
    /// Write a recipe and its patches to a folder, for changing
    Export {
        /// Name of the recipe
        name: String,
        /// The folder, made if it is not there
        dir: PathBuf,
    },
    /// Check a recipe file
    Check {
        /// The file; its patches are in the folder `patches` beside it
        file: PathBuf,
    },
}
