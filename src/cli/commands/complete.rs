//! `kmembuild complete`, which the scripts of `completions` run.

use std::ffi::OsString;

use tokio_util::sync::CancellationToken;

use crate::cli::args::{Format, GlobalArguments, recipe_dir_in};
use crate::cli::completion::{Candidate, Completion, Known, complete};
use crate::cli::invocation::Invocation;
use crate::cli::output::print_exact;
use crate::environment::Environment;
use crate::failure::Failure;
use crate::harmless::harmless;

/// Longest description of a candidate, in characters; a shell shows one line each.
const LONGEST_MEANING: usize = 60;

/// Prints a line for each candidate, with its meaning behind a tab; or `:files` or `:directories`. Whatever is wrong is no
/// message, which would stand in the middle of what is typed: then there are no candidates.
pub(crate) fn run(
    environment: &Environment,
    words: &[OsString],
    cancel: &CancellationToken,
) -> Result<(), Failure> {
    let global = GlobalArguments {
        recipe_dir: recipe_dir_in(words),
        host: None,
        engine: None,
        runtime: None,
        registry: None,
        verbose: false,
        quiet: true,
        color: None,
        help: None,
    };
    let Ok(invocation) = Invocation::new(environment, global, Format::Text, cancel) else {
        return Ok(());
    };
    let Ok(mut command) = invocation.command_with_recipes() else {
        return Ok(());
    };
    // Gives every command the options of those above it.
    command.build();
    let known = Known {
        workspace: &invocation.workspace,
        directory: &environment.current_dir,
    };
    let text = match complete(&command, words, &known) {
        Completion::Files => ":files\n".to_owned(),
        Completion::Directories => ":directories\n".to_owned(),
        Completion::Words(candidates) => candidates.iter().map(line).collect(),
    };
    print_exact(&text)
}

fn line(candidate: &Candidate) -> String {
    let meaning = harmless(&candidate.meaning);
    let meaning = meaning
        .lines()
        .next()
        .unwrap_or_default()
        .replace('\t', " ");
    let short: String = meaning.chars().take(LONGEST_MEANING).collect();
    format!("{}\t{short}\n", candidate.word)
}
