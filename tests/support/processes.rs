//! Processes of this machine, by their command lines.

use std::fs;

/// Whether a process lives whose command line holds `mark`.
pub fn lives(mark: &str) -> bool {
    !living(mark).is_empty()
}

/// The processes whose command lines hold `mark`: number and command line of each.
pub fn living(mark: &str) -> Vec<String> {
    let processes = fs::read_dir("/proc").expect("/proc").flatten();
    let lines = processes.filter_map(|process| {
        let line = fs::read(process.path().join("cmdline")).ok()?;
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        let number = process.file_name();
        line.contains(mark)
            .then(|| format!("{} {line}", number.to_string_lossy()))
    });
    lines.collect()
}

/// A child of a process, if it has one; the only one in what it is used for.
pub fn child_of(parent: u32) -> Option<u32> {
    let processes = fs::read_dir("/proc").expect("/proc").flatten();
    let numbers = processes.filter_map(|process| process.file_name().to_str()?.parse().ok());
    let is_child = |number: &u32| {
        let stat = fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
        // The name, in parentheses, may have anything in it.
        let after = stat.rsplit_once(") ").map(|(_, after)| after);
        let parents = after.and_then(|after| after.split(' ').nth(1)?.parse().ok());
        parents == Some(parent)
    };
    numbers.into_iter().find(is_child)
}
