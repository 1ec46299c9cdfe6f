//! The command line: its arguments, and one file for each command.

mod args;
mod commands;
mod config;

use std::ffi::OsString;

pub use args::{BuildArguments, Cli, CommandLine, Format, parse};
pub use commands::{dispatch, reads_git, usage};
pub use config::Config;

/// The command that cleans up after a run of this command line that was stopped at once.
pub fn left_to(arguments: &[OsString]) -> &'static str {
    match parse(arguments).map(|cli| cli.command) {
        Ok(CommandLine::Kmem { .. }) => "kmembuild kmem reproduce --cleanup",
        _ => "kmembuild clean",
    }
}
