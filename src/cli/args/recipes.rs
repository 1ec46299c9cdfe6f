//! Arguments of `kmembuild recipes`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::format::Format;

/// What to do with recipes.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub struct RecipesArguments {
    /// Print the JSON schema of recipe files, and nothing else
    #[arg(long)]
    pub schema: bool,
    /// The action; a list of the recipes if none is given
    #[command(subcommand)]
    pub action: Option<RecipesCommand>,
}

/// Actions on recipes.
#[derive(Debug, Subcommand)]
pub enum RecipesCommand {
    /// List the recipes and where each comes from
    #[command(before_help = "Example: kmembuild recipes list")]
    List {
        /// Output format
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
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

impl RecipesArguments {
    /// What the command prints.
    pub fn format(&self) -> Format {
        match &self.action {
            Some(RecipesCommand::List { format }) => *format,
            _ => Format::Text,
        }
    }
}
