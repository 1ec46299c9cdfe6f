//! `kmembuild kmem reproduce`.

use std::path::{Path, PathBuf};

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::hangup::or_at_hangup;
use crate::cli::args::{ExhaustArguments, Format};
use crate::cli::output::print;
use crate::exhaust::{End, ExhaustError, Filled, Leftover, RESERVE, clean_up, fill};
use crate::failure::{Failure, FailureKind};
use crate::host::kmem::{MEMORY_CGROUP_IDS, find_hierarchy};
use crate::plan::canonical_json;
use crate::report::JSON_FORMAT;

/// `kmem reproduce --format json`.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Document {
    format: u32,
    filled: Option<Filled>,
    cleaned_up: Option<Vec<Leftover>>,
}

pub(crate) async fn run(
    arguments: &ExhaustArguments,
    cancel: &CancellationToken,
) -> Result<(), Failure> {
    let json = arguments.format == Format::Json;
    if let (Some(count), false) = (arguments.count, arguments.yes) {
        let text = format!(
            "{count} memory cgroups would be made on this machine, on which new pods may fail meanwhile"
        );
        return Err(Failure::new(FailureKind::Usage, text).hint("--yes does it"));
    }
    let hierarchy = find_hierarchy(arguments.root.as_deref());
    let root = hierarchy
        .map_err(|error| Failure::new(FailureKind::CannotTell, error))?
        .root;
    match arguments.count {
        Some(count) => filled(root, count, json, cancel).await,
        None => cleaned_up(&root, json),
    }
}

async fn filled(
    root: PathBuf,
    count: u64,
    json: bool,
    cancel: &CancellationToken,
) -> Result<(), Failure> {
    // A lost connection must not leave the machine full.
    let stop = or_at_hangup(cancel);
    let filled = tokio::task::spawn_blocking(move || fill(&root, count, &stop)).await;
    let filled = filled.map_err(|error| Failure::new(FailureKind::Internal, error))?;
    let filled = filled.map_err(failure)?;
    let interrupted = filled.end == End::Interrupted;
    let left = filled.left.clone();
    print(&if json {
        canonical_json(&Document {
            format: JSON_FORMAT,
            filled: Some(filled),
            cleaned_up: None,
        })
    } else {
        text(&filled)
    })?;
    if !left.is_empty() {
        let failure = Failure::new(FailureKind::Output, left.join("; "));
        return Err(failure.hint("`kmembuild kmem reproduce --cleanup` tries it again"));
    }
    if interrupted {
        let text = "interrupted; all memory cgroups that were made are removed";
        return Err(Failure::new(FailureKind::Interrupted, text));
    }
    Ok(())
}

fn text(filled: &Filled) -> String {
    let number = |value: Option<u64>| {
        value.map_or_else(|| "an unknown number".to_owned(), |value| value.to_string())
    };
    let made = filled.made;
    let mut text = format!(
        "{made} of {} memory cgroups made in {}; {} of {MEMORY_CGROUP_IDS} were in use then, {} before\n",
        filled.wanted,
        filled.folder.display(),
        number(filled.in_use_then),
        filled.in_use_before,
    );
    text += &match &filled.end {
        End::Refused {
            cgroup,
            error,
            no_space: true,
        } => format!(
            "mkdir {}: {error}\nThe kernel has no room for another memory cgroup. kubelet and runc get the same error for \
             the cgroups of a new pod, which then does not start\n",
            cgroup.display()
        ),
        End::Refused { cgroup, error, .. } => format!(
            "mkdir {}: {error}\nThis is not the error of the leak, which is that no space is left on device\n",
            cgroup.display()
        ),
        End::Reached => format!(
            "No error: there was room for all of them. The error cannot be shown here as long as others do not hold the \
             rest, since the last {RESERVE} are left to the machine\n"
        ),
        End::Reserve => format!(
            "Stopped without an error: others made some, too, and the last {RESERVE} are left to them\n"
        ),
        End::Memory => {
            "Stopped without an error: less than a tenth of the machine's memory is available, and is left to others\n"
                .to_owned()
        }
        End::Interrupted => "Interrupted\n".to_owned(),
    };
    if filled.left.is_empty() {
        text += &format!(
            "All of them are removed; {} are in use now\n",
            number(filled.in_use_after)
        );
    }
    if !filled.counts_removed {
        text += "This kernel does not count removed cgroups that it still keeps, which is what leaks: they hold numbers as well\n";
    }
    text
}

fn cleaned_up(root: &Path, json: bool) -> Result<(), Failure> {
    let leftovers = clean_up(root).map_err(failure)?;
    let problems: Vec<_> = leftovers
        .iter()
        .flat_map(|leftover| leftover.problems.clone())
        .collect();
    let mut text = String::new();
    for leftover in &leftovers {
        let (folder, cgroups) = (leftover.folder.display(), leftover.cgroups);
        text += &if leftover.in_use {
            format!("left {folder} alone: a live run works with it\n")
        } else if leftover.problems.is_empty() {
            format!("removed {folder} with {cgroups} cgroups\n")
        } else {
            String::new()
        };
    }
    if leftovers.is_empty() {
        text = format!("nothing was left in {}\n", root.display());
    }
    print(&if json {
        canonical_json(&Document {
            format: JSON_FORMAT,
            filled: None,
            cleaned_up: Some(leftovers),
        })
    } else {
        text
    })?;
    if problems.is_empty() {
        return Ok(());
    }
    let failure = Failure::new(FailureKind::Output, problems.join("; "));
    Err(failure.hint(
        "a cgroup with processes in it cannot be removed; these are none that kmembuild started",
    ))
}

fn failure(error: ExhaustError) -> Failure {
    let kind = match &error {
        ExhaustError::NotRoot | ExhaustError::TooMany { .. } => FailureKind::Usage,
        ExhaustError::NoMemoryCgroup { .. }
        | ExhaustError::NotCounted
        | ExhaustError::Leftover { .. }
        | ExhaustError::Folder { .. }
        | ExhaustError::Search { .. } => FailureKind::CannotTell,
    };
    Failure::new(kind, error)
}
