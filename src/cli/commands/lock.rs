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
    if !arguments.dry_run {
        write_lockfile(file.lockfile(), &lockfile)?;
    }
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
    let what = match (&earlier, drift.len()) {
        (None, _) if arguments.dry_run => "it would be written".to_owned(),
        (None, _) => "written".to_owned(),
        (Some(_), 0) => "unchanged".to_owned(),
        (Some(_), 1) => "1 input changed".to_owned(),
        (Some(_), number) => format!("{number} inputs changed"),
    };
    let not_written = if arguments.dry_run && !drift.is_empty() {
        "; nothing was written"
    } else {
        ""
    };
    let closing = Closing::new(format!("{path}: {what}{not_written}"));
    let release = arguments.file.display().to_string();
    let mut words = vec!["release", &release, "--locked"];
    if arguments.dry_run {
        let update = arguments.update.iter();
        words = vec!["lock", &release];
        words.extend(update.flat_map(|name| ["--update", name]));
    }
    print(&closing.next(&words).text())
}
