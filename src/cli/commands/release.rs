//! `kmembuild release`: a matrix of results, each built once, published together.

use std::path::PathBuf;

use tokio_util::sync::CancellationToken;

use super::release_ci::write_ci_reports;
use super::release_merged::print_merged;
use super::release_summary::{print_plan, print_results};
use super::shared_cache::{Work, shared_cache};
use super::transfer::transport;
use crate::cli::args::ReleaseArguments;
use crate::cli::explain::{explain, interrupted};
use crate::cli::invocation::Invocation;
use crate::cli::output::print_exact;
use crate::delivery::registry::push;
use crate::events::{Event, Note, Sink};
use crate::failure::{Failure, FailureKind};
use crate::plan::canonical_json;
use crate::release::{
    PlannedRelease, Presentation, ReleaseFile, ReleaseSink as _, Timeline, build_release,
    json_schema, merge_parts, refuse_drift, refuse_other_lock, refuse_other_part, refuse_unsigned,
    require_cached, require_lockfile, verdict,
};
use crate::report::{ReleaseProgress, release_page};
use crate::transport::{Access, Reference};

/// How the index and its page are put.
const PRESENTATION: Presentation = Presentation {
    exit_code: |error| explain(error).kind.exit_code(),
    page: release_page,
};

/// Runs `kmembuild release`. `user` is cancelled when the user stops the run, and the
/// workspace's own token with it, or when one failed target is to stop the others.
pub(crate) async fn run(
    mut invocation: Invocation<'_>,
    arguments: &ReleaseArguments,
    user: &CancellationToken,
) -> Result<(), Failure> {
    if arguments.schema {
        return print_exact(&canonical_json(&json_schema()));
    }
    let order = arguments.order(invocation.environment)?;
    let file = ReleaseFile::read(&order, &invocation.workspace).await?;
    if !arguments.plan {
        file.check_repositories()?;
    }
    let by_ci = invocation.environment.ci && !arguments.locked;
    if let Some(bundle) = &invocation.workspace.bundle {
        let lockfile = require_lockfile(file.lockfile(), false)?;
        refuse_other_lock(bundle, &lockfile)?;
        invocation.workspace = invocation.workspace.with_lockfile(lockfile);
    } else if arguments.locked || (by_ci && !arguments.unlocked) {
        let lockfile = require_lockfile(file.lockfile(), by_ci)?;
        invocation.workspace = invocation.workspace.with_lockfile(lockfile);
    }
    let parts = arguments.merge.as_deref();
    let makes = !arguments.plan && parts.is_none();
    let work = if makes { Work::Makes } else { Work::MakesNone };
    let (caches, sign_key) = (&arguments.caches, arguments.sign_key.as_deref());
    invocation.workspace.shared_cache = shared_cache(&invocation, caches, sign_key, work)?;
    if parts == Some(&[]) && invocation.workspace.shared_cache.is_none() {
        let text = "--merge has neither directories of parts nor a shared cache";
        return Err(Failure::new(FailureKind::Usage, text.to_owned()).hint(
            "use --merge DIR... with the parts, or --merge with --cache-from and --cache-key",
        ));
    }
    let progress = ReleaseProgress::new(
        // The plan is one document.
        invocation.json() && !arguments.plan,
        invocation.environment.progress_terminal,
        invocation.verbosity(),
        invocation.environment.github,
        explain,
    );
    for warning in file.key_warnings() {
        progress.tell(&warning.into());
    }
    let done = match parts {
        None | Some([]) => plan_and_build(&invocation, arguments, &file, &progress, user).await,
        Some(parts) => merge(&invocation, arguments, parts, &file, &progress).await,
    };
    progress.finish();
    done
}

async fn plan_and_build(
    invocation: &Invocation<'_>,
    arguments: &ReleaseArguments,
    file: &ReleaseFile,
    progress: &ReleaseProgress,
    user: &CancellationToken,
) -> Result<(), Failure> {
    let workspace = &invocation.workspace;
    let timeline = Timeline::start(progress);
    let planned = PlannedRelease::make(file, workspace, &timeline).await?;
    refuse_drift(&planned, workspace)?;
    if arguments.plan {
        progress.finish();
        return print_plan(invocation, arguments, file, planned);
    }
    let planned = if arguments.merge.is_some() {
        require_cached(planned)?
    } else {
        planned
    };
    refuse_other_part(file)?;
    refuse_unsigned(file)?;
    let finished = build_release(file, planned, workspace, &timeline, user, PRESENTATION).await?;
    progress.finish();
    let took = timeline.elapsed();
    print_results(invocation, file, &finished, took)?;
    write_ci_reports(invocation, arguments, file, &finished, took)?;
    verdict(finished)?;
    push_if_asked(invocation, arguments, file, progress).await
}

async fn push_if_asked(
    invocation: &Invocation<'_>,
    arguments: &ReleaseArguments,
    file: &ReleaseFile,
    progress: &ReleaseProgress,
) -> Result<(), Failure> {
    match &arguments.push {
        Some(reference) => publish(invocation, file, reference, progress).await,
        None => Ok(()),
    }
}

/// Pushes the release to a registry or a layout.
async fn publish(
    invocation: &Invocation<'_>,
    file: &ReleaseFile,
    reference: &Reference,
    progress: &ReleaseProgress,
) -> Result<(), Failure> {
    let transport = transport(invocation, None);
    let cancel = &invocation.workspace.cancel;
    let (sink, is_stopped) = (ToRelease(progress), || cancel.is_cancelled());
    let output = file.output();
    let pushing = push(
        output,
        reference,
        Access::Write,
        &transport,
        &is_stopped,
        &sink,
    );
    let pushed = tokio::select! {
        pushed = pushing => pushed.map_err(Failure::from),
        () = cancel.cancelled() => Err(interrupted()),
    };
    progress.finish();
    for tag in pushed?.tags {
        progress.tell(&Note::Pushed(tag.reference, tag.digest).into());
    }
    Ok(())
}

/// What concerns no target.
struct ToRelease<'a>(&'a ReleaseProgress);

impl Sink for ToRelease<'_> {
    fn event(&self, event: &Event) {
        self.0.tell(event);
    }
}

/// Makes one release of its parts.
async fn merge(
    invocation: &Invocation<'_>,
    arguments: &ReleaseArguments,
    parts: &[PathBuf],
    file: &ReleaseFile,
    progress: &ReleaseProgress,
) -> Result<(), Failure> {
    let workspace = &invocation.workspace;
    let merged = merge_parts(file, parts, workspace, progress, PRESENTATION).await;
    progress.finish();
    print_merged(invocation, file, &merged?)?;
    push_if_asked(invocation, arguments, file, progress).await
}
