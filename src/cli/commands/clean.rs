//! `kmembuild clean`.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::cli::args::CleanArguments;
use crate::cli::dry_run::real_run;
use crate::cli::invocation::Invocation;
use crate::cli::output::{print, print_document};
use crate::engine::{Leftover, LeftoverKind};
use crate::environment::Environment;
use crate::execute::{Sweep, Swept, sweep, would_sweep};
use crate::failure::{Failure, FailureKind, with_causes};
use crate::number_of::number_of;
use crate::report::{Closing, Verbosity};

/// `clean --format json`.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Cleaned {
    /// Whether nothing was removed, only shown.
    dry_run: bool,
    removed: Vec<Removed>,
    /// Volumes and images that containers use.
    in_use: Vec<Kept>,
    /// Containers that runs of other machines may still use.
    of_others: Vec<Kept>,
    failed: Vec<NotRemoved>,
    #[serde(flatten)]
    closing: Closing,
}

#[derive(Serialize)]
struct Kept {
    kind: LeftoverKind,
    name: String,
}

#[derive(Serialize)]
struct NotRemoved {
    name: String,
    reason: String,
}

#[derive(Serialize)]
struct Removed {
    kind: LeftoverKind,
    id: String,
    name: String,
}

pub(crate) async fn run(
    invocation: &Invocation<'_>,
    arguments: &CleanArguments,
) -> Result<(), Failure> {
    let workspace = &invocation.workspace;
    workspace.claim_cache()?;
    let engine = workspace.engine().await?.as_ref();
    let what = Sweep {
        dead_runs: true,
        kept: true,
        foreign: arguments.all,
        volumes: arguments.caches,
        images: arguments.images,
        recipe: None,
    };
    let runs = workspace.runs();
    let sweeping = async {
        if arguments.dry_run {
            would_sweep(engine, &runs, what).await
        } else {
            sweep(engine, &runs, what).await
        }
    };
    let swept = tokio::select! {
        swept = sweeping => swept?,
        () = invocation.workspace.cancel.cancelled() => {
            let text = "interrupted; some of it may have been removed; use `kmembuild clean` to remove the rest";
            return Err(Failure::new(FailureKind::Interrupted, text));
        }
    };
    tell(invocation, arguments, swept)
}

/// Says what was removed, or would be, and fails if something could not be.
fn tell(
    invocation: &Invocation<'_>,
    arguments: &CleanArguments,
    swept: Swept,
) -> Result<(), Failure> {
    let failed: Vec<_> = swept
        .failed
        .iter()
        .map(|(name, error)| NotRemoved {
            name: name.clone(),
            reason: with_causes(error),
        })
        .collect();
    let lines: String = failed
        .iter()
        .map(|thing| format!("\n  {}: {}", thing.name, thing.reason))
        .collect();
    let closing = closing(invocation.environment, arguments, &swept);
    let removed = swept.removed;
    let kept = |things: Vec<Leftover>| -> Vec<_> {
        let things = things.into_iter();
        things
            .map(|thing| Kept {
                kind: thing.kind,
                name: thing.name,
            })
            .collect()
    };
    let (in_use, of_others) = (kept(swept.in_use), kept(swept.of_others));
    if invocation.json() {
        let removed = removed.into_iter().map(|thing| Removed {
            kind: thing.kind,
            id: thing.id,
            name: thing.name,
        });
        print_document(&Cleaned {
            dry_run: arguments.dry_run,
            removed: removed.collect(),
            in_use,
            of_others,
            failed,
            closing,
        })?;
    } else if invocation.verbosity() != Verbosity::Quiet {
        let verb = verb(arguments);
        for thing in removed {
            print(&format!("{verb} {} {}\n", thing.kind, thing.name))?;
        }
        for thing in in_use {
            let (kind, name) = (thing.kind, thing.name);
            print(&format!("kept {kind} {name}: a container uses it\n"))?;
        }
        for thing in of_others {
            let (kind, name) = (thing.kind, thing.name);
            print(&format!(
                "kept {kind} {name}: a run of another machine may use it\n"
            ))?;
        }
        print(&closing.text())?;
    }
    if lines.is_empty() {
        return Ok(());
    }
    let text = format!("could not remove some of it:{lines}");
    Err(Failure::new(FailureKind::Engine, text))
}

fn verb(arguments: &CleanArguments) -> &'static str {
    if arguments.dry_run {
        "would remove"
    } else {
        "removed"
    }
}

/// How many of each kind were removed, how the rest is, and how that is removed.
fn closing(environment: &Environment, arguments: &CleanArguments, swept: &Swept) -> Closing {
    let removed = &swept.removed;
    let mut numbers: BTreeMap<LeftoverKind, usize> = BTreeMap::new();
    for thing in removed {
        *numbers.entry(thing.kind).or_default() += 1;
    }
    let mut parts: Vec<_> = numbers
        .into_iter()
        .map(|(kind, number)| number_of(number, &kind.to_string()))
        .collect();
    if parts.is_empty() {
        parts.push("nothing".to_owned());
    }
    let mut verdict = format!("{} {}", verb(arguments), parts.join(", "));
    let kept = swept.in_use.len() + swept.of_others.len();
    if kept > 0 {
        verdict += &format!("; kept {kept}");
    } else if removed.is_empty() && swept.failed.is_empty() {
        "nothing to remove".clone_into(&mut verdict);
    }
    let closing = Closing::new(verdict);
    if arguments.dry_run && !removed.is_empty() {
        closing.next(&real_run(environment))
    } else if swept.of_others.is_empty() {
        closing
    } else {
        closing.next(&["clean", "--all"])
    }
}
