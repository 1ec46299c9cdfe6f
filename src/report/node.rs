//! The answer about a node, for people.

use std::time::Duration;

use jiff::Timestamp;

use super::Verbosity;
use super::doctor_table::doctor_table;
use super::kmem_status::in_one_line;
use super::layout::{lay_out, new_table};
use super::watch::about;
use crate::host::doctor::{ProgramAccounting, ProgramKind};
use crate::host::node::{Forecast, Judgement, KernelLeaks, NodeDocument, ProgramFacts, RoomFacts};

/// How many programs are shown without `-v`.
const SHOWN: usize = 4;

/// What was found, in a few lines; with `-v` every check as well.
pub fn node_text(
    document: &NodeDocument,
    judgement: &Judgement,
    forecast: Forecast,
    verbosity: Verbosity,
    terminal: bool,
) -> String {
    let mut text = String::new();
    let verbose = verbosity == Verbosity::Verbose;
    if verbose {
        text += &doctor_table(&judgement.lines, terminal);
        text.push('\n');
    }
    let mut table = new_table(terminal);
    table.add_row(["node", &in_one_line(&document.host)]);
    table.add_row(["kernel", &kernel(document)]);
    let shown = shown(&document.programs);
    let most = if verbose { shown.len() } else { SHOWN };
    for program in shown.iter().take(most) {
        let does_leak = document.kernel.leaks != KernelLeaks::No;
        table.add_row([kind(program.kind), &program_text(program, does_leak)]);
    }
    if let Some(more) = shown.len().checked_sub(most).filter(|more| *more > 0) {
        table.add_row(["", &format!("and {more} more; use -v to show them")]);
    }
    if shown.is_empty() {
        table.add_row(["programs", "neither runc nor kubelet was found"]);
    }
    table.add_row(["accounting", &document.accounting.text]);
    let room = room(&document.memory_cgroups, forecast, document.time);
    table.add_row(["room", &room]);
    text += &lay_out(table, 1);
    text.push_str("\n\n");
    text
}

/// The verdict in one line: `node17: leaks: /usr/bin/runc turns accounting on, and this kernel leaks by it`.
pub fn node_verdict(document: &NodeDocument) -> String {
    let why = document.why.first().map(String::as_str).unwrap_or_default();
    let host = in_one_line(&document.host);
    format!("{host}: {}: {why}", document.state.word())
}

fn kernel(document: &NodeDocument) -> String {
    let release = document.kernel.release.as_deref();
    let release = release.unwrap_or("of an unknown release");
    let leaks = match document.kernel.leaks {
        KernelLeaks::Yes => "leaks memory cgroups when accounting is on",
        KernelLeaks::Perhaps => "may leak memory cgroups when accounting is on",
        KernelLeaks::No => "does not leak",
    };
    format!("{}: {leaks}", in_one_line(release))
}

/// The programs in the order of their weight, without a docker that only starts a runc.
fn shown(programs: &[ProgramFacts]) -> Vec<&ProgramFacts> {
    let is_shown = |program: &&ProgramFacts| {
        program.kind != ProgramKind::Docker || program.accounting == ProgramAccounting::On
    };
    let mut shown: Vec<_> = programs.iter().filter(is_shown).collect();
    shown.sort_by_key(|program| match program.accounting {
        ProgramAccounting::On => 0,
        ProgramAccounting::Unknown => 1,
        ProgramAccounting::Off => 2,
    });
    shown
}

fn kind(kind: ProgramKind) -> &'static str {
    match kind {
        ProgramKind::Runc => "runc",
        ProgramKind::Kubelet => "kubelet",
        ProgramKind::Docker => "docker",
    }
}

fn program_text(program: &ProgramFacts, does_leak: bool) -> String {
    let accounting = match program.accounting {
        ProgramAccounting::On if does_leak => "turns accounting ON",
        ProgramAccounting::On => "turns accounting on",
        ProgramAccounting::Off => "accounting off",
        ProgramAccounting::Unknown => "could not be checked",
    };
    let version = program
        .version
        .as_deref()
        .map(|version| format!(" ({version})"));
    let version = version.unwrap_or_default();
    in_one_line(&format!("{accounting}: {}{version}", program.path))
}

/// How many memory cgroups are used, and until when that goes well.
fn room(room: &RoomFacts, forecast: Forecast, now: Timestamp) -> String {
    let limit = room.limit;
    let mut text = match room.used {
        Some(used) => {
            let percent = used.saturating_mul(100) / limit.max(1);
            format!("{used} of {limit} memory cgroups used ({percent} %)")
        }
        None => format!("the kernel does not tell how many of {limit} memory cgroups are used"),
    };
    if room.used.is_some() && !room.leaked_counted {
        text += ", plus leaked ones, which this kernel does not count";
    }
    let more = match forecast {
        Forecast::NotMeasured | Forecast::NotCounted => return text,
        Forecast::BeforeBoot => "measured before the last start of this machine only".to_owned(),
        Forecast::TooShort => "measured for too short a time for a forecast".to_owned(),
        Forecast::Steady => "no growth was measured".to_owned(),
        Forecast::Full(at) => full(at, now),
    };
    format!("{text}; {more}")
}

/// `full in 3 hours`.
pub(super) fn full(at: Timestamp, now: Timestamp) -> String {
    let left = at.duration_since(now);
    match Duration::try_from(left) {
        Ok(left) if !left.is_zero() => format!("full in {}", about(left)),
        _ => "full by now".to_owned(),
    }
}
