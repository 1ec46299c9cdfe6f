//! What is printed at the end of a release, and of its plan.

use std::io::Write as _;

use bytesize::ByteSize;
use serde::Serialize;

use crate::artifacts::Manifest;
use crate::cli::explain::explain;
use crate::cli::invocation::Invocation;
use crate::cli::output::{print, print_document};
use crate::failure::{Failure, FailureKind};
use crate::plan::KnownHoles;
use crate::release::{
    FinishedTarget, Origin, Outcome, PlannedRelease, PlannedTarget, ReleaseError, TargetState,
};
use crate::report::Summary;

/// `release --plan --format json`.
#[derive(Serialize)]
struct Matrix<'a> {
    targets: Vec<MatrixTarget<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct MatrixTarget<'a> {
    target: &'a str,
    recipe: &'a str,
    version: Option<&'a str>,
    platform: Option<&'a str>,
    /// `published`, `cache`, `build`, `not-needed` or `failed`.
    state: &'static str,
    /// Why, where it is not built.
    reason: Option<String>,
    /// Content key, where it is known before the image is there.
    key: Option<&'a str>,
}

fn matrix_target<'a>(planned: &'a PlannedTarget<'_>) -> MatrixTarget<'a> {
    let mut target = MatrixTarget {
        target: &planned.label,
        recipe: planned.target.recipe.as_str(),
        version: planned.target.version.as_deref(),
        platform: None,
        state: "failed",
        reason: None,
        key: None,
    };
    match &planned.state {
        TargetState::NotNeeded(reason) => {
            target.version = Some(&planned.place.version);
            target.platform = Some(&planned.place.platform);
            target.state = "not-needed";
            target.reason = Some(reason.clone());
        }
        TargetState::Failed(error) => target.reason = Some(error.to_string()),
        TargetState::Wanted(wanted) => {
            target.version = Some(&wanted.prepared.plan.version);
            target.platform = Some(&wanted.prepared.plan.platform);
            target.key = wanted.key.as_deref();
            target.state = match wanted.origin {
                Origin::Published => "published",
                Origin::Cache => "cache",
                Origin::Build => "build",
            };
        }
    }
    target
}

/// Prints the whole matrix. Fails when a target cannot be planned.
pub(super) fn print_plan(
    invocation: &Invocation<'_>,
    planned: PlannedRelease<'_>,
) -> Result<(), Failure> {
    let targets: Vec<_> = planned.targets.iter().map(matrix_target).collect();
    if invocation.json() {
        print_document(&Matrix { targets })?;
    } else {
        let rows = targets.iter().map(|target| {
            let state = match target.state {
                "published" => "published as it should be",
                "cache" => "in the cache",
                "build" => "to be built",
                "not-needed" => "not needed",
                _ => "CANNOT BE PLANNED",
            };
            let key = target.key.map(|key| key[..12].to_owned());
            vec![
                target.target.to_owned(),
                state.to_owned(),
                target.reason.clone().or(key).unwrap_or_default(),
            ]
        });
        let summary = Summary {
            head: vec!["target", "state", "key, or why"],
            rows: rows.collect(),
        };
        print(&summary.table(invocation.environment.output_terminal))?;
    }
    let failed = planned.targets.into_iter().filter_map(|target| {
        let label = target.label;
        match target.state {
            TargetState::Failed(error) => Some((label, error)),
            _ => None,
        }
    });
    let worst = failed.max_by_key(|(_, error)| explain(error).kind.exit_code());
    match worst {
        None => Ok(()),
        Some((target, error)) => Err(ReleaseError::Unplanned { target, error }.into()),
    }
}

/// Prints what came of each target, and hands it to the CI system that can show it.
pub(super) fn print_results(
    invocation: &Invocation<'_>,
    finished: &[FinishedTarget<'_>],
) -> Result<(), Failure> {
    let summary = Summary {
        head: vec![
            "target",
            "result",
            "time",
            "size",
            "accounting",
            "checks",
            "known holes",
        ],
        rows: finished.iter().map(row).collect(),
    };
    if !invocation.json() {
        print(&summary.table(invocation.environment.output_terminal))?;
    }
    if let Some(path) = &invocation.environment.github_summary {
        let file = std::fs::File::options()
            .append(true)
            .create(true)
            .open(path);
        file.and_then(|mut file| file.write_all(summary.markdown("kmembuild release").as_bytes()))
            .map_err(|error| {
                let text = format!(
                    "could not write the job summary {} (GITHUB_STEP_SUMMARY): {error}",
                    path.display()
                );
                Failure::new(FailureKind::Output, text)
            })?;
    }
    Ok(())
}

fn row(finished: &FinishedTarget<'_>) -> Vec<String> {
    let seconds = format!("{:.1} s", finished.took.as_secs_f64());
    let none = String::new;
    let (result, size, accounting, checks, holes) = match &finished.outcome {
        Outcome::Published(built) => {
            let result = serde_json::to_value(built.outcome).unwrap_or_default();
            let manifest = &built.manifest;
            let size = manifest.files.iter().map(|file| file.size).sum();
            (
                result.as_str().unwrap_or_default().to_owned(),
                ByteSize(size).to_string(),
                accounting(manifest),
                checks(manifest),
                known_holes(manifest),
            )
        }
        Outcome::NotNeeded(reason) => (
            "not needed".to_owned(),
            none(),
            reason.clone(),
            none(),
            none(),
        ),
        Outcome::Failed(error) => {
            let failure = explain(error);
            let code = failure.kind.exit_code();
            let first = failure
                .message
                .lines()
                .next()
                .unwrap_or_default()
                .to_owned();
            (format!("FAILED ({code})"), none(), first, none(), none())
        }
        Outcome::Skipped => ("skipped".to_owned(), none(), none(), none(), none()),
    };
    vec![
        finished.label.clone(),
        result,
        seconds,
        size,
        accounting,
        checks,
        holes,
    ]
}

/// How many known holes there are; the manifest names them.
fn known_holes(manifest: &Manifest) -> String {
    let known = manifest.known_holes.as_ref();
    known.map(KnownHoles::summary).unwrap_or_default()
}

/// What was found about accounting, for each program where they differ.
fn accounting(manifest: &Manifest) -> String {
    let mut found: Vec<String> = Vec::new();
    for file in &manifest.files {
        let kmem = file
            .checks
            .iter()
            .filter(|check| check.name == crate::verify::CheckName::Kmem);
        for check in kmem {
            let text = format!("{}: {}", file.name, check.found);
            if !found.contains(&text) {
                found.push(text);
            }
        }
    }
    found.join("\n")
}

fn checks(manifest: &Manifest) -> String {
    let checks: Vec<_> = manifest
        .files
        .iter()
        .flat_map(|file| &file.checks)
        .collect();
    let passed = checks
        .iter()
        .filter(|check| check.outcome == crate::verify::Outcome::Passed)
        .count();
    format!("{passed} of {} passed", checks.len())
}
