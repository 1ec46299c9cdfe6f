//! `kmembuild lock`.

use crate::cli::args::LockArguments;
use crate::cli::explain::explain;
use crate::cli::invocation::Invocation;
use crate::cli::output::print;
use crate::failure::Failure;
use crate::release::{ReleaseFile, lock_inputs, read_lockfile, write_lockfile};
use crate::report::{Closing, ReleaseProgress, Verbosity};

/// Writes down what the inputs of a release are, and prints what moved.
pub(crate) async fn run(
    invocation: &Invocation<'_>,
    arguments: &LockArguments,
) -> Result<(), Failure> {
    let workspace = &invocation.workspace;
    let file = ReleaseFile::read(&arguments.order(), workspace).await?;
    let earlier = read_lockfile(file.lockfile())?;
    let terminal = invocation.environment.progress_terminal;
    let verbosity = invocation.verbosity();
    let progress = ReleaseProgress::new(false, terminal, verbosity, false, explain);
    let update = &arguments.update;
    let lockfile = lock_inputs(&file, earlier.as_ref(), update, workspace, &progress).await;
    progress.finish();
    let lockfile = lockfile?;
    write_lockfile(file.lockfile(), &lockfile)?;
    let path = file.lockfile().display().to_string();
    let drift: Vec<_> = earlier
        .iter()
        .flat_map(|earlier| earlier.drift(&lockfile))
        .collect();
    if verbosity == Verbosity::Quiet {
        return print(&format!("{path}\n"));
    }
    for drift in &drift {
        print(&format!("{drift}\n"))?;
    }
    let verdict = match (&earlier, drift.len()) {
        (None, _) => format!("{path}: written"),
        (Some(_), 0) => format!("{path}: unchanged"),
        (Some(_), 1) => format!("{path}: 1 input changed"),
        (Some(_), number) => format!("{path}: {number} inputs changed"),
    };
    let release = arguments.file.display().to_string();
    let closing = Closing::new(verdict).next(&["release", &release, "--locked"]);
    print(&closing.text())
}
