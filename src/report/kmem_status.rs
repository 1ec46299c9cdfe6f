//! The state of a machine's cgroups, for people and for programs.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use bytesize::ByteSize;

use super::json::json_document;
use super::layout::Table;
use super::summary::Summary;
use super::text::{Text, Tone};
use crate::host::kmem::{Accounting, MEMORY_CGROUP_IDS, Status, Verdict};

/// Columns of the names of facts.
const NAME: usize = 17;

/// The status as one versioned JSON document.
pub fn kmem_status_json(status: &Status) -> String {
    json_document(&BTreeMap::from([("status", status)]))
}

/// The status as a table and lines, including problems and what is unknown.
pub fn kmem_status_text(status: &Status, width: u16) -> Text {
    let mut text = Text::new();
    if !status.kinds.is_empty() {
        text += kinds(status, width) + "\n";
    }
    for cgroup in &status.shown {
        let owner = match cgroup.accounting {
            Accounting::On => format!(" ({})", cgroup.owner.title()),
            _ => String::new(),
        };
        let cgroup_name = in_one_line(&cgroup.cgroup);
        let line = format!("{cgroup_name}{owner}: {}\n", cgroup.reason.text());
        text += Text::message(line);
    }
    let judged = status.kinds.iter().filter(|counts| counts.kind.is_judged());
    let listed = judged
        .map(|counts| counts.on + counts.cannot_tell)
        .sum::<u64>();
    let shown = status.shown.len() as u64;
    if shown < listed {
        text += format!("and {} more; use --all to show them\n", listed - shown);
    }
    for problem in &status.problems {
        let of = problem.cgroup.as_ref().map(|cgroup| format!("{cgroup}: "));
        let of = of.unwrap_or_default();
        // That there is no hierarchy is no problem where it does not matter.
        let what = match (status.verdict, &status.root) {
            (Verdict::DoesNotLeak, None) => (Tone::Note, "note:"),
            _ => (Tone::Warning, "problem:"),
        };
        let problem = in_one_line(&(of + &problem.text));
        text += Text::labelled(what.0, what.1, problem) + "\n";
    }
    let more = status.problem_count - status.problems.len() as u64;
    if more > 0 {
        text += format!("and {more} more problems; use --all to show them\n");
    }
    if !status.shown.is_empty() || !status.problems.is_empty() {
        text += "\n";
    }
    // What is accounted comes last: that was the question.
    let mut table = Table::new();
    for (name, value) in facts(status) {
        table.row([Text::from(format!("{name:<NAME$}")), value]);
    }
    text + table.text(1, width)
}

/// A name that neither moves the cursor nor starts a line of its own: containers can choose names of cgroups.
pub(super) fn in_one_line(name: &str) -> String {
    name.replace(char::is_control, "\u{fffd}")
}

fn kinds(status: &Status, width: u16) -> Text {
    let rows = status.kinds.iter().map(|counts| {
        let judged = |count: u64| match (counts.kind.is_judged(), count) {
            (false, _) => String::new(),
            (true, count) => count.to_string(),
        };
        vec![
            counts.kind.title().to_owned(),
            counts.cgroups.to_string(),
            judged(counts.on),
            judged(counts.off),
            judged(counts.cannot_tell),
            judged(counts.no_controller),
            counts.without_processes.to_string(),
        ]
    });
    Summary {
        head: vec![
            "cgroups",
            "all",
            "on",
            "off",
            "unknown",
            "no controller",
            "no processes",
        ],
        rows: rows.collect(),
    }
    .table(1, width)
}

fn facts(status: &Status) -> Vec<(&'static str, Text)> {
    let system = &status.system;
    let unknown = || "unknown: the kernel does not list them".to_owned();
    let mut facts = Vec::new();
    if let Some(root) = &status.root {
        facts.push(("memory hierarchy", in_one_line(root).into()));
    }
    let nokmem = if system.nokmem {
        ", with cgroup.memory=nokmem"
    } else {
        ""
    };
    let kernel = format!("{}{nokmem}", system.kernel);
    facts.push(("kernel", kernel.into()));
    let mut cgroups = match system.memory_cgroups {
        Some(in_use) if system.counts_removed() => {
            format!("{in_use} of {MEMORY_CGROUP_IDS} in use")
        }
        Some(there) => format!(
            "{there}, plus leaked ones, which this kernel does not count; at most {MEMORY_CGROUP_IDS} in total"
        ),
        None => unknown(),
    };
    if status.root.is_some() {
        let _ = write!(
            cgroups,
            "; {} found here, of which {} without processes",
            status.cgroups, status.without_processes
        );
    }
    if let Some(removed) = status.removed {
        let _ = write!(cgroups, "; {removed} removed, but still kept by the kernel");
    }
    facts.push(("memory cgroups", cgroups.into()));
    let slabs = system.slabs.map_or_else(unknown, |slabs| slabs.to_string());
    facts.push(("slab caches", slabs.into()));
    if let Some(bytes) = status.kernel_memory {
        let charged = format!("{} charged to pods and containers", ByteSize(bytes));
        facts.push(("kernel memory", charged.into()));
    }
    // What the kernel does by itself is nobody's.
    if status.verdict == Verdict::On {
        facts.push(("turned on for", status.owners_text().into()));
        facts.push(("accounting", Text::toned(Tone::Bad, "ON")));
    } else {
        let tone = match status.verdict {
            Verdict::CannotTell => Tone::Caution,
            _ => Tone::Good,
        };
        facts.push(("accounting", Text::toned(tone, status.answer())));
    }
    facts
}
