//! `kmembuild plan`.

use crate::build::prepare;
use crate::cli::args::{BuildArguments, Format};
use crate::cli::invocation::Invocation;
use crate::cli::output::print;
use crate::failure::{Failure, FailureKind};
use crate::plan::canonical_json;
use crate::recipe::to_yaml;
use crate::report::Progress;

pub(crate) async fn run(
    invocation: &Invocation<'_>,
    recipe: &str,
    arguments: &BuildArguments,
) -> Result<(), Failure> {
    // The plan is the one document on standard output, so that progress is never JSON here.
    let progress = Progress::new(
        false,
        invocation.environment.progress_terminal,
        invocation.verbosity(),
    );
    let order = arguments.order(recipe);
    let prepared = prepare(&order, &invocation.workspace, &progress).await;
    progress.finish();
    let plan = prepared?.plan;
    let text = match invocation.global.format {
        Some(Format::Json) => canonical_json(&plan),
        Some(Format::Yaml | Format::Text | Format::Prometheus) | None => {
            to_yaml(&plan).map_err(|reason| Failure::new(FailureKind::Internal, reason))?
        }
    };
    print(&text)
}
