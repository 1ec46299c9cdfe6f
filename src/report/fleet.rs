//! Many nodes in one table.

use jiff::Timestamp;

use super::kmem_status::in_one_line;
use super::node::full;
use super::summary::Summary;
use super::text::{Text, Tone};
use crate::fleet::{Fleet, Member, MemberProgram, MemberState};
use crate::host::doctor::ProgramAccounting;
use crate::number_of::number_of;

/// How many documents that could not be read, and that were left out, are named.
const NAMED: usize = 10;

/// The nodes, a line each, the worst first; then what could not be read. `all` names all of that.
pub fn fleet_text(fleet: &Fleet, now: Timestamp, all: bool, width: u16) -> Text {
    let mut text = Text::new();
    if !fleet.nodes.is_empty() {
        let rows = fleet.nodes.iter().map(|node| row(node, now));
        let table = Summary {
            head: vec![
                "node",
                "verdict",
                "kernel",
                "runc",
                "kubelet",
                "memory cgroups",
            ],
            rows: rows.collect(),
        };
        text += table.table_or_lines(5, width) + "\n";
    }
    let most = if all { usize::MAX } else { NAMED };
    for unreadable in fleet.unreadable.iter().take(most) {
        let line = format!("{}: {}", unreadable.place, unreadable.reason);
        text += Text::labelled(Tone::Warning, "not read:", in_one_line(&line)) + "\n";
    }
    text += more(fleet.unreadable.len(), most);
    for duplicate in fleet.duplicates.iter().take(most) {
        let line = format!(
            "{}: {} is newer than {}, which does not count",
            duplicate.host, duplicate.taken, duplicate.left
        );
        text += Text::labelled(Tone::Note, "twice:", in_one_line(&line)) + "\n";
    }
    text + more(fleet.duplicates.len(), most)
}

/// `100 nodes: 12 leak, 5 need a reboot, 80 cured, 3 not affected; the first is full in 3 hours: node17`.
pub fn fleet_verdict(fleet: &Fleet, now: Timestamp) -> Text {
    let counts = MemberState::ALL.map(|state| (state, fleet.count(state)));
    let counts = counts.iter().filter(|(_, count)| *count > 0);
    let mut text = Text::from(match fleet.nodes.len() {
        0 => "no nodes".to_owned(),
        number => number_of(number, "node"),
    });
    for (number, &(state, count)) in counts.enumerate() {
        text += if number == 0 { ": " } else { ", " };
        text += Text::toned(tone(state), format!("{count} {}", counted(state, count)));
    }
    match fleet.unreadable.len() {
        0 => {}
        number => text += format!("; {} could not be read", number_of(number, "document")),
    }
    if let Some(first) = &fleet.first_full {
        text += format!("; the first is {}: {}", full(first.at, now), first.host);
    }
    text
}

fn tone(state: MemberState) -> Tone {
    match state {
        MemberState::Leaks => Tone::Bad,
        MemberState::RebootNeeded | MemberState::Unreachable | MemberState::Unknown => {
            Tone::Caution
        }
        MemberState::Cured | MemberState::NotAffected => Tone::Good,
    }
}

/// The words behind a number.
fn counted(state: MemberState, count: u64) -> &'static str {
    match (state, count) {
        (MemberState::Leaks, 1) => "leaks",
        (MemberState::Leaks, _) => "leak",
        (MemberState::RebootNeeded, 1) => "needs a reboot",
        (MemberState::RebootNeeded, _) => "need a reboot",
        (state, _) => state.word(),
    }
}

fn more(number: usize, shown: usize) -> String {
    match number.checked_sub(shown) {
        None | Some(0) => String::new(),
        Some(more) => format!("and {more} more; use -v to show them\n"),
    }
}

/// Cells that can be understood without the header.
fn row(node: &Member, now: Timestamp) -> Vec<Text> {
    let program = |name: &str, program: &Option<MemberProgram>| {
        let program = program.as_ref();
        program.map_or_else(
            || format!("no {name}"),
            |program| program_text(name, program),
        )
    };
    let verdict = Text::toned(tone(node.state), node.state.word());
    let cells = if node.time.is_none() {
        let empty = String::new;
        [empty(), empty(), empty(), node.why.clone()]
    } else {
        let kernel = node.kernel.as_deref().unwrap_or("unknown kernel");
        let mut room = match node.used {
            Some(used) => format!("{used} used"),
            None => "number unknown".to_owned(),
        };
        if let Some(at) = node.full_at {
            room += &format!(", {}", full(at, now));
        }
        let (runc, kubelet) = (
            program("runc", &node.runc),
            program("kubelet", &node.kubelet),
        );
        [kernel.to_owned(), runc, kubelet, room]
    };
    let host = in_one_line(&node.host).into();
    let cells = cells.iter().map(|cell| in_one_line(cell).into());
    [host, verdict].into_iter().chain(cells).collect()
}

fn program_text(name: &str, program: &MemberProgram) -> String {
    let accounting = match program.accounting {
        ProgramAccounting::On => "ON",
        ProgramAccounting::Off => "off",
        ProgramAccounting::Unknown => "unknown",
    };
    match &program.version {
        Some(version) => format!("{name} {version} {accounting}"),
        None => format!("{name} {accounting}"),
    }
}
