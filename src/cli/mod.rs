//! The command line: its arguments, one file for each command, and where errors become failures.

mod args;
mod asked;
mod commands;
mod completion;
mod dispatch;
mod dry_run;
mod explain;
mod invocation;
mod manual;
mod order;
mod output;

pub use args::{
    BuildArguments, Cli, CommandLine, GlobalOption, NamedRecipe, colour_choice,
    command_with_recipes, commands, global_options, long_name, parse,
};
pub use asked::Asked;
pub use dispatch::dispatch;
pub use manual::FILES;
pub use output::usage;
