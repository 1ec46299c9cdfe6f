//! `kmembuild RECIPE`: the road from a recipe to a proven, published result.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::manifest::write_manifest;
use super::prepare::{prepare, stall};
use super::{Invocation, explain, print};
use crate::artifacts::{
    ArtifactError, BUILD_LOG, BuildLog, MANIFEST, Manifest, ManifestFile, PLAN, SHA256SUMS, Target,
    checksum_file,
};
use crate::checksum::sha256_hex;
use crate::cli::args::{BuildArguments, Format};
use crate::engine::DockerEngine;
use crate::events::{Event, Sink, Tee};
use crate::execute::{Context, Run, Sweep, execute, sweep, with_causes};
use crate::failure::{Failure, FailureKind};
use crate::plan::canonical_json;
use crate::report::{CheckedFile, JSON_FORMAT, Progress, check_table};

/// Builds, proves and publishes; prints the result.
pub(super) async fn run(
    invocation: &Invocation<'_>,
    name: &str,
    arguments: &BuildArguments,
) -> Result<(), Failure> {
    invocation.refuse_format(Format::Yaml)?;
    let terminal = invocation.environment.progress_terminal;
    let progress = Progress::new(invocation.json(), terminal, invocation.verbosity());
    let built = build(invocation, name, arguments, &progress).await;
    progress.finish();
    let result = match &built {
        Ok(manifest) => Outcome::Published {
            folder: manifest.0.clone(),
            manifest: &manifest.1,
        },
        Err(failure) => Outcome::Failed {
            exit_code: failure.kind.exit_code(),
            message: failure.source.to_string(),
            causes: failure.causes(),
            hints: failure.hints.clone(),
        },
    };
    if invocation.json() {
        if let Ok(text) = serde_json::to_string(&OutcomeLine {
            format: JSON_FORMAT,
            data: &result,
        }) {
            print(&(text + "\n"))?;
        }
    } else if let Outcome::Published { folder, manifest } = &result {
        let files: Vec<_> = manifest.files.iter().map(checked).collect();
        print(&check_table(&files, invocation.environment.output_terminal))?;
        print(&format!("{folder}\n"))?;
    }
    built.map(|_| ())
}

/// The last line of `--format json`.
#[derive(Serialize)]
struct OutcomeLine<'a> {
    format: u32,
    data: &'a Outcome<'a>,
}

#[derive(Serialize)]
#[serde(
    tag = "event",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case"
)]
enum Outcome<'a> {
    Published {
        folder: String,
        manifest: &'a Manifest,
    },
    Failed {
        exit_code: u8,
        message: String,
        causes: Vec<String>,
        hints: Vec<String>,
    },
}

fn checked(file: &ManifestFile) -> CheckedFile {
    CheckedFile {
        file: file.name.clone(),
        findings: file.findings.clone(),
        checks: file.checks.clone(),
    }
}

/// From the recipe to the published result; returns the folder and the manifest.
async fn build(
    invocation: &Invocation<'_>,
    name: &str,
    arguments: &BuildArguments,
    progress: &Progress,
) -> Result<(String, Manifest), Failure> {
    let started = Timestamp::now();
    let cache = &invocation.environment.cache_dir;
    let prepared = prepare(invocation, name, arguments, progress).await?;
    let plan = &prepared.plan;
    let run = Run::begin(&cache.join("runs")).map_err(|error| {
        Failure::new(
            FailureKind::Usage,
            format!("{} cannot be written to: {error}", cache.display()),
        )
    })?;
    sweep_dead_runs(invocation, &prepared.engine, progress).await?;

    let parts = [
        plan.recipe.name.as_str(),
        plan.version.as_str(),
        plan.platform.as_str(),
    ];
    let locks = cache.join("locks");
    let target = Target::claim(
        &arguments.output,
        parts,
        run.id(),
        &locks,
        progress,
        invocation.cancel,
    )
    .await;
    let target = target.map_err(explain::artifact)?;
    let log = BuildLog::create(&target.staging().join(BUILD_LOG)).map_err(explain::artifact)?;
    write(&target, PLAN, &canonical_json(plan))?;
    let sink = Tee(vec![progress, &log]);
    for warning in &plan.warnings {
        sink.event(&Event::Warning {
            text: warning.clone(),
        });
    }
    let context = Context {
        engine: &prepared.engine,
        store: prepared.store.as_ref(),
        patches: &prepared.loaded.patches,
        image_archive: arguments.image_archive.as_deref(),
        debian_mirror: arguments
            .debian_mirror
            .as_deref()
            .or(invocation.config.debian_mirror.as_deref()),
        environment: &invocation.environment.for_others,
        run: &run,
        locks: &locks,
        keep: arguments.keep,
        stall: stall(invocation, arguments),
        sink: &sink,
        cancel: invocation.cancel,
    };
    let executed = execute(plan, &prepared.engine_info, &context, target.staging()).await;
    let written = log.finish().map_err(explain::artifact);
    // Noted in the run's registration, for `clean` to find.
    let keeps_script = arguments.keep && plan.build.script.is_some();
    let built = match executed {
        Ok(built) => built,
        Err(error) => {
            if error.kept_container().is_some() || (keeps_script && run.has_notes()) {
                run.end_and_keep();
            }
            let could_save_memory = plan.build.needs.could_save_memory;
            return Err(record(
                explain::execute(error, could_save_memory),
                target,
                &log,
                &[],
            ));
        }
    };
    written?;
    if keeps_script {
        run.end_and_keep();
        progress.event(&Event::Note {
            text: "what upstream's script made is kept on the engine; `kmembuild clean` removes it"
                .to_owned(),
        });
    }
    let manifest = write_manifest(&prepared, &built, started)?;
    if let Some(failure) = refuse_unproven(invocation, &manifest, progress) {
        let findings = ("findings.json", canonical_json(&manifest.files));
        return Err(record(failure, target, &log, &[findings]));
    }
    Ok((publish(target, &manifest)?, manifest))
}

/// The failure of a result that does not pass its checks, which are shown.
fn refuse_unproven(
    invocation: &Invocation<'_>,
    manifest: &Manifest,
    progress: &Progress,
) -> Option<Failure> {
    let files: Vec<_> = manifest.files.iter().map(checked).collect();
    let failed = files.iter().filter(|file| !file.passed());
    let names: Vec<_> = failed.map(|file| file.file.as_str()).collect();
    if names.is_empty() {
        return None;
    }
    progress.finish();
    if !invocation.json() {
        // That the checks failed matters more than that it cannot be shown.
        let _ = print(&check_table(&files, invocation.environment.output_terminal));
    }
    let text = format!(
        "what was built does not pass its checks, and is not published: {}",
        names.join(", ")
    );
    Some(Failure::new(FailureKind::Verification, text))
}

/// Removes what dead runs left. What cannot be removed does not stop a build that does not need it gone.
async fn sweep_dead_runs(
    invocation: &Invocation<'_>,
    engine: &DockerEngine,
    sink: &dyn Sink,
) -> Result<(), Failure> {
    let runs = invocation.environment.cache_dir.join("runs");
    let swept = invocation.unless_stopped(sweep(engine, &runs, Sweep::DEAD_RUNS));
    match swept.await {
        Err(failure) if failure.kind != FailureKind::Interrupted => {
            let causes = failure.causes();
            let reason: String = causes.iter().map(|cause| format!(": {cause}")).collect();
            sink.event(&Event::Warning {
                text: format!(
                    "what an earlier run left on the engine is still there: {}{reason}",
                    failure.source
                ),
            });
            Ok(())
        }
        Err(interrupted) => Err(interrupted),
        Ok(swept) => {
            for (name, error) in swept.failed {
                sink.event(&Event::Warning {
                    text: format!(
                        "{name} of an earlier run is still on the engine: {}",
                        with_causes(&error)
                    ),
                });
            }
            Ok(())
        }
    }
}

fn write(target: &Target, name: &str, text: &str) -> Result<(), Failure> {
    let path = target.staging().join(name);
    std::fs::write(&path, text)
        .map_err(|source| explain::artifact(ArtifactError::Unwritable { path, source }))
}

/// Keeps the log of a failed run and tells where it is.
fn record(
    mut failure: Failure,
    target: Target,
    log: &BuildLog,
    further: &[(&str, String)],
) -> Failure {
    if failure.kind == FailureKind::Interrupted || log.is_empty() {
        return failure;
    }
    match target.keep_record_of_failure(further) {
        Ok(folder) => failure.hints.push(format!(
            "the whole log is {}",
            folder.join(BUILD_LOG).display()
        )),
        Err(error) => failure
            .hints
            .push(format!("the log could not be kept: {error}")),
    }
    failure
}

fn publish(target: Target, manifest: &Manifest) -> Result<String, Failure> {
    write(&target, MANIFEST, &canonical_json(manifest))?;
    let mut sums: BTreeMap<String, String> = manifest
        .files
        .iter()
        .map(|file| (file.name.clone(), file.sha256.clone()))
        .collect();
    for name in [MANIFEST, PLAN, BUILD_LOG] {
        let path = target.staging().join(name);
        let bytes = std::fs::read(&path);
        let bytes = bytes
            .map_err(|source| explain::artifact(ArtifactError::Unwritable { path, source }))?;
        sums.insert(name.to_owned(), sha256_hex(&bytes));
    }
    write(&target, SHA256SUMS, &checksum_file(&sums))?;
    let folder = target.publish().map_err(explain::artifact)?;
    Ok(folder.display().to_string())
}
