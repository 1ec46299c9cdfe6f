//! `kmembuild node`.

use std::time::SystemTime;

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::kmem::hierarchy::no_hierarchy;
use crate::cli::args::{GlobalArguments, NodeArguments, StatusFormat};
use crate::cli::output::{print, print_document, print_exact};
use crate::environment::Environment;
use crate::failure::{Failure, FailureKind};
use crate::host::doctor::{Level, Line};
use crate::host::kmem::Recording;
use crate::host::node::{
    Judgement, Measurements, NodeDocument, NodeReading, NodeState, judge_node,
};
use crate::report::{
    Closing, Verbosity, kmem_metrics, node_metrics, node_text, node_verdict, output_width,
};

/// `node --format json`.
#[derive(Serialize)]
struct Answered<'a> {
    #[serde(flatten)]
    node: &'a NodeDocument,
    lines: &'a [Line],
    advice: &'a [String],
    #[serde(flatten)]
    closing: &'a Closing,
}

pub(crate) async fn run(
    environment: &Environment,
    global: &GlobalArguments,
    arguments: &NodeArguments,
    cancel: &CancellationToken,
) -> Result<(), Failure> {
    let measurements = match &arguments.measurements {
        Some(file) => {
            let recording =
                Recording::read(file).map_err(|error| Failure::new(FailureKind::Usage, error))?;
            Measurements::since_boot(recording.samples)
        }
        None => Measurements::default(),
    };
    let (search_path, root) = (environment.search_path.clone(), arguments.root.clone());
    let stop = cancel.clone();
    let reading = tokio::task::spawn_blocking(move || {
        NodeReading::read(&search_path, root.as_deref(), measurements, &|| {
            stop.is_cancelled()
        })
    });
    let mut reading = reading
        .await
        .map_err(|error| Failure::new(FailureKind::Internal, error))?;
    if cancel.is_cancelled() {
        let text = "interrupted; nothing was changed";
        return Err(Failure::new(FailureKind::Interrupted, text));
    }
    // What was to be judged could not be read: no answer about the rest is one about it.
    if arguments.root.is_some()
        && let Some(error) = reading.no_hierarchy.take()
    {
        return Err(no_hierarchy(error));
    }
    let judgement = judge_node(&reading);
    let document = NodeDocument::of(&reading, &judgement);
    let closing = closing(&document, &judgement);
    match arguments.format {
        StatusFormat::Json => print_document(&Answered {
            node: &document,
            lines: &judgement.lines,
            advice: &judgement.advice,
            closing: &closing,
        })?,
        StatusFormat::Prometheus => {
            print_exact(&node_metrics(&document))?;
            print_exact(&kmem_metrics(&reading.status, SystemTime::now()))?;
        }
        // The exit code is the answer.
        StatusFormat::Text if global.quiet => {}
        StatusFormat::Text => {
            let verbosity = if global.verbose {
                Verbosity::Verbose
            } else {
                Verbosity::Normal
            };
            let forecast = reading
                .measurements
                .forecast(document.memory_cgroups.leaked_counted);
            let width = output_width(environment);
            print(&node_text(
                &document, &judgement, forecast, verbosity, width,
            ))?;
            print(&closing.text())?;
        }
    }
    failure(&document, &judgement).map_or(Ok(()), Err)
}

fn closing(document: &NodeDocument, judgement: &Judgement) -> Closing {
    let closing = Closing::new(node_verdict(document));
    match &judgement.next {
        None => closing,
        Some(words) => {
            let words: Vec<_> = words.iter().map(String::as_str).collect();
            closing.next(&words)
        }
    }
}

/// The failure whose exit code is the answer.
fn failure(document: &NodeDocument, judgement: &Judgement) -> Option<Failure> {
    let (kind, text) = match document.state {
        NodeState::Leaks => (FailureKind::AccountingOn, "this node leaks memory cgroups"),
        NodeState::RebootNeeded => (FailureKind::RebootNeeded, "this node has to be rebooted"),
        NodeState::Unknown => (
            FailureKind::CannotTell,
            "could not determine whether this node leaks memory cgroups",
        ),
        NodeState::Cured | NodeState::NotAffected if judgement.room == Level::Fail => {
            (FailureKind::Unfit, "nearly all memory cgroups are used")
        }
        NodeState::Cured | NodeState::NotAffected => return None,
    };
    let failure = Failure::new(kind, text);
    Some(
        judgement
            .advice
            .iter()
            .cloned()
            .fold(failure, Failure::hint),
    )
}
