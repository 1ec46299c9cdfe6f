//! `kmembuild completions`.

use clap_complete::Shell;

use crate::cli::completion::script;
use crate::cli::invocation::Invocation;
use crate::cli::output::print_exact;
use crate::failure::Failure;
use crate::report::{Closing, tell};

pub(crate) fn run(invocation: &Invocation<'_>, shell: Shell) -> Result<(), Failure> {
    print_script(invocation, shell)?;
    // Standard output is the script, and a shell that begins must print nothing. Who sees the script wants to know what it
    // is for.
    if invocation.environment.output_terminal {
        let verdict = format!("this is the script for {shell}; it does nothing here");
        tell(Closing::new(verdict).then(line_for(shell)).text());
    }
    Ok(())
}

/// What makes a running shell use the script.
fn line_for(shell: Shell) -> String {
    let print = format!("kmembuild completions {shell}");
    match shell {
        Shell::Fish => format!("{print} | source"),
        Shell::Elvish => format!("eval ({print} | slurp)"),
        Shell::PowerShell => format!("{print} | Out-String | Invoke-Expression"),
        _ => format!("source <({print})"),
    }
}

fn print_script(invocation: &Invocation<'_>, shell: Shell) -> Result<(), Failure> {
    if let Some(script) = script(shell) {
        return print_exact(script);
    }
    let mut command = invocation.command_with_recipes()?;
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "kmembuild", &mut script);
    print_exact(&String::from_utf8_lossy(&script))
}
