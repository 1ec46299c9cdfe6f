//! The command line: its arguments, and one file for each command.

mod args;
mod commands;
mod config;

use std::ffi::OsString;

use args::KmemCommand;
pub use args::{BuildArguments, Cli, CommandLine, Format, command_with_recipes, parse};
pub use commands::{dispatch, reads_git, usage};
pub use config::Config;

/// The command that cleans up after a run of this command line that was stopped at once; none where it leaves nothing.
pub fn left_to(arguments: &[OsString]) -> Option<&'static str> {
    match parse(arguments).map(|cli| cli.command) {
        Ok(CommandLine::Kmem {
            action: KmemCommand::Reproduce(_),
        }) => Some("kmembuild kmem reproduce --cleanup"),
        Ok(CommandLine::Kmem { .. } | CommandLine::Doctor(_)) => None,
        _ => Some("kmembuild clean"),
    }
}
