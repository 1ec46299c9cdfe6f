//! `kmembuild release`: a matrix of results, each built once, published together.

mod arguments;
mod file;
mod lock;
mod plan;
mod publish;
mod run;
mod summary;

use self::file::ReleaseFile;
pub(super) use self::lock::run as run_lock;
use self::plan::Planned;
use super::{Invocation, print};
use crate::cli::args::ReleaseArguments;
use crate::failure::{Failure, FailureKind};
use crate::plan::canonical_json;
use crate::release::json_schema;
use crate::report::ReleaseProgress;
use tokio_util::sync::CancellationToken;

/// Runs `kmembuild release`. `user` is cancelled when the user stops the run, and the
/// invocation's own token with it, or when one failed target is to stop the others.
pub(super) async fn run(
    invocation: &mut Invocation<'_>,
    arguments: &ReleaseArguments,
    user: &CancellationToken,
) -> Result<(), Failure> {
    if arguments.schema {
        return print(&canonical_json(&json_schema()));
    }
    let file = ReleaseFile::read(invocation, arguments)?;
    let locked = lock::load(invocation, arguments, &file)?;
    let progress = ReleaseProgress::new(
        // The plan is one document.
        invocation.json() && !arguments.plan,
        invocation.environment.progress_terminal,
        invocation.verbosity(),
        invocation.environment.github,
    );
    let planned = Planned::make(invocation, &file, &progress).await;
    let planned = planned.inspect_err(|_| progress.finish())?;
    if locked {
        let refused = lock::refuse_drift(invocation, &planned);
        refused.inspect_err(|_| progress.finish())?;
    }
    if arguments.plan {
        progress.finish();
        return summary::print_plan(invocation, &planned);
    }
    publish::refuse_unsigned(&file).inspect_err(|_| progress.finish())?;
    let done = run::run(invocation, arguments, &file, planned, &progress, user).await?;
    progress.finish();
    summary::print_results(invocation, &done)?;
    worst(&done)
}

/// The failure with the highest exit code, as that of the whole release.
fn worst(done: &[run::Done<'_>]) -> Result<(), Failure> {
    let failed: Vec<_> = done.iter().filter_map(run::Done::failure).collect();
    let Some(worst) = failed.iter().max_by_key(|failure| failure.kind.exit_code()) else {
        return Ok(());
    };
    if worst.kind == FailureKind::Interrupted {
        let text =
            "interrupted; what was published is whole, and the same command goes on with the rest";
        return Err(Failure::new(FailureKind::Interrupted, text));
    }
    let text = format!("{} of {} targets failed", failed.len(), done.len());
    Err(Failure::new(worst.kind, text).hint("each is shown above with what to do about it"))
}
