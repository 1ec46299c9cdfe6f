//! `kmembuild completions`.

use clap_complete::Shell;

use crate::cli::completion::script;
use crate::cli::invocation::Invocation;
use crate::cli::output::print_exact;
use crate::failure::Failure;

pub(crate) fn run(invocation: &Invocation<'_>, shell: Shell) -> Result<(), Failure> {
    if let Some(script) = script(shell) {
        return print_exact(script);
    }
    let mut command = invocation.command_with_recipes()?;
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "kmembuild", &mut script);
    print_exact(&String::from_utf8_lossy(&script))
}
