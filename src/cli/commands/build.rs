//! `kmembuild RECIPE`: the road from a recipe to a proven, published result.

use std::sync::Arc;

use serde::Serialize;

use super::shared_cache::{Work, shared_cache};
use crate::artifacts::{Manifest, ManifestFile};
use crate::attestation::SigningKey;
use crate::build::{self, BuildError, BuildResult, CacheOutcome, FailedBuild};
use crate::cli::args::BuildArguments;
use crate::cli::explain::explain;
use crate::cli::invocation::Invocation;
use crate::cli::output::{print, print_exact};
use crate::events::Sink as _;
use crate::failure::{Failure, FailureDocument};
use crate::report::{
    CheckedFile, Closing, Text, Verbosity, check_table, json_line, output_width, verdict_on,
};
use crate::verify::CheckName;

/// Builds, proves and publishes; prints the result.
pub(crate) async fn run(
    invocation: &mut Invocation<'_>,
    recipe: &str,
    arguments: &BuildArguments,
) -> Result<(), Failure> {
    arguments.check(&invocation.workspace.recipe(recipe)?.recipe)?;
    let (caches, sign_key) = (&arguments.caches, arguments.sign_key.as_deref());
    let mut order = arguments.order(recipe);
    order.destination.signing = sign_key.map(SigningKey::read).transpose()?.map(Arc::new);
    invocation.workspace.shared_cache = shared_cache(invocation, caches, sign_key, Work::Makes)?;
    let progress = invocation.progress();
    if let Some(warning) = order
        .destination
        .signing
        .as_ref()
        .and_then(|key| key.warning())
    {
        progress.event(&warning.into());
    }
    let built = build::run(&order, &invocation.workspace, &progress).await;
    progress.finish();
    match built {
        Ok(result) => print_result(invocation, &result),
        Err(failed) => Err(print_failure(invocation, &failed)),
    }
}

fn print_result(invocation: &Invocation<'_>, result: &BuildResult) -> Result<(), Failure> {
    let directory = result.directory.display().to_string();
    let closing = closing(result, &directory);
    if invocation.json() {
        return print_line(&Outcome::Published {
            folder: directory,
            how: result.outcome,
            manifest: &result.manifest,
            closing,
        });
    }
    if invocation.verbosity() == Verbosity::Quiet {
        return print(&format!("{directory}\n"));
    }
    let manifest = &result.manifest;
    // Where nothing was done, the verdict says it all.
    if result.outcome != CacheOutcome::Unchanged || invocation.verbosity() == Verbosity::Verbose {
        print(&table(invocation, &manifest.files))?;
    }
    if let Some(known) = &manifest.known_holes {
        let known = known.line(&manifest.version);
        print(&Text::message(format!("{known}\n")))?;
    }
    print(&closing.text())
}

/// What was published, and how it comes to a node.
fn closing(result: &BuildResult, directory: &str) -> Closing {
    let manifest = &result.manifest;
    let checks = manifest.files.iter().flat_map(|file| &file.checks);
    let subject = format!("{} {}: ", manifest.recipe.name, manifest.version);
    let place = format!(", {} -> {directory}", result.outcome.words());
    let verdict = Text::from(subject) + verdict_on(checks) + place;
    let closing = Closing::new(verdict);
    // What has nothing to do with accounting is nothing for a node.
    let is_for_nodes = manifest.files.iter().any(|file| {
        let mut checks = file.checks.iter();
        checks.any(|check| check.name == CheckName::Kmem)
    });
    if is_for_nodes {
        closing.next(&["node-script", directory, "--output", "node.sh"])
    } else {
        closing.next(&["verify", directory])
    }
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

fn table(invocation: &Invocation<'_>, files: &[ManifestFile]) -> Text {
    let files: Vec<_> = files.iter().map(CheckedFile::from).collect();
    let width = output_width(invocation.environment);
    check_table(&files, invocation.verbosity(), width)
}

fn print_line(outcome: &Outcome<'_>) -> Result<(), Failure> {
    match json_line(outcome) {
        Ok(line) => print_exact(&line),
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
        #[serde(flatten)]
        closing: Closing,
    },
    Failed(FailureDocument<'a>),
}
