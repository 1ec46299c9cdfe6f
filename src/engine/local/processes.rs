//! The processes of this system, as `/proc` lists them.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// What one line of `/proc/PID/stat` says.
struct Process {
    id: i32,
    parent: i32,
    /// Time of processors, with that of its children that have ended, in ticks.
    ticks: u64,
    /// Memory that it has, in pages.
    pages: u64,
}

/// What processes have used.
#[derive(Debug, Default)]
pub(super) struct Use {
    pub cpu: Duration,
    /// In bytes.
    pub memory: u64,
}

/// Kills every process that descends from `ancestor`, which itself lives on. One that was started meanwhile may be missed:
/// repeat it until the ancestor has no children.
pub(super) fn kill_descendants(ancestor: i32) {
    let processes = list();
    for id in descendants(&processes, ancestor) {
        if let Some(pid) = Pid::from_raw(id) {
            // Already gone is as good.
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

/// What `ancestor` and everything that descends from it has used; `None` where nothing of it is left.
pub(super) fn use_of(ancestor: i32) -> Option<Use> {
    let processes = list();
    let mut ids = descendants(&processes, ancestor);
    ids.insert(ancestor);
    let own = processes.iter().filter(|process| ids.contains(&process.id));
    let (mut ticks, mut pages, mut any) = (0_u64, 0_u64, false);
    for process in own {
        ticks = ticks.saturating_add(process.ticks);
        pages = pages.saturating_add(process.pages);
        any = true;
    }
    let second = rustix::param::clock_ticks_per_second().max(1);
    let page = u64::try_from(rustix::param::page_size()).unwrap_or(4096);
    any.then(|| Use {
        cpu: Duration::from_millis(ticks.saturating_mul(1000) / second),
        memory: pages.saturating_mul(page),
    })
}

fn list() -> Vec<Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let numbers = names.filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()));
    // One that has ended meanwhile is none.
    let texts = numbers.filter_map(|id| fs::read(format!("/proc/{id}/stat")).ok());
    texts
        .filter_map(|text| parse(&String::from_utf8_lossy(&text)))
        .collect()
}

/// The name of the program is in parentheses and may hold anything, further parentheses included.
fn parse(text: &str) -> Option<Process> {
    let id = text.split(' ').next()?.parse().ok()?;
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    // The first of them is the third of the file: the state.
    let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    Some(Process {
        id,
        parent: fields.get(1)?.parse().ok()?,
        ticks: (14..=17).filter_map(number).sum(),
        pages: number(24).unwrap_or_default(),
    })
}

fn descendants(processes: &[Process], ancestor: i32) -> BTreeSet<i32> {
    let mut found = BTreeSet::new();
    let mut parents = vec![ancestor];
    while let Some(parent) = parents.pop() {
        for process in processes {
            if process.parent == parent && found.insert(process.id) {
                parents.push(process.id);
            }
        }
    }
    // Nothing descends from itself, whatever a table says that changed while it was read.
    found.remove(&ancestor);
    found
}

#[cfg(test)]
mod tests {
    use super::{Process, descendants, parse};

    #[test]
    fn a_name_with_parentheses_and_blanks_is_no_field() {
        let line = "42 (a) b (c) S 7 42 42 0 -1 4194304 1 0 0 0 3 4 5 6 20 0 1 0 99 1000 17 0";
        let process = parse(line).expect("a process");
        assert_eq!((process.id, process.parent), (42, 7));
        assert_eq!((process.ticks, process.pages), (18, 17));
        assert!(parse("42 (never ends").is_none());
        assert!(parse("").is_none());
    }

    #[test]
    fn everything_below_a_process_descends_from_it() {
        let process = |id, parent| Process {
            id,
            parent,
            ticks: 0,
            pages: 0,
        };
        let all = [
            process(1, 0),
            process(5, 1),
            process(6, 5),
            process(7, 6),
            process(8, 1),
        ];
        assert_eq!(descendants(&all, 5), [6, 7].into());
        assert_eq!(descendants(&all, 8), [].into());
        // A table that was read while it changed.
        assert_eq!(descendants(&[process(5, 6), process(6, 5)], 5), [6].into());
    }
}
