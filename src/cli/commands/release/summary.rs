//! What is printed at the end of a release, and of its plan.

use std::io::Write as _;

use bytesize::ByteSize;
use serde::Serialize;

use super::super::{Invocation, print};
use super::plan::{From, Planned, PlannedTarget, State};
use super::run::{Done, Outcome};
use crate::artifacts::Manifest;
use crate::failure::{Failure, FailureKind};
use crate::plan::canonical_json;
use crate::report::{JSON_FORMAT, Summary};

/// `release --plan --format json`.
#[derive(Serialize)]
struct Matrix<'a> {
    format: u32,
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
        State::NotNeeded(reason) => {
            target.version = Some(&planned.place.version);
            target.platform = Some(&planned.place.platform);
            target.state = "not-needed";
            target.reason = Some(reason.clone());
        }
        State::Failed(failure) => target.reason = Some(failure.source.to_string()),
        State::Wanted(wanted) => {
            target.version = Some(&wanted.prepared.plan.version);
            target.platform = Some(&wanted.prepared.plan.platform);
            target.key = wanted.key.as_deref();
            target.state = match wanted.from {
                From::Published => "published",
                From::Cache => "cache",
                From::Build => "build",
            };
        }
    }
    target
}

/// Prints the whole matrix. Fails when a target cannot be planned.
pub(super) fn print_plan(
    invocation: &Invocation<'_>,
    planned: &Planned<'_>,
) -> Result<(), Failure> {
    let targets: Vec<_> = planned.targets.iter().map(matrix_target).collect();
    if invocation.json() {
        let format = JSON_FORMAT;
        print(&canonical_json(&Matrix { format, targets }))?;
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
    let failed = planned
        .targets
        .iter()
        .filter_map(|target| match &target.state {
            State::Failed(failure) => Some((&target.label, failure)),
            _ => None,
        });
    let Some((label, worst)) = failed.max_by_key(|(_, failure)| failure.kind.exit_code()) else {
        return Ok(());
    };
    let text = format!("{label} cannot be planned: {}", worst.source);
    let mut failure = Failure::new(worst.kind, text);
    failure.hints.clone_from(&worst.hints);
    Err(failure)
}

/// Prints what came of each target, and hands it to the CI system that can show it.
pub(super) fn print_results(invocation: &Invocation<'_>, done: &[Done<'_>]) -> Result<(), Failure> {
    let summary = Summary {
        head: vec!["target", "result", "time", "size", "accounting", "checks"],
        rows: done.iter().map(row).collect(),
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
                    "the job summary {} (GITHUB_STEP_SUMMARY) could not be written: {error}",
                    path.display()
                );
                Failure::new(FailureKind::Output, text)
            })?;
    }
    Ok(())
}

fn row(done: &Done<'_>) -> Vec<String> {
    let seconds = format!("{:.1} s", done.took.as_secs_f64());
    let none = String::new;
    let (result, size, accounting, checks) = match &done.outcome {
        Outcome::Published(produced) => {
            let result = serde_json::to_value(produced.how).unwrap_or_default();
            let manifest = &produced.manifest;
            let size = manifest.files.iter().map(|file| file.size).sum();
            (
                result.as_str().unwrap_or_default().to_owned(),
                ByteSize(size).to_string(),
                accounting(manifest),
                checks(manifest),
            )
        }
        Outcome::NotNeeded(reason) => ("not needed".to_owned(), none(), reason.clone(), none()),
        Outcome::Failed(failure) => {
            let code = failure.kind.exit_code();
            let text = failure.source.to_string();
            let first = text.lines().next().unwrap_or_default().to_owned();
            (format!("FAILED ({code})"), none(), first, none())
        }
        Outcome::Skipped => ("skipped".to_owned(), none(), none(), none()),
    };
    vec![
        done.label.clone(),
        result,
        seconds,
        size,
        accounting,
        checks,
    ]
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
