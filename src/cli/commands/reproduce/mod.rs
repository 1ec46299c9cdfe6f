//! `kmembuild reproduce`: a published result is built again from nothing, by its plan, and compared.

mod folder;
mod image;
mod inputs;
mod published;
mod rebuild;

use std::path::Path;

use serde::Serialize;

use self::folder::Folder;
use self::inputs::inputs;
use self::published::Published;
use self::rebuild::rebuild;
use super::{Invocation, print};
use crate::artifacts::MANIFEST;
use crate::cli::args::ReproduceArguments;
use crate::events::{Event, Sink};
use crate::failure::{Failed, Failure, FailureKind};
use crate::report::{Progress, Reproduction, json_line, reproduction_text};

/// Builds again, compares, prints.
pub(super) async fn run(
    invocation: &Invocation<'_>,
    arguments: &ReproduceArguments,
) -> Result<(), Failure> {
    let terminal = invocation.environment.progress_terminal;
    let progress = Progress::new(invocation.json(), terminal, invocation.verbosity());
    let done = reproduce(invocation, arguments, &progress).await;
    progress.finish();
    if invocation.json() {
        let outcome = match &done {
            Ok(reproduction) => Outcome::Compared(reproduction),
            Err(failure) => Outcome::Failed(failure.into()),
        };
        if let Ok(line) = json_line(&outcome) {
            print(&line)?;
        }
    } else if let Ok(reproduction) = &done {
        let terminal = invocation.environment.output_terminal;
        print(&reproduction_text(reproduction, terminal))?;
    }
    done.and_then(|reproduction| verdict(&reproduction, arguments.output.as_deref()))
}

/// From the manifest to what the comparison found.
async fn reproduce(
    invocation: &Invocation<'_>,
    arguments: &ReproduceArguments,
    sink: &dyn Sink,
) -> Result<Reproduction, Failure> {
    let published = Published::read(&arguments.manifest)?;
    let inputs = inputs(invocation, &published, arguments, sink).await?;
    if !inputs.same_recipe {
        let text = format!(
            "the recipe {} is another one than that of the result; what the result's own plan says is done",
            published.manifest.recipe.name
        );
        sink.event(&Event::Warning { text });
    }
    let folder = Folder::open(arguments.output.as_deref())?;
    rebuild(invocation, &published, &inputs, arguments, folder, sink).await
}

/// The failure of a result that did not come out the same.
fn verdict(reproduction: &Reproduction, kept: Option<&Path>) -> Result<(), Failure> {
    if reproduction.reproduced {
        return Ok(());
    }
    let differ = reproduction.files.iter().filter(|file| !file.equal);
    let names: Vec<_> = differ.map(|file| file.name.as_str()).collect();
    let text = format!(
        "{} is not reproduced: {} of {} files differ: {}",
        reproduction.folder,
        names.len(),
        reproduction.files.len(),
        names.join(", ")
    );
    let failure = Failure::new(FailureKind::Integrity, text);
    let failure = match kept {
        Some(kept) => failure.hint(format!("what was built now is in {}", kept.display())),
        None => failure.hint("--output DIR keeps what was built, to look into it"),
    };
    Err(if reproduction.image.same {
        failure
    } else {
        failure.hint("the toolchain image is another one, which may be all that there is to it")
    })
}

/// The last line of `--format json`.
#[derive(Serialize)]
#[serde(
    tag = "event",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case"
)]
enum Outcome<'a> {
    Compared(&'a Reproduction),
    Failed(Failed),
}

/// Where the result is whose manifest, or whose folder, is given.
fn folder_of(given: &Path) -> &Path {
    match given.parent() {
        Some(parent) if given.ends_with(MANIFEST) && !given.is_dir() => {
            if parent.as_os_str().is_empty() {
                Path::new(".")
            } else {
                parent
            }
        }
        _ => given,
    }
}
