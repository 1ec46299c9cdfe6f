//! `kmembuild fleet`.

use std::io;
use std::path::Path;

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::cli::args::{FleetArguments, Format, GlobalArguments};
use crate::cli::output::{print, print_document};
use crate::clock;
use crate::environment::Environment;
use crate::failure::{Failure, FailureKind};
use crate::fleet::{Documents, Fleet, MemberState, Question, SshHost, ask, read_hosts};
use crate::report::{Closing, fleet_text, fleet_verdict, output_width};

/// `fleet --format json`.
#[derive(Serialize)]
struct Compared<'a> {
    #[serde(flatten)]
    fleet: &'a Fleet,
    #[serde(flatten)]
    closing: &'a Closing,
}

pub(crate) async fn run(
    environment: &Environment,
    global: &GlobalArguments,
    arguments: &FleetArguments,
    cancel: &CancellationToken,
) -> Result<(), Failure> {
    let hosts = hosts(arguments)?;
    let files = arguments.files.clone();
    let read = tokio::task::spawn_blocking(move || {
        let mut documents = Documents::default();
        for file in &files {
            if file == Path::new("-") {
                documents.add_stream("standard input", io::stdin().lock());
            } else {
                documents.add(file);
            }
        }
        documents
    });
    let interrupted = || {
        let text = "interrupted; nothing was changed";
        Failure::new(FailureKind::Interrupted, text)
    };
    // Who writes to standard input may never end.
    let mut documents = tokio::select! {
        biased;
        () = cancel.cancelled() => return Err(interrupted()),
        read = read => read.map_err(|error| Failure::new(FailureKind::Internal, error))?,
    };
    let question = Question {
        remote: arguments.remote.clone(),
        limit: arguments.timeout.0,
        at_once: arguments.at_once.into(),
    };
    if !ask(&hosts, &question, &mut documents, cancel).await {
        return Err(interrupted());
    }
    let fleet = Fleet::of(documents);
    let now = clock::now();
    let closing = Closing::new(fleet_verdict(&fleet, now));
    if arguments.format == Format::Json {
        let (fleet, closing) = (&fleet, &closing);
        print_document(&Compared { fleet, closing })?;
    } else if !global.quiet {
        let width = output_width(environment);
        print(&fleet_text(&fleet, now, global.verbose, width))?;
        print(&closing.text())?;
    }
    failure(&fleet).map_or(Ok(()), Err)
}

/// The hosts to ask, each once.
fn hosts(arguments: &FleetArguments) -> Result<Vec<SshHost>, Failure> {
    let mut hosts = arguments.ssh.clone();
    if let Some(file) = &arguments.ssh_hosts {
        let read = read_hosts(file).map_err(|error| {
            let text = format!("could not read the hosts in {}: {error}", file.display());
            Failure::new(FailureKind::Usage, text)
        })?;
        hosts.extend(read.map_err(|(line, error)| {
            let text = format!("{}:{line}: {error}", file.display());
            Failure::new(FailureKind::Usage, text)
        })?);
    }
    let mut seen = std::collections::BTreeSet::new();
    hosts.retain(|host| seen.insert(host.clone()));
    Ok(hosts)
}

/// The failure whose exit code is that of the worst node.
fn failure(fleet: &Fleet) -> Option<Failure> {
    // `1 of 4 nodes leaks`, `3 of 4 nodes leak`
    let text = |state: MemberState, one: &str, several: &str| {
        let (count, all) = (fleet.count(state), fleet.nodes.len());
        let nodes = if all == 1 { "node" } else { "nodes" };
        let verb = if count == 1 { one } else { several };
        format!("{count} of {all} {nodes} {verb}")
    };
    let failure = match fleet.worst() {
        Some(state @ MemberState::Leaks) => {
            let text = text(state, "leaks memory cgroups", "leak memory cgroups");
            Failure::new(FailureKind::AccountingOn, text).hint(
                "on such a node, `kmembuild node` tells which program turns accounting on, and how to replace it",
            )
        }
        Some(state @ MemberState::RebootNeeded) => {
            let text = text(state, "needs a reboot", "need a reboot");
            Failure::new(FailureKind::RebootNeeded, text)
                .hint("drain them one after the other: existing cgroups keep their accounting")
        }
        Some(state @ MemberState::Unreachable) => {
            let text = text(state, "did not answer", "did not answer");
            Failure::new(FailureKind::CannotTell, text)
        }
        Some(state @ MemberState::Unknown) => {
            let text = text(state, "could not be judged", "could not be judged");
            Failure::new(FailureKind::CannotTell, text)
                .hint("on such a node, `kmembuild node -v` tells why")
        }
        Some(MemberState::Cured | MemberState::NotAffected) | None => {
            return unreadable(fleet).or_else(|| nearly_full(fleet));
        }
    };
    Some(failure)
}

/// The failure where no node that answered is bad, but not all that there is could be read.
fn unreadable(fleet: &Fleet) -> Option<Failure> {
    let text = match fleet.unreadable.as_slice() {
        [] if fleet.nodes.is_empty() => "there is nothing to compare".to_owned(),
        [] => return None,
        [one] => format!("could not read {}: {}", one.place, one.reason),
        several => format!("could not read {} documents", several.len()),
    };
    let failure = Failure::new(FailureKind::CannotTell, text);
    Some(if fleet.nodes.is_empty() {
        failure.hint("use `kmembuild node --format json` on each node to write its document")
    } else {
        failure
    })
}

/// The failure where all nodes are well otherwise.
fn nearly_full(fleet: &Fleet) -> Option<Failure> {
    let full: Vec<_> = fleet
        .nodes
        .iter()
        .filter(|node| node.is_nearly_full())
        .collect();
    let text = match full.as_slice() {
        [] => return None,
        [one] => format!("nearly all memory cgroups of {} are used", one.host),
        several => format!(
            "nearly all memory cgroups of {} nodes are used",
            several.len()
        ),
    };
    Some(Failure::new(FailureKind::Unfit, text))
}
