//! `kmembuild RECIPE`: the road from a recipe to a proven, published result.

use serde::Serialize;

use crate::artifacts::{Manifest, ManifestFile};
use crate::build::{self, BuildError, BuildResult, CacheOutcome, FailedBuild};
use crate::cli::args::BuildArguments;
use crate::cli::explain::explain;
use crate::cli::invocation::Invocation;
use crate::cli::output::print;
use crate::failure::{Failure, FailureDocument};
use crate::report::{CheckedFile, check_table, json_line};

/// Builds, proves and publishes; prints the result.
pub(crate) async fn run(
    invocation: &Invocation<'_>,
    recipe: &str,
    arguments: &BuildArguments,
) -> Result<(), Failure> {
    let progress = invocation.progress();
    let order = arguments.order(recipe);
    let built = build::run(&order, &invocation.workspace, &progress).await;
    progress.finish();
    match built {
        Ok(result) => print_result(invocation, &result),
        Err(failed) => Err(print_failure(invocation, &failed)),
    }
}

fn print_result(invocation: &Invocation<'_>, result: &BuildResult) -> Result<(), Failure> {
    let directory = result.directory.display().to_string();
    if invocation.json() {
        return print_line(&Outcome::Published {
            folder: directory,
            how: result.outcome,
            manifest: &result.manifest,
        });
    }
    let manifest = &result.manifest;
    print(&table(invocation, &manifest.files))?;
    if let Some(known) = &manifest.known_holes {
        print(&format!("{}\n", known.line(&manifest.version)))?;
    }
    print(&format!("{directory}\n"))
}

/// Prints what is known of a result that does not pass its checks. That it does not matters more than that it cannot be
/// shown.
fn print_failure(invocation: &Invocation<'_>, failed: &FailedBuild) -> Failure {
    let failure = explain(failed);
    if invocation.json() {
        let _ = print_line(&Outcome::Failed(failure.document()));
    } else if let BuildError::Unproven { files } = &failed.error {
        let _ = print(&table(invocation, files));
    }
    failure
}

fn table(invocation: &Invocation<'_>, files: &[ManifestFile]) -> String {
    let files: Vec<_> = files.iter().map(CheckedFile::from).collect();
    check_table(&files, invocation.environment.output_terminal)
}

fn print_line(outcome: &Outcome<'_>) -> Result<(), Failure> {
    match json_line(outcome) {
        Ok(line) => print(&line),
        Err(_) => Ok(()),
    }
}

/// The last line of `--format json`.
#[derive(Serialize)]
#[serde(
    tag = "event",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case"
)]
enum Outcome<'a> {
    Published {
        folder: String,
        how: CacheOutcome,
        manifest: &'a Manifest,
    },
    Failed(FailureDocument<'a>),
}
