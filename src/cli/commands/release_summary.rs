//! What is printed at the end of a release, and of its plan.

use std::time::Duration;

use bytesize::ByteSize;
use serde::Serialize;

use super::release_counts::Counts;
use crate::artifacts::cache::PastBuilds;
use crate::artifacts::{IndexResult, Manifest, read_index};
use crate::build::{ResultOrigin, files_to_come};
use crate::cli::args::ReleaseArguments;
use crate::cli::explain::explain;
use crate::cli::invocation::Invocation;
use crate::cli::output::{print, print_document, print_exact};
use crate::failure::Failure;
use crate::plan::KnownHoles;
use crate::release::{
    FinishedTarget, Outcome, PlannedRelease, PlannedTarget, ReleaseError, ReleaseFile, TargetState,
};
use crate::report::{
    Closing, Summary, Text, Tone, Verbosity, counted, duration, json_line, output_width, verdict_on,
};

/// `release --plan --format json`.
#[derive(Serialize)]
struct Matrix<'a> {
    targets: Vec<MatrixTarget<'a>>,
    #[serde(flatten)]
    closing: Closing,
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
    /// The files that it will have in its directory.
    files: Vec<String>,
    /// How long an earlier build of that recipe took, in milliseconds, where it has to be built.
    last_build: Option<u64>,
}

fn matrix_target<'a>(planned: &'a PlannedTarget<'_>, past: &PastBuilds<'_>) -> MatrixTarget<'a> {
    let mut target = MatrixTarget {
        target: &planned.label,
        recipe: planned.target.recipe.as_str(),
        version: planned.target.version.as_deref(),
        platform: None,
        state: "failed",
        reason: None,
        key: None,
        files: Vec::new(),
        last_build: None,
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
                ResultOrigin::Published => "published",
                ResultOrigin::Cache => "cache",
                ResultOrigin::Build => "build",
            };
            // What cannot be packaged fails when it is built, and is told then.
            let destination = &planned.order.destination;
            target.files = files_to_come(&wanted.prepared, destination).unwrap_or_default();
            if wanted.origin == ResultOrigin::Build {
                let plan = &wanted.prepared.plan;
                let last = past.last(&plan.recipe.name, &plan.version, &plan.platform);
                let took = last.map(|last| u64::try_from(last.took.as_millis()));
                target.last_build = took.and_then(Result::ok);
            }
        }
    }
    target
}

/// The index, its page, the checksums, and their signature.
pub(super) fn files_at_the_top(file: &ReleaseFile) -> usize {
    3 + usize::from(file.is_signed())
}

/// `3 targets: 1 to be built, 2 published as they should be`, and how it is done.
fn plan_closing(
    targets: &[MatrixTarget<'_>],
    arguments: &ReleaseArguments,
    file: &ReleaseFile,
) -> Closing {
    let mut counts = Counts::default();
    for target in targets {
        counts.add(match target.state {
            "published" => "published as they should be",
            "cache" => "in the cache",
            "build" => "to be built",
            "not-needed" => "not needed",
            _ => "cannot be planned",
        });
    }
    let files: usize = targets.iter().map(|target| target.files.len()).sum();
    let mut verdict = counts.text();
    if files > 0 {
        let files = files + files_at_the_top(file);
        verdict += format!(" -> {} ({files} files)", file.output().display());
    }
    let known: Vec<_> = targets
        .iter()
        .filter_map(|target| target.last_build)
        .collect();
    if !known.is_empty() {
        let took = duration(Duration::from_millis(known.iter().sum()));
        verdict += format!("; the last builds of {} of them took {took}", known.len());
    }
    let closing = Closing::new(verdict);
    if targets.iter().any(|target| target.state == "failed") {
        return closing;
    }
    closing.next(&["release", &arguments.file.display().to_string()])
}

/// Prints the whole matrix. Fails when a target cannot be planned.
pub(super) fn print_plan(
    invocation: &Invocation<'_>,
    arguments: &ReleaseArguments,
    file: &ReleaseFile,
    planned: PlannedRelease<'_>,
) -> Result<(), Failure> {
    let results = invocation.workspace.results();
    let past = results.past_builds();
    let targets = planned.targets.iter();
    let targets: Vec<_> = targets.map(|target| matrix_target(target, &past)).collect();
    let closing = plan_closing(&targets, arguments, file);
    if invocation.json() {
        print_document(&Matrix { targets, closing })?;
    } else if invocation.verbosity() == Verbosity::Quiet {
        print(&format!("{}\n", file.output().display()))?;
    } else {
        let rows = targets.iter().map(|target| {
            let state = match target.state {
                "published" => Text::toned(Tone::Good, "published as it should be"),
                "cache" => Text::from("in the cache"),
                "build" => Text::from("to be built"),
                "not-needed" => Text::from("not needed"),
                _ => Text::toned(Tone::Bad, "CANNOT BE PLANNED"),
            };
            let key = target.key.map(|key| key[..12].to_owned());
            let reason = target.reason.as_deref().map(first_line);
            let why = reason.or(key).unwrap_or_default();
            vec![Text::from(target.target), state, Text::from(why)]
        });
        let summary = Summary {
            head: vec!["target", "state", "key, or why"],
            rows: rows.collect(),
        };
        print(&summary.table_or_lines(1, output_width(invocation.environment)))?;
        if invocation.verbosity() == Verbosity::Verbose {
            for target in &targets {
                for file in &target.files {
                    print(&format!("{}/{file}\n", target.target))?;
                }
            }
        }
        print(&closing.text())?;
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

/// Prints what came of each target and of the whole.
pub(super) fn print_results(
    invocation: &Invocation<'_>,
    file: &ReleaseFile,
    finished: &[FinishedTarget<'_>],
    took: Duration,
) -> Result<(), Failure> {
    let summary = summary(finished);
    let closing = closing(file, finished, took);
    if invocation.json() {
        print_exact(
            &json_line(&Finished {
                event: "release-finished",
                closing: &closing,
            })
            .unwrap_or_default(),
        )?;
    } else if invocation.verbosity() == Verbosity::Quiet {
        print(&format!("{}\n", file.output().display()))?;
    } else {
        let width = output_width(invocation.environment);
        print(&if Summary::<Text>::is_wide(width) {
            summary.table(1, width)
        } else {
            list(finished, width)
        })?;
        print(&closing.text())?;
    }
    Ok(())
}

/// The last line of `release --format json`.
#[derive(Serialize)]
struct Finished<'a> {
    event: &'static str,
    #[serde(flatten)]
    closing: &'a Closing,
}

/// `3 targets: 1 built, 2 unchanged in 34 s -> dist (26 files, not signed)`.
pub(super) fn closing(
    file: &ReleaseFile,
    finished: &[FinishedTarget<'_>],
    took: Duration,
) -> Closing {
    let mut counts = Counts::default();
    for target in finished {
        counts.add(match &target.outcome {
            Outcome::Published(result) => result.outcome.words(),
            Outcome::NotNeeded(_) => "not needed",
            Outcome::Failed(_) => "failed",
            Outcome::Skipped => "skipped",
        });
    }
    let took = duration(took);
    let Some(index) = read_index(file.output()) else {
        let nothing = format!(" in {took}; nothing was published");
        return Closing::new(counts.text() + nothing);
    };
    let output = file.output().display().to_string();
    let published = index.targets.iter().map(|target| match &target.result {
        IndexResult::Published { files, .. } => files.len(),
        IndexResult::NotNeeded { .. } | IndexResult::Failed { .. } => 0,
    });
    let of_repositories = index.repositories.iter();
    let of_repositories = of_repositories.map(|repository| repository.files.len());
    let files = published.sum::<usize>() + of_repositories.sum::<usize>() + files_at_the_top(file);
    let signed = if file.is_signed() {
        "signed"
    } else {
        "not signed"
    };
    let place = format!(" in {took} -> {output} ({files} files, {signed})");
    let closing = Closing::new(counts.text() + place);
    if finished.iter().any(|target| target.error().is_some()) {
        return closing;
    }
    closing.next(&["verify", &output])
}

pub(super) fn summary(finished: &[FinishedTarget<'_>]) -> Summary<Text> {
    let mut head = vec![
        "target",
        "result",
        "time",
        "size",
        "accounting, or why not",
        "checks",
        "known holes",
    ];
    let has_reasons = |target: &FinishedTarget<'_>| {
        matches!(target.outcome, Outcome::NotNeeded(_) | Outcome::Failed(_))
    };
    if !finished.iter().any(has_reasons) {
        head[4] = "accounting";
    }
    let mut rows: Vec<_> = finished.iter().map(row).collect();
    if rows.iter().all(|row| row.last().is_none_or(Text::is_empty)) {
        head.pop();
        for row in &mut rows {
            row.pop();
        }
    }
    Summary { head, rows }
}

fn row(finished: &FinishedTarget<'_>) -> Vec<Text> {
    let time = duration(finished.took);
    let none = String::new;
    let (result, size, accounting, checks, holes) = match &finished.outcome {
        Outcome::Published(built) => {
            let manifest = &built.manifest;
            let size = manifest.files.iter().map(|file| file.size).sum();
            (
                Text::toned(Tone::Good, built.outcome.words()),
                ByteSize(size).to_string(),
                accounting(manifest),
                counted(manifest.files.iter().flat_map(|file| &file.checks)),
                known_holes(manifest),
            )
        }
        Outcome::NotNeeded(reason) => (
            Text::from("not needed"),
            none(),
            reason.clone(),
            none(),
            none(),
        ),
        Outcome::Failed(error) => {
            let failure = explain(error);
            let code = failure.kind.exit_code();
            let first = first_line(&failure.message);
            let failed = Text::toned(Tone::Bad, format!("FAILED ({code})"));
            (failed, none(), first, none(), none())
        }
        Outcome::Skipped => {
            let skipped = Text::toned(Tone::Caution, "skipped");
            (skipped, none(), none(), none(), none())
        }
    };
    let cells = [time, size, accounting, checks, holes];
    let cells = cells.into_iter().map(Text::from);
    let names = [Text::from(&finished.label), result];
    names.into_iter().chain(cells).collect()
}

/// The first line of a message, without what is in the lines below it.
pub(super) fn first_line(message: &str) -> String {
    let first = message.lines().next().unwrap_or_default();
    first.trim_end_matches(':').to_owned()
}

/// The targets where there is no room for a table: a line for each, of what matters most.
fn list(finished: &[FinishedTarget<'_>], width: u16) -> Text {
    let rows = finished.iter().map(|target| {
        let mut cells = row(target);
        if let Outcome::Published(built) = &target.outcome {
            let checks = built.manifest.files.iter().flat_map(|file| &file.checks);
            cells.truncate(2);
            cells.push(verdict_on(checks));
        } else {
            // The time is of no interest.
            cells.remove(2);
        }
        cells
    });
    let rows = rows.collect();
    let head = Vec::new();
    Summary { head, rows }.table_or_lines(1, width)
}

/// How many known holes there are; the manifest names them.
fn known_holes(manifest: &Manifest) -> String {
    let known = manifest.known_holes.as_ref();
    known.map(KnownHoles::summary).unwrap_or_default()
}

/// What was found about accounting, for each program where they differ.
pub(super) fn accounting(manifest: &Manifest) -> String {
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
