//! The command line: its arguments, and one file for each command.

mod args;
mod commands;
mod config;

pub use args::{BuildArguments, Cli, CommandLine, Format, parse};
pub use commands::{dispatch, reads_git, usage};
pub use config::Config;
