//! `kmembuild reproduce`: a published result is built again from nothing, by its plan, and compared.

use std::time::Instant;

use serde::Serialize;

use crate::cli::args::ReproduceArguments;
use crate::cli::invocation::Invocation;
use crate::cli::output::{print, print_exact};
use crate::failure::{Failure, FailureDocument};
use crate::report::{Closing, Verbosity, duration, json_line, output_width, reproduction_text};
use crate::reproduce::{ReproduceError, Reproduction, reproduce};

/// Builds again, compares, prints.
pub(crate) async fn run(
    invocation: &Invocation<'_>,
    arguments: &ReproduceArguments,
) -> Result<(), Failure> {
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

/// How many files are equal, and how long that took. Of what is not reproduced, the error says it.
fn closing(reproduction: &Reproduction, begun: Instant) -> Option<Closing> {
    let number = reproduction.files.len();
    let files = if number == 1 { "file" } else { "files" };
    let took = duration(begun.elapsed());
    let verdict = format!("reproduced: {number} of {number} {files} equal, in {took}");
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
