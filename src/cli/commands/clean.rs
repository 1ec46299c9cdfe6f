//! `kmembuild clean`.

use serde::Serialize;

use crate::cli::invocation::Invocation;
use crate::cli::output::{print, print_document};
use crate::engine::{Leftover, LeftoverKind};
use crate::execute::{Sweep, sweep};
use crate::failure::{Failure, FailureKind, with_causes};

/// `clean --format json`.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Cleaned {
    removed: Vec<Removed>,
    /// Volumes and images that containers use.
    in_use: Vec<Kept>,
    /// Containers that runs of other machines may still use.
    of_others: Vec<Kept>,
    failed: Vec<NotRemoved>,
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
    caches: bool,
    images: bool,
    all: bool,
) -> Result<(), Failure> {
    let workspace = &invocation.workspace;
    let engine = workspace.engine().await?.as_ref();
    let what = Sweep {
        dead_runs: true,
        kept: true,
        foreign: all,
        volumes: caches,
        images,
        recipe: None,
    };
    let runs = workspace.runs();
    let swept = tokio::select! {
        swept = sweep(engine, &runs, what) => swept?,
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
    if invocation.json() {
        let removed = removed.into_iter().map(|thing| Removed {
            kind: thing.kind,
            id: thing.id,
            name: thing.name,
        });
        print_document(&Cleaned {
            removed: removed.collect(),
            in_use,
            of_others,
            failed,
        })?;
    } else if removed.is_empty() && in_use.is_empty() && of_others.is_empty() && lines.is_empty() {
        print("nothing to remove\n")?;
    } else {
        for thing in removed {
            print(&format!("removed {} {}\n", thing.kind, thing.name))?;
        }
        for thing in in_use {
            let (kind, name) = (thing.kind, thing.name);
            print(&format!("kept {kind} {name}: a container uses it\n"))?;
        }
        for thing in of_others {
            let (kind, name) = (thing.kind, thing.name);
            print(&format!(
                "kept {kind} {name}: a run of another machine may use it; use --all to remove it\n"
            ))?;
        }
    }
    if lines.is_empty() {
        return Ok(());
    }
    let text = format!("could not remove some of it:{lines}");
    Err(Failure::new(FailureKind::Engine, text))
}
