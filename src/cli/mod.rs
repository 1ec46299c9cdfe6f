//! The command line: its arguments, and one file for each command.

mod args;
mod commands;
mod config;

use std::ffi::OsString;

pub use args::{BuildArguments, Cli, CommandLine, Format, parse};
pub use commands::{dispatch, usage};
pub use config::Config;

/// Whether the command line asks for something that needs a source, and may fetch it. Not so where it is wrong.
pub fn needs_source(arguments: &[OsString]) -> bool {
    match parse(arguments).map(|cli| cli.command) {
        Ok(
            CommandLine::Plan { .. }
            | CommandLine::Release(_)
            | CommandLine::Lock(_)
            | CommandLine::Reproduce(_),
        ) => true,
        Ok(CommandLine::Build(words)) => !words.iter().any(|word| word == "--help" || word == "-h"),
        _ => false,
    }
}
