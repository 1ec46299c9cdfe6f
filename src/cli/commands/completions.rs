//! `kmembuild completions`.

use clap_complete::Shell;

use super::{Invocation, print};
use crate::failure::Failure;

pub(super) fn run(invocation: &Invocation<'_>, shell: Shell) -> Result<(), Failure> {
    let mut command = invocation.command_with_recipes()?;
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "kmembuild", &mut script);
    print(&String::from_utf8_lossy(&script))
}
