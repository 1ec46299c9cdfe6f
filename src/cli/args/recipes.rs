//! Arguments of `kmembuild recipes`.

use std::path::PathBuf;

use clap::Subcommand;

use super::format::Format;

/// What to do with recipes.
#[derive(Debug, Subcommand)]
pub enum RecipesCommand {
    /// List the recipes and where each comes from
    List {
        /// Output format
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
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

impl RecipesCommand {
    /// What the command prints.
    pub fn format(&self) -> Format {
        match self {
            Self::List { format } => *format,
            Self::Show { .. } | Self::Export { .. } | Self::Check { .. } => Format::Text,
        }
    }
}
