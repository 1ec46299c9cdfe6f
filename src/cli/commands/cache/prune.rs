//! `kmembuild cache prune`.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::Serialize;

use super::remarks::{Remarks, SHOWN_DIGITS, size, unreadable};
use crate::artifacts::cache::{Limits, ListedResult, Pruned};
use crate::cli::args::PruneArguments;
use crate::cli::dry_run::real_run;
use crate::cli::invocation::Invocation;
use crate::cli::output::{print, print_document};
use crate::engine::{Leftover, LeftoverKind};
use crate::execute::{Registrations, Sweep, Swept, sweep};
use crate::failure::{Failure, FailureKind, with_causes};
use crate::number_of::number_of;
use crate::recipe::Name;
use crate::report::{Closing, Text, Verbosity};

/// `cache prune --format json`.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Report {
    dry_run: bool,
    removed: Vec<Thing>,
    /// What was not removed because it is in use.
    in_use: Vec<Thing>,
    failed: Vec<NotRemoved>,
    /// Bytes freed by removing results.
    room: u64,
    remarks: Vec<String>,
}

/// What was done, and what it came to.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    report: &'a Report,
    #[serde(flatten)]
    closing: Closing,
}

/// A result, a volume or an image.
#[derive(Serialize)]
struct Thing {
    kind: String,
    /// The content key of a result; the name of a volume or an image.
    name: String,
    recipe: Option<String>,
    version: Option<String>,
    /// In bytes; for an image including layers that others may share. Unknown for volumes in use.
    size: Option<u64>,
}

#[derive(Serialize)]
struct NotRemoved {
    name: String,
    reason: String,
}

pub(crate) async fn run(
    invocation: &Invocation<'_>,
    arguments: &PruneArguments,
) -> Result<(), Failure> {
    let mut report = Report {
        dry_run: arguments.dry_run,
        removed: Vec::new(),
        in_use: Vec::new(),
        failed: Vec::new(),
        room: 0,
        remarks: Vec::new(),
    };
    let mut remarks = Remarks::default();
    match results(invocation, arguments) {
        Ok(pruned) => report.add_results(pruned),
        Err(error) => remarks.add(unreadable(invocation, &error)),
    }
    let of_results = report.failed.len();
    let engine = if arguments.caches || arguments.images {
        on_engine(invocation, arguments, &mut report, &mut remarks).await
    } else {
        Ok(())
    };
    remarks.tell(invocation);
    report.remarks = remarks.into_texts();
    let closing = report.closing(invocation);
    if invocation.json() {
        let report = &report;
        print_document(&Document { report, closing })?;
    } else if invocation.verbosity() != Verbosity::Quiet {
        print(&(Text::from(report.text()) + closing.text()))?;
    }
    // What was removed before the engine failed is printed anyway.
    engine?;
    report.failure(of_results)
}

fn results(invocation: &Invocation<'_>, arguments: &PruneArguments) -> std::io::Result<Pruned> {
    let configured = || invocation.workspace.configuration.cache_size();
    let limits = Limits {
        size: Some(arguments.size.map_or_else(configured, |size| size.0)),
        unused: arguments.unused.map(|span| span.0),
        recipe: arguments.recipe.as_ref().map(Name::as_str),
        own: None,
    };
    let (results, now) = (invocation.workspace.results(), SystemTime::now());
    if arguments.dry_run {
        results.would_prune(limits, now)
    } else {
        results.prune(limits, now)
    }
}

async fn on_engine(
    invocation: &Invocation<'_>,
    arguments: &PruneArguments,
    report: &mut Report,
    remarks: &mut Remarks,
) -> Result<(), Failure> {
    let what = Sweep {
        dead_runs: false,
        kept: false,
        foreign: false,
        volumes: arguments.caches,
        images: arguments.images,
        recipe: arguments.recipe.as_ref().map(Name::as_str),
    };
    let engine = invocation.workspace.engine().await?.as_ref();
    let runs = invocation.workspace.runs();
    let leftovers = engine.leftovers();
    let leftovers = invocation.workspace.unless_stopped(leftovers).await?;
    let registrations = Registrations::of(&runs);
    let chosen: Vec<_> = leftovers
        .into_iter()
        .filter(|thing| what.allows(thing, &registrations))
        .collect();
    let uses = if chosen
        .iter()
        .any(|thing| thing.kind == LeftoverKind::Volume)
    {
        super::remarks::volume_uses(invocation, engine, remarks).await?
    } else {
        BTreeMap::new()
    };
    let bytes = |thing: &Leftover| {
        let taken = uses.get(&thing.name).and_then(|taken| taken.size);
        thing.size.or(taken)
    };
    let swept = if arguments.dry_run {
        let has_container = |thing: &Leftover| {
            let containers = uses.get(&thing.name).and_then(|taken| taken.containers);
            thing.kind == LeftoverKind::Volume && containers.is_some_and(|number| number > 0)
        };
        let (in_use, removed): (Vec<_>, Vec<_>) = chosen.into_iter().partition(has_container);
        Swept {
            removed,
            in_use,
            ..Swept::default()
        }
    } else {
        tokio::select! {
            swept = sweep(engine, &runs, what) => swept?,
            () = invocation.workspace.cancel.cancelled() => {
                let text = "interrupted; some of it may have been removed";
                return Err(Failure::new(FailureKind::Interrupted, text));
            }
        }
    };
    let thing = |thing: Leftover| Thing {
        size: bytes(&thing),
        kind: thing.kind.to_string(),
        recipe: thing.labels.get(crate::engine::LABEL_RECIPE).cloned(),
        version: None,
        name: thing.name,
    };
    report.removed.extend(swept.removed.into_iter().map(thing));
    report.in_use.extend(swept.in_use.into_iter().map(thing));
    let failed = swept.failed.into_iter().map(|(name, error)| NotRemoved {
        name,
        reason: with_causes(&error),
    });
    report.failed.extend(failed);
    Ok(())
}

impl Report {
    fn add_results(&mut self, pruned: Pruned) {
        let thing = |listed: ListedResult| Thing {
            kind: "result".to_owned(),
            recipe: listed.entry.as_ref().ok().map(|of| of.recipe.clone()),
            version: listed.entry.as_ref().ok().map(|of| of.version.clone()),
            size: Some(listed.size),
            name: listed.key,
        };
        self.room = pruned.removed.iter().map(|listed| listed.room).sum();
        self.removed.extend(pruned.removed.into_iter().map(thing));
        self.in_use.extend(pruned.in_use.into_iter().map(thing));
        let failed = pruned.failed.into_iter().map(|(listed, error)| NotRemoved {
            name: listed.key,
            reason: error.to_string(),
        });
        self.failed.extend(failed);
    }

    fn text(&self) -> String {
        let mut text = String::new();
        let removed = self.done();
        for thing in &self.removed {
            text += &format!("{removed} {}\n", thing.text());
        }
        for thing in &self.in_use {
            let user = if thing.kind == "result" {
                "a running build uses"
            } else {
                "a container uses"
            };
            text += &format!("kept {}: {user} it\n", thing.text());
        }
        text
    }

    fn done(&self) -> &'static str {
        if self.dry_run {
            "would remove"
        } else {
            "removed"
        }
    }

    /// How much of each kind was removed, and how to do what was only tried.
    fn closing(&self, invocation: &Invocation<'_>) -> Closing {
        let mut parts = Vec::new();
        for kind in ["result", "volume", "image"] {
            let of_kind: Vec<_> = self
                .removed
                .iter()
                .filter(|thing| thing.kind == kind)
                .collect();
            if of_kind.is_empty() {
                continue;
            }
            let total: u64 = of_kind.iter().filter_map(|thing| thing.size).sum();
            let note = match kind {
                "result" if self.room < total => {
                    format!(
                        " (this frees {}, because the rest is also published elsewhere)",
                        size(self.room)
                    )
                }
                "image" => " (including layers that other images may share)".to_owned(),
                _ => String::new(),
            };
            parts.push(format!(
                "{}, {}{note}",
                number_of(of_kind.len(), kind),
                size(total)
            ));
        }
        let what = if parts.is_empty() {
            "nothing"
        } else {
            &parts.join("; ")
        };
        let closing = Closing::new(match (self.removed.len(), self.in_use.len()) {
            (0, 0) if self.failed.is_empty() => "nothing to remove".to_owned(),
            (0, kept) if self.failed.is_empty() => format!("nothing to remove; {kept} in use"),
            (_, 0) => format!("{} {what}", self.done()),
            (_, kept) => format!("{} {what}; {kept} in use", self.done()),
        });
        if self.dry_run && !self.removed.is_empty() {
            closing.next(&real_run(invocation.environment))
        } else {
            closing
        }
    }

    /// The failure if something could not be removed; the first `of_results` of them are results.
    fn failure(&self, of_results: usize) -> Result<(), Failure> {
        if self.failed.is_empty() {
            return Ok(());
        }
        let lines = self
            .failed
            .iter()
            .map(|thing| format!("\n  {}: {}", thing.name, thing.reason));
        let text = format!("could not remove some of it:{}", lines.collect::<String>());
        let kind = if of_results < self.failed.len() {
            FailureKind::Engine
        } else {
            FailureKind::Output
        };
        Err(Failure::new(kind, text))
    }
}

impl Thing {
    fn text(&self) -> String {
        let mut words = vec![self.kind.as_str()];
        words.extend(self.recipe.as_deref().filter(|_| self.kind == "result"));
        words.extend(self.version.as_deref());
        let name = if self.kind == "result" {
            &self.name[..SHOWN_DIGITS]
        } else {
            &self.name
        };
        words.push(name);
        let taken = self.size.map(|bytes| format!(" ({})", size(bytes)));
        words.join(" ") + &taken.unwrap_or_default()
    }
}
