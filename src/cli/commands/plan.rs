//! `kmembuild plan`.

use std::borrow::Cow;
use std::ffi::OsString;
use std::sync::Arc;

use super::shared_cache::{Work, shared_cache};
use crate::attestation::SigningKey;
use crate::build::{BuildOrder, Prepared, ResultOrigin, files_to_come, prepare, result_origin};
use crate::cli::args::{BuildArguments, PlanFormat};
use crate::cli::invocation::Invocation;
use crate::cli::output::{print, print_exact};
use crate::execute::image_name;
use crate::failure::{Failure, FailureKind};
use crate::harmless::{harmless, harmless_json};
use crate::plan::canonical_json;
use crate::recipe::to_yaml;
use crate::report::{Closing, PlanSurroundings, Verbosity, output_width, plan_page, plan_verdict};

pub(crate) async fn run(
    invocation: &mut Invocation<'_>,
    recipe: &str,
    arguments: &BuildArguments,
    format: PlanFormat,
) -> Result<(), Failure> {
    let caches = &arguments.caches;
    invocation.workspace.shared_cache = shared_cache(invocation, caches, None, Work::MakesNone)?;
    // The plan is the one document on standard output: its invocation is never one for JSON.
    arguments.check(&invocation.workspace.recipe(recipe)?.recipe)?;
    let progress = invocation.progress();
    let mut order = arguments.order(recipe);
    let signing = arguments.sign_key.as_deref().map(SigningKey::read);
    order.destination.signing = signing.transpose()?.map(Arc::new);
    let prepared = prepare(&order, &invocation.workspace, &progress).await;
    progress.finish();
    let prepared = prepared?;
    let plan = &prepared.plan;
    match format {
        PlanFormat::Json => print_exact(&harmless_json(&canonical_json(plan))),
        PlanFormat::Yaml => {
            let text =
                to_yaml(plan).map_err(|reason| Failure::new(FailureKind::Internal, reason))?;
            print_exact(&harmless(&text))
        }
        PlanFormat::Text => print_page(invocation, &order, &prepared).await,
    }
}

async fn print_page(
    invocation: &Invocation<'_>,
    order: &BuildOrder,
    prepared: &Prepared,
) -> Result<(), Failure> {
    let (workspace, plan) = (&invocation.workspace, &prepared.plan);
    let progress = invocation.progress();
    let origin = result_origin(order, prepared, workspace, &progress).await;
    progress.finish();
    let (origin, _) = origin?;
    let results = workspace.results();
    let name = image_name(plan);
    let image = prepared.engine.image(&name);
    let image = workspace.unless_stopped(image).await?;
    let around = PlanSurroundings {
        origin,
        has_image: image.is_some(),
        directory: &order.directory(plan),
        files: &files_to_come(prepared, &order.destination)?,
        last: results
            .past_builds()
            .last(&plan.recipe.name, &plan.version, &plan.platform),
    };
    if invocation.verbosity() == Verbosity::Quiet {
        return print(&format!("{}\n", around.directory.display()));
    }
    let width = output_width(invocation.environment);
    print(&plan_page(prepared, &around, width))?;
    let closing = Closing::new(plan_verdict(plan, &around));
    let closing = match origin {
        ResultOrigin::Published => closing,
        ResultOrigin::Cache | ResultOrigin::Build => {
            // Whoever plans, builds the same.
            let words = without_plan(&invocation.environment.arguments);
            closing.next(&words)
        }
    };
    print(&closing.text())
}

/// The words of the command line that planned, for the build itself.
fn without_plan(arguments: &[OsString]) -> Vec<String> {
    let words = arguments.iter().skip(1).map(|word| word.to_string_lossy());
    let mut words: Vec<_> = words.map(Cow::into_owned).collect();
    match words.iter().position(|word| word == "plan") {
        Some(plan) if !words.iter().any(|word| word == "--dry-run") => {
            words.remove(plan);
        }
        _ => words.retain(|word| word != "--dry-run"),
    }
    words.retain(|word| !["-q", "--quiet", "-v", "--verbose"].contains(&word.as_str()));
    words
}
