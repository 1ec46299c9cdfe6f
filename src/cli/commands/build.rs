//! `kmembuild RECIPE`: the road from a recipe to a proven, published result.

use serde::Serialize;

use super::beside::Beside;
use super::prepare::prepare;
use super::produce::{How, NotProduced, Order, Produced, Trial, checked, produce};
use super::{Invocation, print};
use crate::artifacts::Manifest;
use crate::cli::args::BuildArguments;
use crate::failure::{Failed, Failure};
use crate::report::{Progress, check_table, json_line};

/// Builds, proves and publishes; prints the result.
pub(super) async fn run(
    invocation: &Invocation<'_>,
    name: &str,
    arguments: &BuildArguments,
) -> Result<(), Failure> {
    let terminal = invocation.environment.progress_terminal;
    let progress = Progress::new(invocation.json(), terminal, invocation.verbosity());
    let built = build(invocation, name, arguments, &progress).await;
    progress.finish();
    let result = match &built {
        Ok(produced) => Outcome::Published {
            folder: produced.folder.display().to_string(),
            how: produced.how,
            manifest: &produced.manifest,
        },
        Err(NotProduced { failure, .. }) => Outcome::Failed(failure.into()),
    };
    let terminal = invocation.environment.output_terminal;
    if invocation.json() {
        if let Ok(line) = json_line(&result) {
            print(&line)?;
        }
    } else {
        match &built {
            Ok(produced) => {
                let files: Vec<_> = produced.manifest.files.iter().map(checked).collect();
                print(&check_table(&files, terminal))?;
                print(&format!("{}\n", produced.folder.display()))?;
            }
            Err(NotProduced { unproven, .. }) if !unproven.is_empty() => {
                // That the checks failed matters more than that it cannot be shown.
                let _ = print(&check_table(unproven, terminal));
            }
            Err(_) => {}
        }
    }
    built.map(|_| ()).map_err(|error| error.failure)
}

/// From the recipe to the published result.
async fn build(
    invocation: &Invocation<'_>,
    name: &str,
    arguments: &BuildArguments,
    progress: &Progress,
) -> Result<Produced, NotProduced> {
    let prepared = prepare(invocation, name, arguments, progress).await?;
    let order = Order {
        trial: if arguments.verify_run {
            Trial::Yes
        } else {
            Trial::No
        },
        arguments,
        folder: prepared.plan.platform.clone(),
        beside: Beside::default(),
    };
    produce(invocation, &prepared, &order, progress).await
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
        how: How,
        manifest: &'a Manifest,
    },
    Failed(Failed),
}
