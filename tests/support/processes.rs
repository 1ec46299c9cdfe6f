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
