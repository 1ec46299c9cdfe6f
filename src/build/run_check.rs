//! Judges a runc or a kubelet by running it on the engine: by what it writes.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::BuildError;
use super::prepared::STALL;
use super::sweep::sweep_dead_runs;
use super::workspace::Workspace;
use crate::artifacts::{Manifest, ManifestFile};
use crate::engine::EngineInfo;
use crate::events::{Note, Sink};
use crate::execute::{Context, ExecuteError, HostPower, RunCheckError, trace_run};
use crate::failure::with_causes;
use crate::inside::inside;
use crate::verify::{Check, CheckName, TraceVerdict, judge_trace};

/// The check of a program by running it.
///
/// # Errors
/// [`BuildError::RunCheck`] and what the engine and the registration of the run can fail with.
pub async fn check_by_running(
    file: &Path,
    workspace: &Workspace,
    sink: &dyn Sink,
) -> Result<Check, BuildError> {
    let engine = workspace.engine().await?.as_ref();
    let run = workspace.begin_run(engine)?;
    sweep_dead_runs(workspace, engine, sink).await?;
    let configuration = &workspace.configuration;
    let nothing = BTreeMap::new();
    let context = Context {
        engine,
        store: None,
        patches: &BTreeMap::new(),
        image_archive: None,
        debian_mirror: configuration.debian_mirror.as_ref(),
        run: &run,
        locks: &workspace.locks(),
        offline: false,
        bundle: None,
        locked_images: &nothing,
        locked_by: "the lock file",
        own_images: false,
        require_no_network: false,
        require_limits: false,
        keep: false,
        last: None,
        stall: configuration.stall_timeout.map_or(STALL, |span| span.0),
        sink,
        cancel: &workspace.cancel,
    };
    let traced = trace_run(file, engine.describe(), HostPower::WhereNeeded, &context).await?;
    let (_, check) = judge_trace(&traced);
    Ok(check)
}

/// Runs every program of a result in which accounting is expected to be off, and adds what was found to its checks. A
/// program that cannot be judged here, on this engine or with what this machine has, is noted and passed over; so is a run
/// that proves nothing, unless the check is `required`. Only a program whose check is required has power over the engine's
/// host, where it cannot be run without.
pub(super) async fn check_result(
    manifest: &mut Manifest,
    directory: &Path,
    engine: &EngineInfo,
    context: &Context<'_>,
    required: bool,
) -> Result<(), BuildError> {
    let power = if required {
        HostPower::WhereNeeded
    } else {
        HostPower::None
    };
    for file in &mut manifest.files {
        file.checks.retain(|check| check.name != CheckName::Run);
        if !is_to_be_run(file) {
            continue;
        }
        let name = &file.name;
        let not_shown = |reason: String| {
            let note = Note::NotRun(name.clone(), reason);
            context.sink.event(&note.into());
        };
        let path = inside(directory, name).map_err(|source| BuildError::Staged {
            path: directory.join(name),
            source,
        })?;
        let traced = match trace_run(&path, engine, power, context).await {
            Ok(traced) => traced,
            Err(RunCheckError::Refused { source, .. }) => {
                not_shown(source.to_string());
                continue;
            }
            Err(RunCheckError::Execute(
                error @ (ExecuteError::Offline { .. } | ExecuteError::BootstrapMissing),
            )) => {
                not_shown(with_causes(&error));
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let (verdict, check) = judge_trace(&traced);
        if verdict == TraceVerdict::NotShown && !required {
            let evidence = check.evidence.last().map(|line| format!(" ({line})"));
            not_shown(check.found + &evidence.unwrap_or_default());
            continue;
        }
        let note = Note::Run(name.clone(), check.found.clone());
        context.sink.event(&note.into());
        file.checks.push(check);
    }
    Ok(())
}

/// Whether accounting is expected to be off in a file.
fn is_to_be_run(file: &ManifestFile) -> bool {
    let mut checks = file.checks.iter();
    checks.any(|check| check.name == CheckName::Kmem)
}

/// Whether everything that is to be run was.
pub(super) fn was_run(manifest: &Manifest) -> bool {
    let mut files = manifest.files.iter().filter(|file| is_to_be_run(file));
    files.all(|file| file.checks.iter().any(|check| check.name == CheckName::Run))
}
