//! Arguments of `kmembuild doctor`.

use clap::{Args, ValueEnum};

use super::format::Format;
use super::given::given;
use crate::recipe::Span;

/// What the doctor looks at.
#[derive(Debug, Args)]
pub struct DoctorArguments {
    /// Recipes that it is to be able to build; all if none is named. Not with --only leak
    #[arg(value_name = "RECIPE", value_parser = given())]
    pub recipes: Vec<String>,
    /// Only one of the two questions; on a node that builds nothing, --only leak
    #[arg(long, value_enum, value_name = "QUESTION")]
    pub only: Option<HalfChoice>,
    /// Longest time for each mirror and source to answer
    #[arg(long, value_name = "TIME", default_value = "5s")]
    pub timeout: Span,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// One of the doctor's questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum HalfChoice {
    /// Can this host build?
    Build,
    /// Does this host leak memory cgroups?
    Leak,
}
