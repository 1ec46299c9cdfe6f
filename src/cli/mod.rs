//! The command line: its arguments, one file for each command, and where errors become failures.

mod args;
mod commands;
mod dispatch;
mod explain;
mod invocation;
mod order;
mod output;

pub use args::{BuildArguments, Cli, CommandLine, command_with_recipes, parse};
pub use dispatch::{dispatch, left_to, may_end_anywhere, reads_git};
pub use output::usage;
