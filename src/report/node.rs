//! The answer about a node, for people.

use std::time::Duration;

use jiff::Timestamp;

use super::Verbosity;
use super::doctor_table::doctor_table;
use super::kmem_status::in_one_line;
use super::layout::Table;
use super::text::{Text, Tone};
use super::watch::about;
use crate::host::doctor::{ProgramAccounting, ProgramKind};
use crate::host::node::{
    Forecast, Judgement, KernelLeaks, NodeDocument, NodeState, ProgramFacts, RoomFacts,
};

/// How many programs are shown without `-v`.
const SHOWN: usize = 4;

/// What was found, in a few lines; with `-v` every check as well.
pub fn node_text(
    document: &NodeDocument,
    judgement: &Judgement,
    forecast: Forecast,
    verbosity: Verbosity,
    width: u16,
) -> Text {
    let mut text = Text::new();
    let verbose = verbosity == Verbosity::Verbose;
    if verbose {
        text += doctor_table(&judgement.lines, width) + "\n";
    }
    let mut table = Table::new();
    let mut row = |name: &str, found: Text| table.row([Text::from(name), found]);
    row("node", in_one_line(&document.host).into());
    row("kernel", kernel(document));
    let shown = shown(&document.programs);
    let most = if verbose { shown.len() } else { SHOWN };
    for program in shown.iter().take(most) {
        let does_leak = document.kernel.leaks != KernelLeaks::No;
        row(kind(program.kind), program_text(program, does_leak));
    }
    if let Some(more) = shown.len().checked_sub(most).filter(|more| *more > 0) {
        row("", format!("and {more} more; use -v to show them").into());
    }
    if shown.is_empty() {
        row("programs", "neither runc nor kubelet was found".into());
    }
    row("accounting", Text::from(&document.accounting.text));
    let room = room(&document.memory_cgroups, forecast, document.time);
    row("room", room.into());
    text + table.text(1, width) + "\n"
}

/// The verdict in one line: `node17: leaks: /usr/bin/runc turns accounting on, and this kernel leaks by it`.
pub fn node_verdict(document: &NodeDocument) -> Text {
    let why = document.why.first().map(String::as_str).unwrap_or_default();
    let host = in_one_line(&document.host);
    let tone = match document.state {
        NodeState::Leaks => Tone::Bad,
        NodeState::RebootNeeded | NodeState::Unknown => Tone::Caution,
        NodeState::Cured | NodeState::NotAffected => Tone::Good,
    };
    let state = Text::toned(tone, document.state.word());
    Text::from(format!("{host}: ")) + state + format!(": {why}")
}

fn kernel(document: &NodeDocument) -> Text {
    let release = document.kernel.release.as_deref();
    let release = release.unwrap_or("of an unknown release");
    let leaks = match document.kernel.leaks {
        KernelLeaks::Yes => (Tone::Bad, "leaks memory cgroups when accounting is on"),
        KernelLeaks::Perhaps => (
            Tone::Caution,
            "may leak memory cgroups when accounting is on",
        ),
        KernelLeaks::No => (Tone::Good, "does not leak"),
    };
    let (tone, leaks) = leaks;
    Text::from(format!("{}: ", in_one_line(release))) + Text::toned(tone, leaks)
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

fn program_text(program: &ProgramFacts, does_leak: bool) -> Text {
    let (tone, accounting) = match program.accounting {
        ProgramAccounting::On if does_leak => (Tone::Bad, "turns accounting ON"),
        ProgramAccounting::On => (Tone::Plain, "turns accounting on"),
        ProgramAccounting::Off => (Tone::Good, "accounting off"),
        ProgramAccounting::Unknown => (Tone::Caution, "could not be checked"),
    };
    let version = program
        .version
        .as_deref()
        .map(|version| format!(" ({version})"));
    let version = version.unwrap_or_default();
    let place = in_one_line(&format!(": {}{version}", program.path));
    Text::toned(tone, accounting) + place
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
