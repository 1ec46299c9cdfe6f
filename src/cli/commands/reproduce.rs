//! `kmembuild reproduce`: a published result is built again from nothing, by its plan, and compared.

use serde::Serialize;

use crate::cli::args::ReproduceArguments;
use crate::cli::invocation::Invocation;
use crate::cli::output::{print, print_exact};
use crate::failure::{Failure, FailureDocument};
use crate::report::{json_line, output_width, reproduction_text};
use crate::reproduce::{ReproduceError, Reproduction, reproduce};

/// Builds again, compares, prints.
pub(crate) async fn run(
    invocation: &Invocation<'_>,
    arguments: &ReproduceArguments,
) -> Result<(), Failure> {
    let progress = invocation.progress();
    let done = reproduce(&arguments.order(), &invocation.workspace, &progress).await;
    progress.finish();
    let done = done.map_err(Failure::from);
    if invocation.json() {
        let outcome = match &done {
            Ok(reproduction) => Outcome::Compared(reproduction),
            Err(failure) => Outcome::Failed(failure.document()),
        };
        if let Ok(line) = json_line(&outcome) {
            print_exact(&line)?;
        }
    } else if let Ok(reproduction) = &done {
        let width = output_width(invocation.environment);
        print(&reproduction_text(reproduction, width))?;
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

/// The last line of `--format json`.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
enum Outcome<'a> {
    Compared(&'a Reproduction),
    Failed(FailureDocument<'a>),
}
