//! What came of a release, for the CI systems that show it beside a job.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use super::release_summary::{accounting, closing, first_line, summary};
use crate::artifacts::replace_file;
use crate::cli::args::ReleaseArguments;
use crate::cli::explain::explain;
use crate::cli::invocation::Invocation;
use crate::failure::{Failure, FailureKind};
use crate::harmless::{harmless, harmless_markdown};
use crate::release::{FinishedTarget, Outcome, ReleaseFile};
use crate::report::{ReportedResult, ReportedTarget, counted, junit};

/// Adds to the job summary of GitHub Actions, and writes the report that was asked for.
pub(super) fn write_ci_reports(
    invocation: &Invocation<'_>,
    arguments: &ReleaseArguments,
    file: &ReleaseFile,
    finished: &[FinishedTarget<'_>],
    took: Duration,
) -> Result<(), Failure> {
    if let Some(path) = &invocation.environment.github_summary {
        let text = markdown(file, finished, took);
        let summary = File::options().append(true).create(true).open(path);
        summary
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(|error| {
                let what = "the job summary (GITHUB_STEP_SUMMARY)";
                unwritten(what, path, &error.to_string())
            })?;
    }
    if let Some(path) = &arguments.junit {
        let targets: Vec<_> = finished.iter().map(reported).collect();
        let what = "the JUnit report";
        let text =
            junit(&targets, took).map_err(|error| unwritten(what, path, &error.to_string()))?;
        replace_file(path, text.as_bytes(), 0o644)
            .map_err(|error| unwritten(what, path, &error.to_string()))?;
    }
    Ok(())
}

fn unwritten(what: &str, path: &Path, error: &str) -> Failure {
    let text = format!("could not write {what} {}: {error}", path.display());
    Failure::new(FailureKind::Output, text)
}

/// The table, the total, and each failure.
fn markdown(file: &ReleaseFile, finished: &[FinishedTarget<'_>], took: Duration) -> String {
    let mut text = summary(finished).markdown("kmembuild release");
    let total = closing(file, finished, took).verdict.to_string();
    text += &format!("\n{}\n", harmless_markdown(&total));
    for target in finished {
        if let Some(error) = target.error() {
            text += &failure_markdown(&target.label, &explain(error));
        }
    }
    text
}

/// A failure with all that is said on a terminal: its reason, and the end of its log.
fn failure_markdown(target: &str, failure: &Failure) -> String {
    let mut text = format!("\n**{}**\n\n", harmless_markdown(target));
    // Indented, it is shown as it is, whatever it contains.
    for line in harmless(&failure.render()).lines() {
        text += &format!("    {line}\n");
    }
    text
}

fn reported(target: &FinishedTarget<'_>) -> ReportedTarget {
    let result = match &target.outcome {
        Outcome::Published(built) => {
            let checks = built.manifest.files.iter().flat_map(|file| &file.checks);
            let (how, checks) = (built.outcome.words(), counted(checks));
            let found = accounting(&built.manifest);
            ReportedResult::Published(format!("{how}\n{found}\n{checks}\n"))
        }
        Outcome::NotNeeded(reason) => ReportedResult::Skipped(reason.clone()),
        Outcome::Skipped => ReportedResult::Skipped("another target failed".to_owned()),
        Outcome::Failed(error) => {
            let failure = explain(error);
            ReportedResult::Failed {
                message: first_line(&failure.message),
                text: failure.render(),
            }
        }
    };
    ReportedTarget {
        name: target.label.clone(),
        took: target.took,
        result,
    }
}
