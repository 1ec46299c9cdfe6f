//! `kmembuild verify --run`: a runc is run on the engine, and judged by what it writes.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Invocation, explain};
use crate::artifacts::Manifest;
use crate::engine::EngineInfo;
use crate::events::Event;
use crate::execute::{Context, Refusal, Run, TrialError, try_out};
use crate::failure::{Failure, FailureKind};
use crate::report::Progress;
use crate::verify::{Check, CheckName, Outcome, judge_trace};

use super::prepare::stall;

/// Lines of evidence that a failure shows.
const EVIDENCE: usize = 5;

/// The checks of programs by running them, in the order of the files.
pub(super) async fn checks(
    invocation: &Invocation<'_>,
    files: &[&Path],
) -> Result<Vec<Check>, Failure> {
    // Standard output is for the one document.
    let terminal = invocation.environment.progress_terminal && !invocation.json();
    let progress = Progress::new(false, terminal, invocation.verbosity());
    let mut checks = Vec::new();
    for file in files {
        let check = check(invocation, file, &progress).await;
        if check.is_err() {
            progress.finish();
        }
        checks.push(check?);
    }
    progress.finish();
    Ok(checks)
}

async fn check(
    invocation: &Invocation<'_>,
    file: &Path,
    progress: &Progress,
) -> Result<Check, Failure> {
    let connected = invocation.connected().await?;
    let cache = &invocation.environment.cache_dir;
    let run = Run::begin(&cache.join("runs")).map_err(|error| {
        let text = format!("{} cannot be written to: {error}", cache.display());
        Failure::new(FailureKind::Usage, text)
    })?;
    super::produce::sweep_dead_runs(invocation, &connected.engine, progress).await?;
    let context = Context {
        engine: &connected.engine,
        store: None,
        patches: &BTreeMap::new(),
        image_archive: None,
        debian_mirror: invocation.config.debian_mirror.as_deref(),
        environment: &invocation.environment.for_others,
        run: &run,
        locks: &invocation.cache_folder("locks"),
        offline: false,
        locked_images: &BTreeMap::new(),
        locked_by: "the lock file",
        keep: false,
        stall: stall(invocation, None),
        sink: progress,
        cancel: invocation.cancel,
    };
    let trial = try_out(file, &connected.info, &context).await;
    Ok(judge_trace(&trial.map_err(explain_trial)?.run))
}

/// Tries every program of a result of which it is expected that accounting is off, and writes what came of it into the
/// manifest. What cannot be shown on this engine is noted.
///
/// # Errors
/// The failure of a program that turns accounting on, or does not show that it leaves it off.
pub(super) async fn of_result(
    manifest: &mut Manifest,
    folder: &Path,
    engine: &EngineInfo,
    context: &Context<'_>,
) -> Result<(), Failure> {
    for file in &mut manifest.files {
        file.checks.retain(|check| check.name != CheckName::Run);
        if !file
            .checks
            .iter()
            .any(|check| check.name == CheckName::Kmem)
        {
            continue;
        }
        let trial = match try_out(&folder.join(&file.name), engine, context).await {
            Err(TrialError::Refused { source, .. }) => {
                let text = format!("{} is not judged by running it: {source}", file.name);
                context.sink.event(&Event::Note { text });
                continue;
            }
            trial => trial.map_err(explain_trial)?,
        };
        let check = judge_trace(&trial.run);
        if check.outcome == Outcome::Failed {
            let (name, found) = (&file.name, &check.found);
            let evidence = check.evidence.iter().take(EVIDENCE);
            let evidence: String = evidence.map(|line| format!("\n  {line}")).collect();
            let text = format!("{name} was run, and is not published: {found}{evidence}");
            return Err(Failure::new(FailureKind::Verification, text));
        }
        let (name, found) = (&file.name, &check.found);
        let text = format!("{name} was run: {found}");
        context.sink.event(&Event::Note { text });
        file.checks.push(check);
    }
    Ok(())
}

fn explain_trial(error: TrialError) -> Failure {
    match error {
        TrialError::Execute(error) => explain::execute(error, false),
        // It is not proven to be quiet, whatever the host can show.
        TrialError::Refused {
            source: Refusal::NoProgram { .. } | Refusal::NotRunc { .. },
            ..
        }
        | TrialError::Unreadable { .. } => Failure::new(FailureKind::Verification, error),
        TrialError::Refused { .. } => Failure::new(FailureKind::Plan, error)
            .hint("without --run it is judged by what is in it, which needs no engine")
            .hint("--host or DOCKER_HOST names another engine, where this one is in the way"),
    }
}
