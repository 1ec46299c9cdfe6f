//! Arguments of `kmembuild doctor`.

use clap::{Args, ValueEnum};

use super::format::Format;
use super::non_empty::non_empty;
use crate::recipe::TimeSpan;

/// What to examine.
#[derive(Debug, Args)]
pub struct DoctorArguments {
    /// Recipes that this host should be able to build; all recipes by default. Not with --only leak
    #[arg(value_name = "RECIPE", value_parser = non_empty())]
    pub recipes: Vec<String>,
    /// Answer only one of the two questions; use --only leak on a node that builds nothing
    #[arg(long, value_enum, value_name = "QUESTION")]
    pub only: Option<HalfChoice>,
    /// Show every check, also those that passed
    #[arg(long)]
    pub all: bool,
    /// Time limit for each mirror and source
    #[arg(long, value_name = "TIME", default_value = "5s")]
    pub timeout: TimeSpan,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// A question that the doctor answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum HalfChoice {
    /// Can this host build?
    Build,
    /// Does this host leak memory cgroups?
    Leak,
}
