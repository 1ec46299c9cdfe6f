//! The command line as clap parses it. Touches nothing else.

mod build;
mod cache;
mod colour;
mod command_line;
mod doctor;
mod format;
mod global_options;
mod headings;
mod help;
mod kmem;
mod node;
mod node_script;
mod non_empty;
mod parse;
mod recipe_options;
mod recipes;
mod release;
mod reproduce;
mod verify;

pub use build::{BuildArguments, CacheArguments, ImageChoice, ViaChoice};
pub use cache::{CacheCommand, PruneArguments};
pub use colour::colour_choice;
pub use command_line::{Cli, CommandLine, GlobalArguments, RecipeCommandLine};
pub use doctor::{DoctorArguments, HalfChoice};
pub use format::{Format, PlanFormat, StatusFormat};
pub use global_options::{GlobalOption, global_options};
pub use help::{NamedRecipe, command_with_recipes, unmarked};
pub use kmem::{ExhaustArguments, KmemCommand, ReportArguments, StatusArguments, WatchArguments};
pub use node::{FleetArguments, NodeArguments};
pub use node_script::NodeScriptArguments;
pub use parse::{commands, parse, parse_build, recipe_dir_in};
pub use recipe_options::{image_ways, long_name};
pub use recipes::{RecipesArguments, RecipesCommand};
pub use release::{LockArguments, ReleaseArguments};
pub use reproduce::ReproduceArguments;
pub use verify::VerifyArguments;
