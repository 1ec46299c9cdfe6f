//! `kmembuild clean`.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::cli::invocation::Invocation;
use crate::cli::output::{print, print_document};
use crate::engine::{Leftover, LeftoverKind};
use crate::execute::{Sweep, sweep, would_sweep};
use crate::failure::{Failure, FailureKind, with_causes};
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
    what: Sweep<'_>,
    dry_run: bool,
) -> Result<(), Failure> {
    let workspace = &invocation.workspace;
    let engine = workspace.engine().await?.as_ref();
    let runs = workspace.runs();
    let sweeping = async {
        if dry_run {
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
    let verb = if dry_run { "would remove" } else { "removed" };
    let closing = closing(
        verb,
        &removed,
        in_use.len() + of_others.len(),
        failed.is_empty(),
    );
    let closing = if dry_run && !removed.is_empty() {
        let chosen = [
            (what.volumes, "--caches"),
            (what.images, "--images"),
            (what.foreign, "--all"),
        ];
        let chosen = chosen.iter().filter(|(chosen, _)| *chosen);
        let words: Vec<_> = ["clean"]
            .into_iter()
            .chain(chosen.map(|(_, word)| *word))
            .collect();
        closing.next(&words)
    } else if of_others.is_empty() {
        closing
    } else {
        closing.next(&["clean", "--all"])
    };
    if invocation.json() {
        let removed = removed.into_iter().map(|thing| Removed {
            kind: thing.kind,
            id: thing.id,
            name: thing.name,
        });
        print_document(&Cleaned {
            dry_run,
            removed: removed.collect(),
            in_use,
            of_others,
            failed,
            closing,
        })?;
    } else if invocation.verbosity() != Verbosity::Quiet {
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

/// How many of each kind were removed, and how the rest is.
fn closing(verb: &str, removed: &[Leftover], kept: usize, is_whole: bool) -> Closing {
    let mut numbers: BTreeMap<LeftoverKind, usize> = BTreeMap::new();
    for thing in removed {
        *numbers.entry(thing.kind).or_default() += 1;
    }
    let mut parts: Vec<_> = numbers
        .into_iter()
        .map(|(kind, number)| match number {
            1 => format!("1 {kind}"),
            number => format!("{number} {kind}s"),
        })
        .collect();
    if parts.is_empty() {
        parts.push("nothing".to_owned());
    }
    let mut verdict = format!("{verb} {}", parts.join(", "));
    if kept > 0 {
        verdict += &format!("; kept {kept}");
    } else if removed.is_empty() && is_whole {
        "nothing to remove".clone_into(&mut verdict);
    }
    Closing::new(verdict)
}
