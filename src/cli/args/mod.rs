//! The command line as clap parses it. Touches nothing else.

mod build;
mod cache;
mod command_line;
mod doctor;
mod format;
mod kmem;
mod node_script;
mod non_empty;
mod recipes;
mod release;
mod reproduce;
mod verify;

pub use build::{BuildArguments, CacheArguments, ImageChoice, ViaChoice};
pub use cache::{CacheCommand, PruneArguments};
pub use command_line::{
    Cli, CommandLine, GlobalArguments, RecipeCommandLine, command_with_recipes, commands, parse,
    parse_build,
};
pub use doctor::{DoctorArguments, HalfChoice};
pub use format::{Format, PlanFormat, StatusFormat};
pub use kmem::{ExhaustArguments, KmemCommand, ReportArguments, StatusArguments, WatchArguments};
pub use node_script::NodeScriptArguments;
pub use recipes::{RecipesArguments, RecipesCommand};
pub use release::{LockArguments, ReleaseArguments};
pub use reproduce::ReproduceArguments;
pub use verify::VerifyArguments;
