//! `kmembuild plan`.

use crate::build::prepare;
use crate::cli::args::{BuildArguments, PlanFormat};
use crate::cli::invocation::Invocation;
use crate::cli::output::print;
use crate::failure::{Failure, FailureKind};
use crate::plan::canonical_json;
use crate::recipe::to_yaml;

pub(crate) async fn run(
    invocation: &Invocation<'_>,
    recipe: &str,
    arguments: &BuildArguments,
    format: PlanFormat,
) -> Result<(), Failure> {
    // The plan is the one document on standard output: its invocation is never one for JSON.
    arguments.check(&invocation.workspace.recipe(recipe)?.recipe)?;
    let progress = invocation.progress();
    let order = arguments.order(recipe);
    let prepared = prepare(&order, &invocation.workspace, &progress).await;
    progress.finish();
    let plan = prepared?.plan;
    let text = match format {
        PlanFormat::Json => canonical_json(&plan),
        PlanFormat::Yaml => {
            to_yaml(&plan).map_err(|reason| Failure::new(FailureKind::Internal, reason))?
        }
    };
    print(&text)
}
