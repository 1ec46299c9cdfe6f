//! `kmembuild kmem exhaust`.

use std::path::{Path, PathBuf};

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::hangup::or_at_hangup;
use super::hierarchy::no_hierarchy;
use crate::cli::args::{ExhaustArguments, Format};
use crate::cli::dry_run::real_run;
use crate::cli::output::{print, print_document};
use crate::environment::Environment;
use crate::exhaust::{
    End, ExhaustError, Filled, Leftover, RESERVE, check, clean_up, fill, leftovers,
};
use crate::failure::{Failure, FailureKind};
use crate::host::kmem::{MEMORY_CGROUP_IDS, find_hierarchy};
use crate::number_of::number_of;
use crate::report::{Closing, Text};

/// `kmem exhaust --format json`.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Document {
    filled: Option<Filled>,
    cleaned_up: Option<Vec<Leftover>>,
    /// Only of what came to its end; of what did not, the error says it.
    #[serde(flatten)]
    closing: Option<Closing>,
}

pub(crate) async fn run(
    environment: &Environment,
    arguments: &ExhaustArguments,
    cancel: &CancellationToken,
) -> Result<(), Failure> {
    let json = arguments.format == Format::Json;
    let confirmed = arguments.yes || arguments.dry_run;
    if let (Some(count), false) = (arguments.count, confirmed) {
        let text = format!(
            "this would make {count} memory cgroups on this machine, and new pods may fail meanwhile"
        );
        return Err(Failure::new(FailureKind::Usage, text).hint("use --yes to confirm"));
    }
    let hierarchy = find_hierarchy(arguments.root.as_deref());
    let root = hierarchy.map_err(no_hierarchy)?.root;
    if arguments.dry_run {
        return show(environment, arguments, &root);
    }
    match arguments.count {
        Some(count) => filled(root, count, json, cancel).await,
        None => cleaned_up(&root, json),
    }
}

/// `kmem exhaust --dry-run --format json`.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Shown {
    /// Always: nothing was made or removed, only shown.
    dry_run: bool,
    /// Memory cgroups in use, where some would be made.
    in_use: Option<u64>,
    /// What would be removed.
    leftovers: Option<Vec<Leftover>>,
    #[serde(flatten)]
    closing: Closing,
}

/// Shows what would be made, or removed.
fn show(
    environment: &Environment,
    arguments: &ExhaustArguments,
    root: &Path,
) -> Result<(), Failure> {
    let path = root.display();
    let (in_use, left) = match arguments.count {
        Some(count) => (Some(check(root, count).map_err(failure)?), None),
        None => (None, Some(leftovers(root).map_err(failure)?)),
    };
    let mut lines = String::new();
    let verdict = match (arguments.count, in_use, &left) {
        (Some(count), Some(in_use), _) => format!(
            "would make {count} memory cgroups in {path}, and remove them; {in_use} of {MEMORY_CGROUP_IDS} are in use"
        ),
        (_, _, Some(left)) if left.is_empty() => format!("nothing was left behind in {path}"),
        (_, _, left) => {
            let left = left.iter().flatten();
            let (used, unused): (Vec<_>, Vec<_>) = left.partition(|leftover| leftover.in_use);
            for leftover in used {
                let folder = leftover.folder.display();
                lines += &format!("would keep {folder}: a running kmembuild is using it\n");
            }
            let cgroups: u64 = unused.iter().map(|leftover| leftover.cgroups).sum();
            format!(
                "would remove {} from {path}",
                number_of(cgroups, "memory cgroup")
            )
        }
    };
    let closing = Closing::new(verdict);
    let mut words = real_run(environment);
    let closing = match &left {
        Some(left) if left.iter().all(|leftover| leftover.in_use) => closing,
        Some(_) => closing.next(&words),
        None => {
            if !arguments.yes {
                words.push("--yes".to_owned());
            }
            closing.next(&words)
        }
    };
    if arguments.format == Format::Json {
        return print_document(&Shown {
            dry_run: true,
            in_use,
            leftovers: left,
            closing,
        });
    }
    print(&(Text::message(lines) + closing.text()))
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
    let closing = verdict(&filled).filter(|_| left.is_empty());
    let closing = closing.map(|verdict| Closing::new(verdict).next(&["kmem", "status"]));
    if json {
        print_document(&Document {
            filled: Some(filled),
            cleaned_up: None,
            closing,
        })?;
    } else {
        let closing = closing.map(|closing| closing.text());
        print(&(Text::message(text(&filled)) + closing.unwrap_or_default()))?;
    }
    if !left.is_empty() {
        let failure = Failure::new(FailureKind::Output, left.join("; "));
        return Err(failure.hint("use `kmembuild kmem exhaust --cleanup` to try again"));
    }
    if interrupted {
        let text = "interrupted; all memory cgroups that were made have been removed";
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
        "made {made} of {} memory cgroups in {}; {} of {MEMORY_CGROUP_IDS} were then in use, {} before\n",
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
            "mkdir {}: {error}\nkubelet and runc get the same error when they make the cgroups of a new pod, so the pod does not \
            start\n",
            cgroup.display()
        ),
        End::Refused { cgroup, error, .. } => format!(
            "mkdir {}: {error}\nThe leak would have failed with \"no space left on device\"\n",
            cgroup.display()
        ),
        End::Reached => format!(
            "The error cannot be provoked here: the last {RESERVE} cgroups are kept free for the system\n"
        ),
        End::Reserve => format!(
            "Other programs made cgroups as well, and the last {RESERVE} are kept free for them\n"
        ),
        End::Memory => {
            "Less than a tenth of the machine's memory is available, which is kept free for other programs\n"
                .to_owned()
        }
        End::Interrupted => "Interrupted\n".to_owned(),
    };
    if filled.left.is_empty() {
        text += &format!(
            "All of them have been removed; {} are in use now\n",
            number(filled.in_use_after)
        );
    }
    if !filled.counts_removed {
        text += "This kernel does not count leaked cgroups (removed, but still kept), although they occupy ids as well\n";
    }
    text
}

/// What the attempt showed; nothing, if it was stopped.
fn verdict(filled: &Filled) -> Option<String> {
    let made = filled.made;
    Some(match &filled.end {
        End::Refused { no_space: true, .. } => {
            format!(
                "no new pod could start: the kernel had no room for a memory cgroup after {made}"
            )
        }
        End::Refused { .. } => {
            format!("not the error of the leak: the kernel refused a memory cgroup after {made}")
        }
        End::Reached => format!("no error: there was room for all {made} memory cgroups"),
        End::Reserve | End::Memory => {
            format!("stopped without an error after {made} memory cgroups")
        }
        End::Interrupted => return None,
    })
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
            format!("kept {folder}: a running kmembuild is using it\n")
        } else if leftover.problems.is_empty() {
            format!("removed {folder} with {cgroups} cgroups\n")
        } else {
            String::new()
        };
    }
    let removed = leftovers
        .iter()
        .filter(|leftover| !leftover.in_use && leftover.problems.is_empty());
    let cgroups: u64 = removed.map(|leftover| leftover.cgroups).sum();
    let verdict = if leftovers.is_empty() {
        format!("nothing was left behind in {}", root.display())
    } else {
        format!(
            "removed {} from {}",
            number_of(cgroups, "memory cgroup"),
            root.display()
        )
    };
    let closing = problems.is_empty().then(|| Closing::new(verdict));
    if json {
        print_document(&Document {
            filled: None,
            cleaned_up: Some(leftovers),
            closing,
        })?;
    } else {
        let closing = closing.map(|closing| closing.text());
        print(&(Text::message(text) + closing.unwrap_or_default()))?;
    }
    if problems.is_empty() {
        return Ok(());
    }
    let failure = Failure::new(FailureKind::Output, problems.join("; "));
    Err(failure.hint(
        "a cgroup with processes in it cannot be removed; kmembuild did not start these processes",
    ))
}

fn failure(error: ExhaustError) -> Failure {
    let (kind, hint) = match &error {
        ExhaustError::NotRoot => (FailureKind::Usage, None),
        ExhaustError::TooMany { most, .. } => (
            FailureKind::Usage,
            Some(format!("use --count {most} or less")),
        ),
        ExhaustError::NotCounted => (FailureKind::CannotTell, None),
        ExhaustError::Leftover { .. } => (
            FailureKind::CannotTell,
            Some("use `kmembuild kmem exhaust --cleanup` to remove it".to_owned()),
        ),
        ExhaustError::NoMemoryCgroup { .. }
        | ExhaustError::Folder { .. }
        | ExhaustError::Search { .. } => (
            FailureKind::CannotTell,
            Some("use --root for another hierarchy, one that can be written to".to_owned()),
        ),
    };
    let failure = Failure::new(kind, error);
    hint.into_iter().fold(failure, Failure::hint)
}
