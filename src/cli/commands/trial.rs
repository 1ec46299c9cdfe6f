//! `kmembuild verify --run`: a runc or a kubelet is run on the engine, and judged by what it writes.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Invocation, explain};
use crate::artifacts::{Manifest, ManifestFile};
use crate::engine::EngineInfo;
use crate::events::Event;
use crate::execute::{Context, ExecuteError, Refusal, Run, TrialError, try_out};
use crate::failure::{Failure, FailureKind, with_causes};
use crate::report::Progress;
use crate::verify::{Check, CheckName, TraceVerdict, judge_trace};

use super::prepare::stall;

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
    let run = try_out(file, &connected.info, &context).await;
    let (_, check) = judge_trace(&run.map_err(explain_trial)?);
    Ok(check)
}

/// Tries every program of a result of which it is expected that accounting is off, and notes what came of it among its
/// checks. What cannot be shown here, on this engine or with what this machine has, is told and does not count; so is a run
/// that shows nothing, unless `strict`.
pub(super) async fn of_result(
    manifest: &mut Manifest,
    folder: &Path,
    engine: &EngineInfo,
    context: &Context<'_>,
    strict: bool,
) -> Result<(), Failure> {
    for file in &mut manifest.files {
        file.checks.retain(|check| check.name != CheckName::Run);
        if !is_to_be_tried(file) {
            continue;
        }
        let name = &file.name;
        let not_shown = |reason: String| {
            let text = format!("{name} is not judged by running it: {reason}");
            context.sink.event(&Event::Note { text });
        };
        let run = match try_out(&folder.join(name), engine, context).await {
            Ok(run) => run,
            Err(TrialError::Refused { source, .. }) => {
                not_shown(source.to_string());
                continue;
            }
            Err(TrialError::Execute(
                error @ (ExecuteError::Offline { .. } | ExecuteError::BootstrapMissing),
            )) => {
                not_shown(with_causes(&error));
                continue;
            }
            Err(error) => return Err(explain_trial(error)),
        };
        let (verdict, check) = judge_trace(&run);
        if verdict == TraceVerdict::NotShown && !strict {
            let said = check.evidence.last().map(|line| format!(" ({line})"));
            not_shown(check.found + &said.unwrap_or_default());
            continue;
        }
        let text = format!("{name} was run: {}", check.found);
        context.sink.event(&Event::Note { text });
        file.checks.push(check);
    }
    Ok(())
}

/// Whether accounting is expected to be off in a file.
fn is_to_be_tried(file: &ManifestFile) -> bool {
    let mut checks = file.checks.iter();
    checks.any(|check| check.name == CheckName::Kmem)
}

/// Whether everything that is to be tried was.
pub(super) fn was_tried(manifest: &Manifest) -> bool {
    let mut files = manifest.files.iter().filter(|file| is_to_be_tried(file));
    files.all(|file| file.checks.iter().any(|check| check.name == CheckName::Run))
}

fn explain_trial(error: TrialError) -> Failure {
    match error {
        TrialError::Execute(error @ ExecuteError::BootstrapMissing) => {
            Failure::new(FailureKind::Engine, error).hint(
                "the image for it is made once: on Debian or Ubuntu, apt-get install mmdebstrap",
            )
        }
        TrialError::Execute(error) => explain::execute(error, false),
        // It is not proven to be quiet, whatever the host can show.
        TrialError::Refused {
            source: Refusal::NoProgram { .. } | Refusal::NeitherOfThem { .. },
            ..
        }
        | TrialError::Unreadable { .. } => Failure::new(FailureKind::Verification, error),
        TrialError::Refused { .. } => Failure::new(FailureKind::Plan, error)
            .hint("without --run it is judged by what is in it, which needs no engine")
            .hint("--host or DOCKER_HOST names another engine, where this one is in the way"),
    }
}
