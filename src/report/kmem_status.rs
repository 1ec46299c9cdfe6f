//! The state of a machine's cgroups, for people and for programs.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use bytesize::ByteSize;

use super::json::json_document;
use super::summary::Summary;
use crate::host::kmem::{Accounting, MEMORY_CGROUP_IDS, Status, Verdict};

/// The status as one versioned JSON document.
pub fn kmem_status_json(status: &Status) -> String {
    json_document(&BTreeMap::from([("status", status)]))
}

/// The status as a table and lines, including problems and what is unknown.
pub fn kmem_status_text(status: &Status, terminal: bool) -> String {
    let mut text = String::new();
    if !status.kinds.is_empty() {
        text += &kinds(status, terminal);
        text.push('\n');
    }
    for cgroup in &status.shown {
        let owner = match cgroup.accounting {
            Accounting::On => format!(" ({})", cgroup.owner.title()),
            _ => String::new(),
        };
        let _ = writeln!(
            text,
            "{}{owner}: {}",
            in_one_line(&cgroup.cgroup),
            cgroup.reason.text()
        );
    }
    let judged = status.kinds.iter().filter(|counts| counts.kind.is_judged());
    let listed = judged
        .map(|counts| counts.on + counts.cannot_tell)
        .sum::<u64>();
    let shown = status.shown.len() as u64;
    if shown < listed {
        let _ = writeln!(text, "and {} more; use --all to show them", listed - shown);
    }
    for problem in &status.problems {
        let of = problem.cgroup.as_ref().map(|cgroup| format!("{cgroup}: "));
        let of = of.unwrap_or_default();
        // That there is no hierarchy is no problem where it does not matter.
        let what = match (status.verdict, &status.root) {
            (Verdict::DoesNotLeak, None) => "note",
            _ => "problem",
        };
        let _ = writeln!(text, "{what}: {}", in_one_line(&(of + &problem.text)));
    }
    let more = status.problem_count - status.problems.len() as u64;
    if more > 0 {
        let _ = writeln!(text, "and {more} more problems; use --all to show them");
    }
    if !status.shown.is_empty() || !status.problems.is_empty() {
        text.push('\n');
    }
    // What is accounted comes last: that was the question.
    for (name, value) in facts(status) {
        let _ = writeln!(text, "{name:<18} {value}");
    }
    text
}

/// A name that neither moves the cursor nor starts a line of its own: containers can choose names of cgroups.
pub(super) fn in_one_line(name: &str) -> String {
    name.replace(char::is_control, "\u{fffd}")
}

fn kinds(status: &Status, terminal: bool) -> String {
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
    .table(1, terminal)
}

fn facts(status: &Status) -> Vec<(&'static str, String)> {
    let system = &status.system;
    let unknown = || "unknown: the kernel does not list them".to_owned();
    let mut facts = Vec::new();
    if let Some(root) = &status.root {
        facts.push(("memory hierarchy", in_one_line(root)));
    }
    let nokmem = if system.nokmem {
        ", with cgroup.memory=nokmem"
    } else {
        ""
    };
    facts.push(("kernel", format!("{}{nokmem}", system.kernel)));
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
    facts.push(("memory cgroups", cgroups));
    facts.push((
        "slab caches",
        system.slabs.map_or_else(unknown, |slabs| slabs.to_string()),
    ));
    if let Some(bytes) = status.kernel_memory {
        facts.push((
            "kernel memory",
            format!("{} charged to pods and containers", ByteSize(bytes)),
        ));
    }
    // What the kernel does by itself is nobody's.
    if status.verdict == Verdict::On {
        facts.push(("turned on for", status.owners_text()));
        facts.push(("accounting", "ON".to_owned()));
    } else {
        facts.push(("accounting", status.answer()));
    }
    facts
}
