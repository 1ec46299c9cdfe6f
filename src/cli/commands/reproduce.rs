//! `kmembuild reproduce`: a published result is built again from nothing, by its plan, and compared.

use std::path::Path;
use std::time::Instant;

use serde::Serialize;

use crate::build::ResultOrigin;
use crate::cli::args::ReproduceArguments;
use crate::cli::dry_run::real_run;
use crate::cli::invocation::Invocation;
use crate::cli::output::{print, print_exact};
use crate::engine::Image;
use crate::execute::image_name;
use crate::failure::{Failure, FailureDocument};
use crate::harmless::harmless_json;
use crate::number_of::number_of;
use crate::plan::canonical_json;
use crate::report::{
    Closing, PlanSurroundings, Verbosity, duration, json_line, output_width, plan_page,
    reproduction_text,
};
use crate::reproduce::{
    PlannedReproduction, ReproduceError, Reproduction, plan_reproduction, reproduce,
};

/// Builds again, compares, prints.
pub(crate) async fn run(
    invocation: &Invocation<'_>,
    arguments: &ReproduceArguments,
) -> Result<(), Failure> {
    if arguments.dry_run {
        return show(invocation, arguments).await;
    }
    let (progress, begun) = (invocation.progress(), Instant::now());
    let done = reproduce(&arguments.order(), &invocation.workspace, &progress).await;
    progress.finish();
    let done = done.map_err(Failure::from);
    if invocation.json() {
        let outcome = match &done {
            Ok(reproduction) => Outcome::Compared {
                reproduction,
                closing: closing(reproduction, begun),
            },
            Err(failure) => Outcome::Failed(failure.document()),
        };
        if let Ok(line) = json_line(&outcome) {
            print_exact(&line)?;
        }
    } else if let Ok(reproduction) = &done
        && (!reproduction.reproduced || invocation.verbosity() != Verbosity::Quiet)
    {
        let width = output_width(invocation.environment);
        print(&reproduction_text(reproduction, width))?;
        if let Some(closing) = closing(reproduction, begun) {
            print(&closing.text())?;
        }
    }
    let reproduction = done?;
    if reproduction.reproduced {
        return Ok(());
    }
    Err(ReproduceError::Different {
        reproduction: Box::new(reproduction),
        kept: arguments.output.clone(),
    }
    .into())
}

/// Shows the plan by which it would be built again. As for `plan`, the source is fetched for it.
async fn show(invocation: &Invocation<'_>, arguments: &ReproduceArguments) -> Result<(), Failure> {
    let workspace = &invocation.workspace;
    let progress = invocation.progress();
    let planned = plan_reproduction(&arguments.order(), workspace, &progress).await;
    progress.finish();
    let PlannedReproduction {
        published,
        prepared,
        ..
    } = planned?;
    let plan = &prepared.plan;
    if invocation.json() {
        return print_exact(&harmless_json(&canonical_json(plan)));
    }
    if invocation.verbosity() == Verbosity::Quiet {
        return Ok(());
    }
    let name = image_name(plan);
    let image = workspace
        .unless_stopped(prepared.engine.image(&name))
        .await?;
    let files = published.manifest.files.iter();
    let files: Vec<_> = files.map(|file| file.name.clone()).collect();
    let kept = arguments.output.as_deref();
    let around = PlanSurroundings {
        origin: ResultOrigin::Build,
        // Another one of that name is of no use.
        has_image: image.as_ref().and_then(Image::known_content)
            == Some(&published.manifest.image.content),
        directory: kept.unwrap_or(Path::new("a temporary directory")),
        files: &files,
        last: None,
    };
    print(&plan_page(
        &prepared,
        &around,
        output_width(invocation.environment),
    ))?;
    let files = number_of(files.len(), "file");
    let verdict = format!(
        "would build {files} again, and compare with {}",
        published.directory.display()
    );
    let closing = Closing::new(verdict).next(&real_run(invocation.environment));
    print(&closing.text())
}

/// How many files are equal, and how long that took. Of what is not reproduced, the error says it.
fn closing(reproduction: &Reproduction, begun: Instant) -> Option<Closing> {
    let number = reproduction.files.len();
    let files = number_of(number, "file");
    let took = duration(begun.elapsed());
    let verdict = format!("reproduced: {number} of {files} equal, in {took}");
    reproduction.reproduced.then(|| Closing::new(verdict))
}

/// The last line of `--format json`.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
enum Outcome<'a> {
    Compared {
        #[serde(flatten)]
        reproduction: &'a Reproduction,
        #[serde(flatten)]
        closing: Option<Closing>,
    },
    Failed(FailureDocument<'a>),
}
