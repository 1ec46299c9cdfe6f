//! The command line: its arguments, and one file for each command.

mod args;
mod commands;
mod config;

use std::ffi::OsString;

use args::KmemCommand;
pub use args::{BuildArguments, Cli, CommandLine, parse};
pub use commands::{dispatch, reads_git, usage};
pub use config::Config;

/// The command that removes what a run of this command line leaves when it is stopped at once, if it leaves anything.
pub fn left_to(arguments: &[OsString]) -> Option<&'static str> {
    match parse(arguments).ok()?.command {
        CommandLine::Build(_)
        | CommandLine::Release(_)
        | CommandLine::Reproduce(_)
        | CommandLine::Lock(_)
        | CommandLine::Clean { .. } => Some("kmembuild clean"),
        CommandLine::Verify(arguments) => arguments.run.then_some("kmembuild clean"),
        CommandLine::Kmem {
            action: KmemCommand::Reproduce(_),
        } => Some("kmembuild kmem reproduce --cleanup"),
        CommandLine::Kmem {
            action: KmemCommand::Status(_) | KmemCommand::Watch(_),
        }
        | CommandLine::Plan { .. }
        | CommandLine::Recipes { .. }
        | CommandLine::Doctor(_)
        | CommandLine::Cache { .. }
        | CommandLine::NodeScript(_)
        | CommandLine::PublicKey { .. }
        | CommandLine::Completions { .. }
        | CommandLine::Man { .. } => None,
    }
}
