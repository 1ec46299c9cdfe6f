//! Compares what the engine has with what the build needs. Only warns; nothing is refused.

use bytesize::ByteSize;

use super::ask::ask;
use super::context::Context;
use crate::engine::Session;
use crate::events::Warning;
use crate::plan::PlannedBuild;

/// What the engine's host has, as far as a session can see it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Has {
    /// Memory of the host, in bytes.
    memory: Option<u64>,
    /// Free space on the disk of the engine's containers, in bytes.
    disk: Option<u64>,
}

/// One command for both: to begin one takes longer than what it does.
const QUESTION: &str = "grep ^MemTotal: /proc/meminfo; df -Pk /";

/// Warns of too little memory or disk space before anything is compiled.
pub(super) async fn check_needs(
    build: &PlannedBuild,
    context: &Context<'_>,
    session: &dyn Session,
) {
    if build.needs.memory.is_none() && build.needs.disk.is_none() {
        return;
    }
    let has = match session.room() {
        Some(room) => Has {
            memory: Some(room.memory),
            disk: Some(room.disk),
        },
        None => asked(session).await,
    };
    for warning in warnings(build, &has) {
        context.sink.event(&warning.into());
    }
}

/// Asked in the session: the answer of an engine that is somewhere else takes longer and does not cover the disk. Without an
/// answer there is nothing to warn of.
async fn asked(session: &dyn Session) -> Has {
    let question = ["sh", "-c", QUESTION];
    let answer = ask(session, &question).await;
    answer.map_or_else(|_| Has::default(), |(_, lines)| read(&lines))
}

/// Reads what [`QUESTION`] prints.
fn read(lines: &[String]) -> Has {
    let kibibytes = |text: &str| text.parse::<u64>().ok().map(|count| count * 1024);
    Has {
        memory: lines
            .iter()
            .find_map(|line| line.strip_prefix("MemTotal:"))
            .and_then(|rest| kibibytes(rest.split_whitespace().next()?)),
        disk: lines
            .last()
            .and_then(|line| kibibytes(line.split_whitespace().nth(3)?)),
    }
}

fn warnings(build: &PlannedBuild, has: &Has) -> Vec<Warning> {
    let mut warnings = Vec::new();
    // The plan has already compared a limit of the container with the need.
    if let (Some(need), Some(memory)) = (build.needs.memory, has.memory)
        // A machine sold with exactly this much memory has a little less available.
        && memory < need - need / 16
    {
        let (memory, need) = (ByteSize(memory), ByteSize(need));
        warnings.push(Warning::Memory(
            memory.to_string(),
            need.to_string(),
            build.needs.could_save_memory,
        ));
    }
    if let (Some(need), Some(disk)) = (build.needs.disk, has.disk)
        && disk < need
    {
        let (disk, need) = (ByteSize(disk), ByteSize(need));
        warnings.push(Warning::Disk(disk.to_string(), need.to_string()));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::{Has, read};

    #[test]
    fn memory_and_disk_are_read() {
        let text = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let has = read(&text(
            "MemTotal:       2048 kB\nFilesystem 1024-blocks Used Available Capacity Mounted on\noverlay 100 60 40 60% /",
        ));
        let expected = Has {
            memory: Some(2 << 20),
            disk: Some(40 << 10),
        };
        assert_eq!(has, expected);
        assert_eq!(read(&text("df: /: no")), Has::default());
        let memory = read(&text("MemTotal: 4 kB"));
        assert_eq!(memory.memory, Some(4 << 10));
    }
}
