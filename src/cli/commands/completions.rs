//! `kmembuild completions`.

use clap_complete::Shell;

use crate::cli::args::Format;
use crate::cli::invocation::Invocation;
use crate::cli::output::print;
use crate::failure::Failure;

pub(crate) fn run(invocation: &Invocation<'_>, shell: Shell) -> Result<(), Failure> {
    for format in [Format::Json, Format::Yaml] {
        invocation.refuse_format(format)?;
    }
    let mut command = invocation.command_with_recipes()?;
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "kmembuild", &mut script);
    print(&String::from_utf8_lossy(&script))
}
